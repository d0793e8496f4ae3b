#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sm2_probe.hpp"
#include "wattune/schedulers/bracket.hpp"
#include "wattune/strategies/sm2.hpp"

namespace wattune::strategies {

// Stage 3: how far a rung goes, and who goes on from it.

/// How far each rung goes. Rungs are equal in samples, or in joules: where the resource counts
/// steps, a candidate of another batch size than the reference takes as many more or fewer steps.
struct Ladder {
  double first = 1.0;  ///< Resource of rung 0 at the reference batch size; a whole number.
  double max = 1.0;
  trial::ResourceUnit unit = trial::ResourceUnit::Samples;
  std::optional<double> reference_batch_size;
  std::size_t num_candidates = 1;
  std::size_t eta = 2;
  std::string why;  ///< What set `first`, in words.
  RungUnit equal_in = RungUnit::Samples;
  std::map<std::int64_t, double> joules_per_unit;  ///< As probed, by batch size.
};

/// Rung 0 is the largest of the resource's min, a fraction of an epoch where its length is known,
/// and what takes `min_rung_duration` on the slowest candidate as probed. The last never makes it
/// longer than leaves room for every cut: max / eta^cuts.
[[nodiscard]] Ladder make_ladder(const trial::Problem& problem,
                                 const std::vector<ProbedSize>& probed,
                                 std::span<const std::int64_t> window, std::size_t num_candidates,
                                 const Sm2Options& options);

/// A rung that is equal in samples.
[[nodiscard]] double ladder_target(const Ladder& ladder, std::optional<double> batch_size,
                                   std::size_t rung);
/// Rung 0, in whatever unit it is equal.
[[nodiscard]] double first_target(const Ladder& ladder, std::optional<double> batch_size);

/// Who goes on from a settled rung.
struct RungVerdict {
  std::vector<TrialId> ranked;  ///< Those still in the race, best first.
  std::size_t num_kept = 0;
  std::optional<TrialId> guarded;  ///< Kept by the guard alone.
};

/// A candidate that comes from another halving; its assignments in this one count their rungs from
/// `first_rung` on, beyond all that it had there.
struct Carried {
  TrialId trial;
  std::size_t first_rung = 0;
};

/// The highest rung of this halving that a trial was assigned to; 0 for one that is carried and was
/// not assigned in this halving yet.
[[nodiscard]] std::size_t rung_here(const trial::Trial& trial,
                                    const std::optional<Carried>& carried);

/// Measures, scores and orders the survivors of a rung.
class RungJudge {
 public:
  /// `mean_cost`: joules per unit of work in rung 0, over its members; known once it is settled.
  RungJudge(const trial::History& history, const Ladder& ladder, const Sm2Options& options,
            std::optional<double> mean_cost, std::optional<Carried> carried)
      : history_(history),
        ladder_(ladder),
        options_(options),
        mean_cost_(mean_cost),
        carried_(carried) {}

  /// Where a rung ends for a trial that has settled the rungs before.
  [[nodiscard]] double target(const trial::Trial& trial, std::size_t rung) const;

  /// `num_kept`: where it is not for the rule to say.
  [[nodiscard]] RungVerdict judge(std::span<const schedulers::Contestant> members, std::size_t rung,
                                  std::optional<std::size_t> num_kept = std::nullopt) const;

  /// Mean over the members of what a unit of work has cost up to their targets.
  [[nodiscard]] std::optional<double> mean_cost_of(
      std::span<const schedulers::Contestant> members) const;

 private:
  struct Share {
    double joules = 0.0;
    double work = 0.0;
  };
  /// Of the training up to the target; of the rung alone with EnergyMode::Rung.
  [[nodiscard]] std::optional<Share> share_of(const trial::Trial& trial, double target,
                                              std::size_t rung) const;
  /// Can it not go on from this rung, because it has failed or was stopped there or before?
  [[nodiscard]] bool is_out(const trial::Trial& trial, std::size_t rung) const;
  [[nodiscard]] Sm2Entry entry(const schedulers::Contestant& member, std::size_t rung) const;
  void project_costs(std::vector<Sm2Entry>& entries,
                     std::span<const schedulers::Contestant> members) const;
  [[nodiscard]] RungVerdict judge_by_cost(const std::vector<Sm2Entry>& entries,
                                          std::span<const schedulers::Contestant> members,
                                          std::size_t rung, std::size_t usual) const;

  const trial::History& history_;
  const Ladder& ladder_;
  const Sm2Options& options_;
  std::optional<double> mean_cost_;
  std::optional<Carried> carried_;
};

/// The training losses that a trial has reported up to a step.
[[nodiscard]] std::vector<double> training_losses(const trial::History& history,
                                                  const trial::Trial& trial, double step,
                                                  const std::string& metric);

}  // namespace wattune::strategies
