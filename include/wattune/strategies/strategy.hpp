#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "wattune/trial/history.hpp"

namespace wattune::strategies {

/// Create a trial and start it. `assignment.trial` is the next free number.
struct NewTrial {
  trial::Purpose purpose = trial::Purpose::Search;
  trial::Origin origin = trial::Origin::Sampler;
  space::Configuration configuration;
  trial::Assignment assignment;
  std::optional<trial::Repeat> repeat = {};  ///< Of a finalist.
};

/// Continue a paused trial.
struct Resume {
  trial::Assignment assignment;
};

/// Measure power without work; only asked for while nothing runs.
struct MeasureIdle {
  Seconds duration;
};

/// Ask again when a running trial has said something.
struct Wait {};

/// Nothing is left to do.
struct Finished {
  std::string reason;  ///< In words for the screen.
};

using Next = std::variant<NewTrial, Resume, MeasureIdle, Wait, Finished>;

/// Decides what runs next and how far: one decision.
///
/// A function of the history (which knows problem and seed) alone: a study that was killed goes on
/// with the same decisions. What a strategy keeps between calls is a cache.
///
/// Threads  one thread per strategy
class Strategy {
 public:
  Strategy(const Strategy&) = delete;
  Strategy& operator=(const Strategy&) = delete;
  virtual ~Strategy() = default;

  /// What a free slot should do. Never Wait while nothing runs.
  [[nodiscard]] virtual Next next(const trial::History& history) = 0;

  /// The answer to the last report of a running trial.
  [[nodiscard]] virtual trial::Verdict decide(const trial::History& history, TrialId trial) = 0;

  /// Those of the paused trials that it may still ask for; the others it never names again, and
  /// their checkpoints are deleted. Where that is hard to tell: all of them.
  [[nodiscard]] virtual std::vector<TrialId> still_wanted(const trial::History& /*history*/,
                                                          std::vector<TrialId> paused) const {
    return paused;
  }

  /// What is going on, in a few words for the live view: "rung 2 of 5, 4 survivors".
  [[nodiscard]] virtual std::string progress(const trial::History& history) const = 0;

  /// What a reader of the report should know about the decisions so far, one sentence each.
  [[nodiscard]] virtual std::vector<std::string> notes(const trial::History& history) const = 0;

  /// Name and settings, for screens and records.
  [[nodiscard]] virtual std::string describe() const = 0;

 protected:
  Strategy() = default;
};

}  // namespace wattune::strategies
