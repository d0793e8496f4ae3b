#include "wattune/schedulers/ranking.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <ranges>
#include <tuple>

#include "wattune/math/pareto.hpp"

namespace wattune::schedulers {
namespace {

/// Number of the front each of the standings is on.
std::vector<std::size_t> fronts_of(const std::vector<Standing>& standings) {
  std::vector<std::vector<double>> points;
  points.reserve(standings.size());
  for (const Standing& standing : standings) points.push_back(standing.losses);
  return math::non_dominated_ranks(points);
}

/// One over the range of each loss; 0 where all are the same.
std::vector<double> inverse_ranges(std::span<const std::span<const double>> points) {
  std::vector<double> inverse(points.front().size(), 0.0);
  for (std::size_t k = 0; k < inverse.size(); ++k) {
    const auto [low, high] = std::ranges::minmax(
        std::views::transform(points, [&](std::span<const double> point) { return point[k]; }));
    if (high > low) inverse[k] = 1.0 / (high - low);
  }
  return inverse;
}

double squared_distance(std::span<const double> left, std::span<const double> right,
                        const std::vector<double>& scale) {
  double sum = 0.0;
  for (std::size_t k = 0; k < scale.size(); ++k) {
    const double part = (left[k] - right[k]) * scale[k];
    sum += part * part;
  }
  return sum;
}

/// Order of standings that are equally feasible and come the oldest first, best first.
std::vector<std::size_t> order_of(const std::vector<Standing>& equals, RankBy rank_by) {
  std::vector<std::size_t> order(equals.size());
  std::iota(order.begin(), order.end(), 0);
  if (equals.front().losses.empty()) return order;
  const bool has_fronts = rank_by != RankBy::FirstObjective && equals.front().losses.size() > 1;
  const std::vector<std::size_t> fronts =
      has_fronts ? fronts_of(equals) : std::vector<std::size_t>(equals.size(), 0);
  std::ranges::stable_sort(order, {}, [&](std::size_t i) {
    return std::tuple{fronts[i], equals[i].losses.front()};
  });
  if (!has_fronts || rank_by != RankBy::NonDominatedNet) return order;
  for (auto begin = order.begin(); begin != order.end();) {
    const auto end = std::find_if(begin, order.end(),
                                  [&](std::size_t i) { return fronts[i] != fronts[*begin]; });
    const std::vector<std::size_t> members(begin, end);
    std::vector<std::span<const double>> points;
    for (const std::size_t i : members) points.emplace_back(equals[i].losses);
    for (const std::size_t place : spread_order(points)) *begin++ = members[place];
  }
  return order;
}

}  // namespace

std::string_view to_text(RankBy rank_by) {
  switch (rank_by) {
    case RankBy::FirstObjective:
      return "first objective";
    case RankBy::NonDominated:
      return "non-dominated rank";
    case RankBy::NonDominatedNet:
      break;
  }
  return "non-dominated rank, spread";
}

Standing standing_of(const trial::History& history, const Contestant& contestant) {
  const trial::Trial& trial = history.trial(contestant.trial);
  Standing standing;
  standing.trial = contestant.trial;
  if (trial.reports().empty()) return standing;
  const double step = std::min(contestant.target, trial.step());
  if (auto losses = history.losses_at(trial, step)) standing.losses = std::move(*losses);
  standing.violation = history.violation_at(trial, step);
  return standing;
}

int compare_feasibility(const Standing& left, const Standing& right) {
  const auto key = [](const Standing& standing) {
    return std::tuple{!standing.violation.has_value(), standing.violation.value_or(0.0)};
  };
  if (key(left) < key(right)) return -1;
  return key(right) < key(left) ? 1 : 0;
}

std::vector<std::size_t> spread_order(std::span<const std::span<const double>> points,
                                      std::size_t num_chosen, std::size_t num_wanted) {
  std::vector<std::size_t> order;
  if (points.empty()) return order;
  const std::vector<double> scale = inverse_ranges(points);
  constexpr double kFar = std::numeric_limits<double>::infinity();
  std::vector<double> distances(points.size(), kFar);  // squared, to the nearest chosen point
  const auto choose = [&](std::size_t chosen) {
    distances[chosen] = -1.0;
    for (std::size_t i = num_chosen; i < points.size(); ++i) {
      if (distances[i] < 0.0) continue;
      distances[i] = std::min(distances[i], squared_distance(points[i], points[chosen], scale));
    }
  };
  for (std::size_t i = 0; i < num_chosen; ++i) choose(i);
  num_wanted = std::min(num_wanted, points.size() - num_chosen);
  while (order.size() < num_wanted) {
    const auto farthest = std::max_element(
        distances.begin() + static_cast<std::ptrdiff_t>(num_chosen), distances.end());
    order.push_back(static_cast<std::size_t>(farthest - distances.begin()));
    choose(order.back());
  }
  return order;
}

std::vector<TrialId> rank(std::vector<Standing> standings, RankBy rank_by) {
  std::ranges::sort(standings, {}, &Standing::trial);
  const auto by_feasibility = [](const Standing& left, const Standing& right) {
    if (left.losses.empty() != right.losses.empty()) return right.losses.empty();
    return compare_feasibility(left, right) < 0;
  };
  std::ranges::stable_sort(standings, by_feasibility);

  std::vector<TrialId> ranked;
  for (auto begin = standings.begin(); begin != standings.end();) {
    const auto end = std::find_if(begin, standings.end(), [&](const Standing& standing) {
      return by_feasibility(*begin, standing);
    });
    const std::vector<Standing> equals(begin, end);  // oldest first
    for (const std::size_t i : order_of(equals, rank_by)) ranked.push_back(equals[i].trial);
    begin = end;
  }
  return ranked;
}

}  // namespace wattune::schedulers
