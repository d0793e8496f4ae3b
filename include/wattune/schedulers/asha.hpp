#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "wattune/schedulers/ranking.hpp"
#include "wattune/schedulers/scheduler.hpp"

namespace wattune::schedulers {

/// What becomes of a trial at a rung.
enum class AshaVariant : std::uint8_t {
  Promotion,  ///< It pauses, and goes on once it is among the best 1/eta of the rung.
  Stopping,   ///< It goes on at once if it is among the best 1/eta so far, and is stopped if not.
};

/// What the share 1/eta of a rung is counted in.
enum class AshaQuota : std::uint8_t {
  Trials,
  Energy,  ///< Joules the trials of the rung have drawn: cheap ones go on more easily.
};

struct AshaOptions {
  std::size_t eta = 3;
  AshaVariant variant = AshaVariant::Promotion;
  AshaQuota quota = AshaQuota::Trials;  ///< Of the promotion variant.
  RankBy rank_by = RankBy::NonDominatedNet;
  /// Trials that there will be at most, where that is known: who could not be promoted even if all
  /// of them came and were worse is not kept.
  std::optional<std::size_t> max_trials = {};
};

/// Halves without waiting for anybody: whoever is among the best of a rung so far goes on.
///
/// A free worker takes the best trial that is not promoted yet among the best floor(n / eta) of the
/// n trials of a rung, from the highest rung down, or starts a new trial where there is none. With
/// the quota in energy these best are as many as have drawn 1/eta of the rung's joules. Several
/// objectives: see RankBy; with a net this is MO-ASHA.
///
/// A trial that has failed, ended by itself or been stopped counts in the rungs that it got to, and
/// stays there. Where energy is not known a trial counts with the mean of the others.
///
/// Errors   ConfigError  eta below 2, min not in (0, max]; the stopping variant by energy
/// Cost     O(log n) to O(n) operations on what is kept of a rung, per decision; never a pass over
///          the history
/// Source   Li, Jamieson, Rostamizadeh, et al., MLSys 2020, Algorithm 2, arXiv:1810.05934;
///          Schmucker et al., 2021, arXiv:2106.12639 (several objectives); the quota in energy
///          follows the cost-aware promotion rule of Syne Tune
/// Differs  promotes from below the top rung down; on equal losses the older trial wins; a trial
///          whose report overshot the next rung goes to the first one beyond it; when nothing new
///          can be started and nobody has had a full training, the best of the highest rung gets
///          one. Stopping variant: the quantile is a rank, so that several objectives have one; the
///          first to arrive goes on
[[nodiscard]] std::unique_ptr<Scheduler> make_asha(const trial::Resource& resource,
                                                   const AshaOptions& options = {});

}  // namespace wattune::schedulers
