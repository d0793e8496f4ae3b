#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

#include "wattune/base/units.hpp"

namespace wattune::bench {

/// What the engine adds around a trial that exits at once after one report.
struct TrialOverhead {
  double bare_ms = 0.0;      ///< Median of spawning and waiting for the same program alone.
  double trial_ms = 0.0;     ///< Median of starting it as a trial until its end is told.
  double overhead_ms = 0.0;  ///< Their difference.
};

/// Runs `program` (which sends one report of `val_accuracy` at step 1 and exits) alone and as a
/// trial, by turns, with the modelled CPU channel metering.
///
/// Takes    program    its path and arguments, as in a command
///          files_dir  for the trials' folders
[[nodiscard]] TrialOverhead measure_trial_overhead(const std::string& program,
                                                   const std::filesystem::path& files_dir,
                                                   std::size_t num_rounds);

/// CPU time of this process, in percent of one core, while one quiet trial runs for `duration`
/// and the modelled CPU channel is read every second.
[[nodiscard]] double measure_idle_cpu_percent(const std::filesystem::path& files_dir,
                                              Seconds duration);

}  // namespace wattune::bench
