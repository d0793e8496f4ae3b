#include "wattune/math/front_quality.hpp"

#include <algorithm>
#include <cmath>

#include "infinity.hpp"
#include "wattune/base/require.hpp"

namespace wattune::math {
namespace {

using Points = std::span<const std::vector<double>>;

/// For each point of the target the lowest gap to a point of the front.
template <typename Gap>
std::vector<double> lowest_gaps(Points front, Points target, const Gap& gap_between) {
  WATTUNE_REQUIRE(!front.empty() && !target.empty());
  std::vector<double> gaps;
  gaps.reserve(target.size());
  for (const auto& wanted : target) {
    double lowest = kInfinity;
    for (const auto& point : front) {
      WATTUNE_REQUIRE(point.size() == wanted.size());
      lowest = std::min(lowest, gap_between(point, wanted));
    }
    gaps.push_back(lowest);
  }
  return gaps;
}

struct RunPoint {
  Pair losses;
  std::size_t run;
};

std::vector<RunPoint> by_first_loss(std::span<const std::vector<Pair>> runs) {
  std::vector<RunPoint> points;
  for (std::size_t run = 0; run < runs.size(); ++run) {
    for (const Pair& losses : runs[run]) points.push_back({losses, run});
  }
  std::ranges::sort(points, {}, &RunPoint::losses);
  return points;
}

}  // namespace

double additive_epsilon(Points front, Points target) {
  return std::ranges::max(lowest_gaps(front, target, [](const auto& point, const auto& wanted) {
    double gap = -kInfinity;
    for (std::size_t k = 0; k < point.size(); ++k) gap = std::max(gap, point[k] - wanted[k]);
    return gap;
  }));
}

double multiplicative_epsilon(Points front, Points target) {
  return std::ranges::max(lowest_gaps(front, target, [](const auto& point, const auto& wanted) {
    double gap = 0.0;
    for (std::size_t k = 0; k < point.size(); ++k) {
      WATTUNE_REQUIRE(point[k] > 0.0 && wanted[k] > 0.0);
      gap = std::max(gap, point[k] / wanted[k]);
    }
    return gap;
  }));
}

double mean_shortfall(Points front, Points target) {
  const std::vector<double> gaps =
      lowest_gaps(front, target, [](const auto& point, const auto& wanted) {
        double squares = 0.0;
        for (std::size_t k = 0; k < point.size(); ++k) {
          const double behind = std::max(0.0, point[k] - wanted[k]);
          squares += behind * behind;
        }
        return std::sqrt(squares);
      });
  double sum = 0.0;
  for (const double gap : gaps) sum += gap;
  return sum / static_cast<double>(gaps.size());
}

std::vector<std::vector<Pair>> attainment_levels(std::span<const std::vector<Pair>> runs) {
  std::vector<std::vector<Pair>> levels(runs.size());
  std::vector<double> lowest(runs.size(), kInfinity);   // second loss of each run so far
  std::vector<double> ordered(runs.size(), kInfinity);  // the same, ascending: one for each level
  const std::vector<RunPoint> points = by_first_loss(runs);
  for (std::size_t i = 0; i < points.size(); ++i) {
    const auto [losses, run] = points[i];
    if (losses[1] < lowest[run]) {
      ordered.erase(std::ranges::lower_bound(ordered, lowest[run]));
      ordered.insert(std::ranges::lower_bound(ordered, losses[1]), losses[1]);
      lowest[run] = losses[1];
    }
    const bool is_last_here = i + 1 == points.size() || points[i + 1].losses[0] > losses[0];
    if (!is_last_here) continue;
    for (std::size_t k = 0; k < levels.size(); ++k) {
      if (ordered[k] < (levels[k].empty() ? kInfinity : levels[k].back()[1])) {
        levels[k].push_back({losses[0], ordered[k]});
      }
    }
  }
  return levels;
}

double attained_share(std::span<const std::vector<Pair>> runs, const Pair& place) {
  WATTUNE_REQUIRE(!runs.empty());
  const auto num_attained = std::ranges::count_if(runs, [&](const std::vector<Pair>& run) {
    return std::ranges::any_of(
        run, [&](const Pair& losses) { return losses[0] <= place[0] && losses[1] <= place[1]; });
  });
  return static_cast<double>(num_attained) / static_cast<double>(runs.size());
}

}  // namespace wattune::math
