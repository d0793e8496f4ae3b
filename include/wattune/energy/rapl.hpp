#pragma once

#include <filesystem>
#include <functional>

#include "wattune/base/clock.hpp"
#include "wattune/energy/backend.hpp"
#include "wattune/energy/perf_power.hpp"

namespace wattune::energy {

struct RaplOptions {
  std::filesystem::path powercap_root = "/sys/class/powercap";
  std::filesystem::path sysfs_root = "/sys";
  std::filesystem::path proc_root = "/proc";  ///< Tells the vendor and a virtual machine.
  PerfCalls perf = kernel_perf_calls();
  /// Between the samples of the test; empty: keeps a CPU busy, so that a live counter must move.
  std::function<void(Seconds)> wait = {};
};

/// Opens the energies that the processor itself counts, through perf where that is allowed and
/// through powercap otherwise.
///
/// Every counter is sampled while a CPU works: one that does not move is a phantom. Where perf and
/// powercap show one energy they must agree within 5 %, or neither is used. Two dies of one socket
/// that show the same value are one counter. Packages and their memory are in `meters`; what
/// contains them (psys), what they contain (core, uncore) and second views of the same energy are
/// in `observed`.
///
/// Cost     7 ms of a CPU where there is a counter, 63 ms where one does not move
/// Source   docs/metering.md, "RAPL"
[[nodiscard]] OpenedMeters open_rapl(const Clock& clock, const RaplOptions& options = {});

}  // namespace wattune::energy
