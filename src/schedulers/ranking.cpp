#include "wattune/schedulers/ranking.hpp"

#include <algorithm>
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

}  // namespace

std::string_view to_text(RankBy rank_by) {
  return rank_by == RankBy::FirstObjective ? "first objective" : "non-dominated rank";
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
    std::vector<Standing> equals(begin, end);  // oldest first
    std::vector<std::size_t> fronts(equals.size(), 0);
    if (!equals.front().losses.empty()) {
      if (rank_by == RankBy::NonDominated && equals.front().losses.size() > 1) {
        fronts = fronts_of(equals);
      }
      std::vector<std::size_t> order(equals.size());
      for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
      std::ranges::stable_sort(order, {}, [&](std::size_t i) {
        return std::tuple{fronts[i], equals[i].losses.front()};
      });
      for (const std::size_t i : order) ranked.push_back(equals[i].trial);
    } else {
      for (const Standing& standing : equals) ranked.push_back(standing.trial);
    }
    begin = end;
  }
  return ranked;
}

}  // namespace wattune::schedulers
