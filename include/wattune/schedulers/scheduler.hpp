#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "wattune/trial/history.hpp"

namespace wattune::schedulers {

/// Start a new trial and take it this far.
struct StartFresh {
  double to = 0.0;
  std::uint16_t rung = 0;
  std::uint16_t bracket = 0;
  std::optional<double> report_every = {};  ///< Where reports between two rungs are wanted.
};

/// Take a paused trial further, or one that was interrupted on to where it was going.
struct Promote {
  TrialId trial;
  double to = 0.0;
  std::uint16_t rung = 0;
  std::optional<double> report_every = {};
};

/// Nothing can be decided before a running trial says more.
struct Wait {};

/// No trial can go further, and none may be started.
struct Done {};

using Step = std::variant<StartFresh, Promote, Wait, Done>;

/// Can a new trial still be started? Not once the sampler has nothing more to offer.
enum class Fresh : std::uint8_t { Available, Exhausted };

/// Decides who goes on, and how far.
///
/// A function of the history alone; the contract suite checks that a replayed log gives the same
/// steps.
///
/// Threads  one thread per scheduler
class Scheduler {
 public:
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;
  virtual ~Scheduler() = default;

  /// What a free slot should do. StartFresh only while fresh trials are available; Wait only while
  /// a trial runs.
  [[nodiscard]] virtual Step next(const trial::History& history, Fresh fresh) const = 0;

  /// The answer to the last report of a running trial.
  [[nodiscard]] virtual trial::Verdict decide(const trial::History& history,
                                              TrialId trial) const = 0;

  /// Those of the paused trials that it may still promote; the others it never names again, and
  /// their checkpoints are deleted. Where that is hard to tell: all of them.
  [[nodiscard]] virtual std::vector<TrialId> still_wanted(const trial::History& /*history*/,
                                                          std::vector<TrialId> paused) const {
    return paused;
  }

  /// Name and settings, for screens and records.
  [[nodiscard]] virtual std::string describe() const = 0;

 protected:
  Scheduler() = default;
};

}  // namespace wattune::schedulers
