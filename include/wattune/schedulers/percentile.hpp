#pragma once

#include <cstddef>
#include <memory>
#include <optional>

#include "wattune/schedulers/stop_rule.hpp"

namespace wattune::schedulers {

struct PercentileOptions {
  double percentile = 50.0;  ///< Of the trials, best first, so many go on; 50 is the median rule.
  std::size_t num_startup = 5;  ///< Trials to compare with, before anything is stopped.
  double warmup = 0.0;          ///< Nothing is stopped before this resource.
  /// Trials are compared once in every so much of the resource; nothing for its min, where that is
  /// below max, else a twentieth of max.
  std::optional<double> interval = {};
};

/// Stops a trial whose best value so far is worse than what most trials had at the same resource.
///
/// The others are all that have reported there, whatever has become of them. With several
/// objectives a trial is stopped where it is behind in each of them; of energy, duration, carbon
/// and cost its present value is compared. Feasible trials are ahead of infeasible ones, and these
/// in the order of their violation. Totals of phases, which have no value at a report, do not
/// count.
///
/// Errors   ConfigError  percentile not in [0, 100], interval not above 0, warmup below 0
/// Cost     O(log n + a memory move) per report that is compared
/// Source   Golovin et al., KDD 2017 (Vizier), section 3.2.1, doi:10.1145/3097983.3098043; the best
///          value so far, warm-up, start-up trials and interval as in Optuna's percentile pruner
/// Differs  compares with values at the resource, not their running means, and with trials that did
///          not get to the end, too; the percentile is a rank: with p percent, a trial is stopped
///          where more than p percent of the others are strictly better
[[nodiscard]] std::unique_ptr<StopRule> make_percentile_rule(const trial::Problem& problem,
                                                             const PercentileOptions& options = {});

}  // namespace wattune::schedulers
