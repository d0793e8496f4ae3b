#include "schedule/trace.hpp"

#include <algorithm>
#include <cmath>

#include "wattune/base/require.hpp"
#include "wattune/math/statistics.hpp"

namespace wattune::bench {

void improve(Trace& trace, double cost, double value) {
  if (trace.empty() || value > trace.back().best) trace.push_back({cost, value});
}

double cost_to(const Trace& trace, double target, double cap) {
  const auto found =
      std::ranges::find_if(trace, [&](const TracePoint& point) { return point.best >= target; });
  return found == trace.end() ? cap : std::min(found->cost, cap);
}

std::optional<double> best_at(const Trace& trace, double cost) {
  const auto after = std::ranges::upper_bound(trace, cost, {}, &TracePoint::cost);
  if (after == trace.begin()) return std::nullopt;
  return std::prev(after)->best;
}

double median_cost_to(std::span<const Trace> runs, double target, double cap) {
  std::vector<double> costs;
  for (const Trace& run : runs) costs.push_back(cost_to(run, target, cap));
  return math::median(costs);
}

std::optional<double> median_best_at(std::span<const Trace> runs, double cost) {
  std::vector<double> values;
  for (const Trace& run : runs) {
    if (const auto best = best_at(run, cost)) values.push_back(*best);
  }
  if (2 * values.size() <= runs.size()) return std::nullopt;
  // A run without a value stands below all others.
  const double lowest = *std::ranges::min_element(values);
  values.resize(runs.size(), lowest);
  return math::median(values);
}

double cost_of_median(std::span<const Trace> runs, double target, double cap) {
  std::vector<double> costs;
  for (const Trace& run : runs) {
    for (const TracePoint& point : run) costs.push_back(point.cost);
  }
  std::ranges::sort(costs);
  for (const double cost : costs) {
    if (cost >= cap) break;
    const auto median = median_best_at(runs, cost);
    if (median && *median >= target) return cost;
  }
  return cap;
}

double geometric_mean(std::span<const double> values) {
  WATTUNE_REQUIRE(!values.empty());
  double sum = 0.0;
  for (const double value : values) sum += std::log(value);
  return std::exp(sum / static_cast<double>(values.size()));
}

}  // namespace wattune::bench
