#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <vector>

#include "wattune/base/result.hpp"
#include "wattune/base/units.hpp"

namespace wattune::energy {

/// CPU time of the whole machine since it started, added up over its hardware threads.
struct MachineCpuTime {
  Seconds busy;              ///< User, nice, system, irq and softirq; guests are inside user.
  Seconds stolen;            ///< What the host did not give us: somebody else's energy.
  std::size_t num_cpus = 0;  ///< Hardware threads that are online.
  /// Busy time by number of the hardware thread, where it was asked for; nothing for one that is
  /// switched off.
  std::vector<std::optional<Seconds>> busy_of_cpu;
};

/// Reads `stat` under the given root of procfs.
///
/// Errors   Transient  the file cannot be read at this moment
///          Invalid    it does not hold CPU times
/// Source   proc(5), /proc/stat
[[nodiscard]] Result<MachineCpuTime> read_machine_cpu(
    const std::filesystem::path& proc_root = "/proc", bool with_each_cpu = false);

}  // namespace wattune::energy
