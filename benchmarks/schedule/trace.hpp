#pragma once

#include <optional>
#include <span>
#include <vector>

namespace wattune::bench {

/// The best accuracy so far after a cost, in median full trainings.
struct TracePoint {
  double cost = 0.0;
  double best = 0.0;
};

/// One run: every improvement, costs and accuracies growing.
using Trace = std::vector<TracePoint>;

/// Appends where the value is an improvement.
void improve(Trace& trace, double cost, double value);

/// When the run first had at least `target`; `cap` where it had not by then.
[[nodiscard]] double cost_to(const Trace& trace, double target, double cap);
/// What the run had after a cost; nothing where it had not reported yet.
[[nodiscard]] std::optional<double> best_at(const Trace& trace, double cost);

/// Median over runs of `cost_to`.
[[nodiscard]] double median_cost_to(std::span<const Trace> runs, double target, double cap);
/// Median over runs of `best_at`; nothing until more than half of them have reported.
[[nodiscard]] std::optional<double> median_best_at(std::span<const Trace> runs, double cost);
/// When the median over the runs of what they have is first at least `target`; `cap` where it is
/// not by then.
[[nodiscard]] double cost_of_median(std::span<const Trace> runs, double target, double cap);

/// Requires one value, all above 0.
[[nodiscard]] double geometric_mean(std::span<const double> values);

}  // namespace wattune::bench
