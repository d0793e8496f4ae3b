#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "wattune/base/clock.hpp"
#include "wattune/energy/backend.hpp"
#include "wattune/energy/nvml.hpp"

namespace wattune::energy {

struct MeterOptions {
  std::filesystem::path powercap_root = "/sys/class/powercap";
  std::filesystem::path proc_root = "/proc";
  std::string nvml_library = "libnvidia-ml.so.1";
  std::function<void(Seconds)> wait;  ///< Between the samples of the test; empty: sleeps.
  std::string amd_smi_library = {};   ///< A path; empty: the versions that are known.
};

/// The best meters that this machine offers, and the GPUs that were found on the way.
struct MachineMeters {
  std::vector<std::unique_ptr<Meter>> meters;  ///< An antichain: they may be added up.
  /// Channels to be shown, never to be added: each is part of another (`contained_in`), contains
  /// others, or is a second view of the same energy.
  std::vector<std::unique_ptr<Meter>> observed;
  std::vector<BackendNote> notes;  ///< Every source that was looked at: used or why not.
  std::vector<GpuInfo> gpus;
};

/// Opens RAPL where its packages can be read, otherwise the CPU model; and a meter per NVIDIA GPU.
///
/// Never both RAPL and the model: the model's figures are those of the whole server.
/// Takes    clock  outlives the meters
[[nodiscard]] MachineMeters open_meters(const Clock& clock, const MeterOptions& options = {});

}  // namespace wattune::energy
