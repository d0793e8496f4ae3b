#pragma once

#include <filesystem>

#include "wattune/energy/backend.hpp"

namespace wattune::energy {

/// What the sensor chips of a machine measure, by what they cover.
struct HwmonMeters {
  std::vector<std::unique_ptr<Meter>> processors;  ///< With their memory; may be added up.
  std::vector<std::unique_ptr<Meter>> gpus;        ///< Boards; may be added up.
  std::unique_ptr<Meter> node;                     ///< The whole machine.
  std::vector<std::unique_ptr<Meter>> shown;       ///< Parts and sums of the others.
  std::vector<BackendNote> notes;
};

/// Opens the energy counters and power sensors of the chips under `<sysfs>/class/hwmon` whose
/// coverage is known: Grace, amdgpu, i915, xe, amd_energy, Altra, Jetson's rails, and the power
/// meter of ACPI. Every other chip that measures power is refused with a reason.
///
/// Source   docs/metering.md, "Sensor chips"
[[nodiscard]] HwmonMeters open_hwmon(MonotonicTime now, const std::filesystem::path& sysfs_root);

}  // namespace wattune::energy
