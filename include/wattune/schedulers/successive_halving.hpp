#pragma once

#include <cstddef>
#include <memory>
#include <optional>

#include "wattune/schedulers/ranking.hpp"
#include "wattune/schedulers/scheduler.hpp"

namespace wattune::schedulers {

struct SuccessiveHalvingOptions {
  std::size_t eta = 3;
  /// Trials in the first rung of a bracket; nothing for as many as leave one for the last rung.
  std::optional<std::size_t> num_trials = {};
  RankBy rank_by = RankBy::NonDominatedNet;
};

/// Starts many trials short and takes the best further, rung by rung.
///
/// Rung k takes its trials to min eta^k, the last one exactly to max. Trials pause at a rung until
/// all of it is settled; of n trials ceil(n / eta) go on from their checkpoints. When the best has
/// been taken to max the next bracket begins.
///
/// Errors   ConfigError  eta below 2, no trial, min not in (0, max]
/// Source   Jamieson, Talwalkar, AISTATS 2016, arXiv:1502.07943; eta as in Li et al., JMLR 2018,
///          arXiv:1603.06560
/// Differs  keeps ceil(n / eta) instead of the floor, so that a rung is never empty; rungs are at
///          min eta^k instead of being derived from a budget; a trial alone in its rung goes to
///          max at once; on equal losses the older trial wins; several objectives: see RankBy
[[nodiscard]] std::unique_ptr<Scheduler> make_successive_halving(
    const trial::Resource& resource, const SuccessiveHalvingOptions& options = {});

}  // namespace wattune::schedulers
