#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "benchmark.hpp"
#include "wattune/base/units.hpp"

namespace wattune::bench {

struct MeterBenchOptions {
  bool is_quick = false;
  std::filesystem::path program;                    ///< This program, which runs itself.
  std::filesystem::path wattune;                    ///< The `wattune` beside it.
  std::optional<std::filesystem::path> data;        ///< Recorded power, as ground truth.
  std::optional<std::filesystem::path> codecarbon;  ///< A Python that has it already.
};

/// CPU time of one tick on a machine of 2 sockets with memory and 8 GPUs.
[[nodiscard]] std::vector<Figure> tick_cost(const MeterBenchOptions& options);
/// Share of one core that metering the same machine takes at 1 Hz.
[[nodiscard]] std::vector<Figure> core_share(const MeterBenchOptions& options);
/// Coverage and width of the stated intervals, conservation, and what naive meters make of it.
[[nodiscard]] std::vector<Figure> simulated_truth(const MeterBenchOptions& options);
/// Error of splitting by CPU time alone over ours.
[[nodiscard]] std::vector<Figure> cpu_share_error(const MeterBenchOptions& options);
[[nodiscard]] std::vector<Figure> codecarbon_ratio(const MeterBenchOptions& options);
[[nodiscard]] std::vector<Figure> measure_overhead(const MeterBenchOptions& options);

/// What the program runs as a process of its own: meters this machine at 1 Hz for so long.
void meter_this_machine(Seconds duration);

[[nodiscard]] double quantile(std::vector<double> values, double share);

}  // namespace wattune::bench
