#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "wattune/schedulers/ranking.hpp"
#include "wattune/trial/history.hpp"

namespace wattune::schedulers {

/// The rules of one bracket of synchronous halving.
struct BracketRules {
  std::size_t eta = 2;    ///< Of n trials in a rung ceil(n / eta) go on.
  double max = 1.0;       ///< Resource of a full training.
  bool rounds_up = true;  ///< Else floor(n / eta) go on, or one.
  /// How far a rung takes a trial: grows with the rung and is at most `max`.
  std::function<double(const trial::Trial&, std::size_t rung)> target;
  /// The contestants of a settled rung who are still in the race, best first.
  std::function<std::vector<TrialId>(std::span<const Contestant>, std::size_t rung,
                                     std::size_t num_kept)>
      rank;
};

/// Where a bracket stands.
struct BracketState {
  std::size_t rung = 0;
  std::vector<Contestant> members;   ///< Of that rung, the oldest first.
  std::vector<Contestant> to_start;  ///< Those of them that should run and do not.
  bool is_ended = false;
  std::optional<TrialId> winner;  ///< Of an ended bracket; nothing where every trial has failed.
};

/// Did this trial drop out in this rung, or before: failed, or stopped? One that fails in a higher
/// rung has still survived this one.
[[nodiscard]] bool is_out(const trial::Trial& trial, std::size_t rung);

/// Has this trial nothing more to do for a rung with this target: a report there, or the end of
/// its program?
[[nodiscard]] bool is_settled(const trial::Trial& trial, double target);

/// Follows a bracket from its first rung to where it stands.
///
/// A fold of the history: rung by rung, until a member is not settled. Trials that are out count
/// as filling their rung and never survive; a trial alone in its rung goes to `max` at once, as
/// there is nobody to compare it with. A promotion that was once made stands: who was assigned to
/// a higher rung is among its survivors even where a measure has changed since.
///
/// Takes    members  every trial of rung 0, the oldest first
/// Cost     O(n log n) in the number of members
[[nodiscard]] BracketState follow_bracket(const trial::History& history,
                                          std::vector<TrialId> members, const BracketRules& rules);

/// The resources of all rungs: min eta^k, the last one exactly max.
///
/// Errors   ConfigError  eta below 2, min not in (0, max]
[[nodiscard]] std::vector<double> rung_targets(const trial::Resource& resource, std::size_t eta);

/// The answer to a report by whoever takes trials from rung to rung: pause at the end of the
/// assignment, unless that is a full training.
[[nodiscard]] trial::Verdict pause_at_target(const trial::Trial& trial, double max);

/// Those of the trials that a bracket may still ask for: members of the rung it stands in.
[[nodiscard]] std::vector<TrialId> wanted_by(const BracketState& state,
                                             std::vector<TrialId> trials);

/// min eta^rung, at most max: by multiplication, so that whole numbers stay whole.
[[nodiscard]] double rung_target(double min, double max, std::size_t eta, std::size_t rung);

}  // namespace wattune::schedulers
