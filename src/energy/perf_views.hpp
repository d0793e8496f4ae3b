#pragma once

#include <filesystem>

#include "rapl_view.hpp"
#include "wattune/energy/cpu_model.hpp"
#include "wattune/energy/perf_power.hpp"

namespace wattune::energy {

/// Finds the energy counters of the kernel's PMU `power` and opens each on every CPU that the
/// kernel names for it.
///
/// That the PMU is there proves nothing: it must show events, and they must open.
///
/// Takes    program  file that would need the capability; for the remedy
/// Source   docs/metering.md, "RAPL"
[[nodiscard]] RaplViews find_perf_views(const std::filesystem::path& sysfs_root,
                                        const PerfCalls& calls, const CpuIdentity& cpu,
                                        const std::filesystem::path& program);

/// The processor sockets that are on line; empty where the kernel does not say.
[[nodiscard]] std::vector<int> online_sockets(const std::filesystem::path& sysfs_root);

}  // namespace wattune::energy
