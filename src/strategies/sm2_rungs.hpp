#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sm2_probe.hpp"
#include "wattune/schedulers/bracket.hpp"
#include "wattune/strategies/sm2.hpp"

namespace wattune::strategies {

// Stage 3: sequential halving of the candidates, eta 2.

/// How far each rung goes. Rungs are equal in samples: where the resource counts steps, a candidate
/// of another batch size than the reference takes as many more or fewer steps.
struct Ladder {
  double first = 1.0;  ///< Resource of rung 0 at the reference batch size; a whole number.
  double max = 1.0;
  trial::ResourceUnit unit = trial::ResourceUnit::Samples;
  std::optional<double> reference_batch_size;
  std::size_t num_candidates = 1;
  std::string why;  ///< What set `first`, in words.
};

/// Rung 0 is the largest of the resource's min, a fraction of an epoch where its length is known,
/// and what takes `min_rung_duration` on the slowest candidate as probed. The last never makes it
/// longer than leaves room for every cut: max / 2^cuts.
[[nodiscard]] Ladder make_ladder(const trial::Problem& problem,
                                 const std::vector<ProbedSize>& probed,
                                 std::span<const std::int64_t> window, std::size_t num_candidates,
                                 const Sm2Options& options);

[[nodiscard]] double ladder_target(const Ladder& ladder, std::optional<double> batch_size,
                                   std::size_t rung);

/// Scores and orders the survivors of a settled rung.
class RungJudge {
 public:
  RungJudge(const trial::History& history, const Ladder& ladder, const Sm2Options& options)
      : history_(history), ladder_(ladder), options_(options) {}

  [[nodiscard]] Sm2Ranking judge(std::span<const schedulers::Contestant> members, std::size_t rung,
                                 std::size_t num_kept) const;

  [[nodiscard]] schedulers::BracketRules rules() const;

 private:
  [[nodiscard]] Sm2Entry entry(const schedulers::Contestant& member, std::size_t rung) const;
  [[nodiscard]] std::optional<double> joules_per_unit(const trial::Trial& trial, double target,
                                                      std::size_t rung) const;

  const trial::History& history_;
  const Ladder& ladder_;
  const Sm2Options& options_;
};

/// The training losses that a trial has reported up to a step.
[[nodiscard]] std::vector<double> training_losses(const trial::History& history,
                                                  const trial::Trial& trial, double step,
                                                  const std::string& metric);

}  // namespace wattune::strategies
