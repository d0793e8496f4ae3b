#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "wattune/trial/history.hpp"

namespace wattune::schedulers {

/// How trials with several objectives are put in order.
enum class RankBy : std::uint8_t {
  FirstObjective,  ///< The first objective alone.
  NonDominated,    ///< Number of the front the trial is on, then the first objective.
  /// Number of the front, then an epsilon-net: whoever is farthest from those before it.
  NonDominatedNet,
};
[[nodiscard]] std::string_view to_text(RankBy rank_by);

/// A trial that takes part in a rung, and where its reports are measured.
struct Contestant {
  TrialId trial;
  double target = 0.0;  ///< The rung's resource for this trial.
};

/// What one contestant had reached at its target; a trial that completed before it counts with its
/// last report.
struct Standing {
  TrialId trial;
  std::vector<double> losses;       ///< Empty where an objective is not known.
  std::optional<double> violation;  ///< 0 is feasible; nothing where a constraint is not known.

  [[nodiscard]] bool is_feasible() const { return violation && *violation == 0.0; }
};

[[nodiscard]] Standing standing_of(const trial::History& history, const Contestant& contestant);

/// Feasible before infeasible, the smaller violation first, an unknown one last: negative where
/// `left` comes first, 0 where neither does.
[[nodiscard]] int compare_feasibility(const Standing& left, const Standing& right);

/// Puts the points of a front in an order of which every beginning is spread over the front.
///
/// A farthest-point sequence, on losses scaled to their range on the front: joules and error rates
/// differ by orders of magnitude. It goes on from the first `num_chosen` points; without any it
/// begins with point 0. Of points equally far the first one comes.
///
/// Gives    the indices of the first `num_wanted` points from `num_chosen` on, in order
/// Cost     O(n (chosen + wanted)) distances
/// Source   Schmucker et al., 2021, arXiv:2106.12639, section 3 (epsilon-net)
/// Differs  scaled; may go on from points that were chosen before
[[nodiscard]] std::vector<std::size_t> spread_order(
    std::span<const std::span<const double>> points, std::size_t num_chosen = 0,
    std::size_t num_wanted = std::numeric_limits<std::size_t>::max());

/// Puts contestants in order, best first.
///
/// Known losses before unknown ones, feasible before infeasible, then as `rank_by` says; where all
/// is equal the older trial wins, so that a replayed log gives the same order.
///
/// Gives    the trials themselves in order, not places in an order
/// Cost     O(n log n); with several objectives and fronts O(n^2) comparisons
[[nodiscard]] std::vector<TrialId> rank(std::vector<Standing> standings, RankBy rank_by);

}  // namespace wattune::schedulers
