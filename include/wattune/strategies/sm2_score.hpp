#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "wattune/schedulers/ranking.hpp"

namespace wattune::strategies {

/// How much each term of the score counts; only their ratios matter.
struct Sm2Weights {
  double performance = 0.6;
  double energy = 0.3;
  double stability = 0.1;
};

/// A survivor of a rung, as the score sees it.
struct Sm2Entry {
  schedulers::Standing standing;
  std::optional<double> cost;       ///< The energy that is compared, in joules: see EnergyMode.
  std::optional<double> stability;  ///< See stability_of.
};

/// The score of one entry and its terms, each in [0, 1].
struct Sm2Score {
  TrialId trial;
  double performance = 0.0;  ///< P: 1 is the best of the rung.
  double energy = 0.5;       ///< E: 0 is the cheapest of the rung.
  double stability = 0.5;    ///< S: 1 is a training loss that never rose.
  double score = 0.0;        ///< f = wP P + wE (1 - E) + wL S; higher is better.
};

/// Scores the survivors of a rung against each other.
///
/// P is the first objective, min-max normalised among the entries where it is known (0 where it is
/// not, 0.5 where all are equal). E likewise; where an entry's energy is not known, or the energies
/// differ by less than the noise floor, (max - min) / min, E is 0.5 for all. S is 0.5 where it is
/// not known.
[[nodiscard]] std::vector<Sm2Score> score(std::span<const Sm2Entry> entries,
                                          const Sm2Weights& weights, double noise_floor);

/// The survivors of a rung in the order of their scores, best first.
struct Sm2Ranking {
  std::vector<TrialId> trials;
  /// Set where the trial with the best first objective would have been dropped by its score and was
  /// kept by the guard.
  std::optional<TrialId> guarded;
};

/// Orders the survivors so that the first `num_kept` may go on.
///
/// Feasible before infeasible as in plain halving, then the higher score, then the lower loss, then
/// the older trial. The best by plain halving is moved up to the last place that is kept where its
/// score would drop it. With energy and stability weights of 0 the order is that of plain halving.
[[nodiscard]] Sm2Ranking rank_by_score(std::span<const Sm2Entry> entries, const Sm2Weights& weights,
                                       double noise_floor, std::size_t num_kept);

/// Orders the survivors without weights.
///
/// Feasible before infeasible; then by the number of the front of first objective and cost; inside
/// a front the best by the first objective, then each time the one that is farthest from those
/// before it, both losses scaled to the range of the rung. Where costs cannot be told apart it is
/// the order of plain halving.
///
/// Source   Schmucker, Donini, Zafar, Salinas, Archambeau, 2021, arXiv:2106.12639 (MO-ASHA,
///          epsilon-net)
/// Differs  ranks, not the sorted indices; losses are scaled before distances are taken
[[nodiscard]] std::vector<TrialId> rank_by_fronts(std::span<const Sm2Entry> entries,
                                                  double noise_floor);

/// How many of the best may go on so that together they took at most `share` of what all of them
/// took; at least one, and all but one at most. Nothing where a cost is not known.
///
/// Takes    costs  of the survivors, the best by quality first
/// Source   the cost-promotion variant of ASHA in Syne Tune
[[nodiscard]] std::optional<std::size_t> num_within_share(
    std::span<const std::optional<double>> costs, double share);

/// Share of the steps of a smoothed training loss that do not go up; nothing for less than two
/// values.
///
/// Smoothed: s_0 = l_0, s_t = 0.3 l_t + 0.7 s_(t-1).
[[nodiscard]] std::optional<double> stability_of(std::span<const double> training_losses);

/// Is the smoothed training loss above `factor` times its start? Never where it starts at 0 or
/// below.
[[nodiscard]] bool has_diverged(std::span<const double> training_losses, double factor);

}  // namespace wattune::strategies
