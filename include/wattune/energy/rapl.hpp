#pragma once

#include <filesystem>
#include <functional>

#include "wattune/base/clock.hpp"
#include "wattune/energy/backend.hpp"

namespace wattune::energy {

struct RaplOptions {
  std::filesystem::path root = "/sys/class/powercap";
  std::filesystem::path proc_root = "/proc";  ///< Tells the vendor and a virtual machine.
  std::function<void(Seconds)> wait;          ///< Between the samples of the test; empty: sleeps.
  Seconds sample_gap{0.05};
};

/// Opens the running averages of package and memory energy that the kernel shows as powercap zones.
///
/// Every zone is sampled four times: one that does not move is a phantom, and two dies of one
/// socket that show the same value are one counter. Zones that contain others (psys) or are
/// contained (core, uncore) and second views of the same energy (MMIO) are kept out, so that the
/// channels can be added up.
///
/// Cost     three waits of `sample_gap` where there is a readable zone
/// Source   docs/metering.md, "RAPL"
[[nodiscard]] OpenedMeters open_rapl(const Clock& clock, const RaplOptions& options = {});

}  // namespace wattune::energy
