#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "wattune/schedulers/ranking.hpp"
#include "wattune/schedulers/scheduler.hpp"

namespace wattune::schedulers {

struct HyperbandOptions {
  std::size_t eta = 3;
  RankBy rank_by = RankBy::NonDominatedNet;
};

/// One rung of a bracket: so many trials, each taken so far.
struct BracketRung {
  std::size_t num_trials = 0;
  double target = 0.0;
};

/// The rungs of a Hyperband bracket, in whole numbers throughout.
///
/// With rungs 0 .. S at `targets`, bracket s begins at rung S - s with
/// ceil((S + 1) eta^s / (s + 1)) trials; of n trials floor(n / eta) go on.
///
/// Takes    s  0 .. number of targets - 1; 0 takes every trial to the end
[[nodiscard]] std::vector<BracketRung> hyperband_bracket(const std::vector<double>& targets,
                                                         std::size_t eta, std::size_t s);

/// Runs brackets of successive halving that begin at different rungs, from the one that cuts most
/// to the one that does not cut at all, and again from the start.
///
/// Nobody can know whether short trainings tell much; some bracket is right. Trials pause at a rung
/// and go on from their checkpoints. A free worker takes what the oldest unfinished bracket has to
/// start; where that waits for others, the next bracket begins.
///
/// Errors   ConfigError  eta below 2, min not in (0, max]
/// Source   Li, Jamieson, DeSalvo, Rostamizadeh, Talwalkar, JMLR 18(185), 2018, Algorithm 1,
///          arXiv:1603.06560
/// Differs  rungs are at min eta^k, the same for every bracket, the last one at max, where the
///          source has R eta^-s; brackets overlap rather than leave a worker idle; a trial alone in
///          its rung goes to max at once; on equal losses the older trial wins; a rung that few
///          trials have reached as nothing new can be started keeps at least one
[[nodiscard]] std::unique_ptr<Scheduler> make_hyperband(const trial::Resource& resource,
                                                        const HyperbandOptions& options = {});

}  // namespace wattune::schedulers
