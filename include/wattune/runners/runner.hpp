#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "wattune/base/result.hpp"
#include "wattune/base/units.hpp"
#include "wattune/space/configuration.hpp"
#include "wattune/trial/event.hpp"
#include "wattune/trial/trial.hpp"

namespace wattune::runners {

/// All that a trial needs to start.
struct Launch {
  trial::Assignment assignment;
  trial::Purpose purpose = trial::Purpose::Search;
  space::Configuration configuration;
  std::uint32_t seed = 0;  ///< 31 bits; the same for every assignment of a trial.
  std::optional<trial::Checkpoint> resume_from;  ///< `assignment.from` is its position.
};

/// A trial that runs now, for the live view.
struct Running {
  TrialId trial;
  Seconds since;
  std::optional<Watts> power;  ///< Mean over the last metering interval.
};

/// Energy and time of a window that is still open.
struct OpenWindow {
  EnergyFigure energy;
  Seconds duration;
};

/// What was drawn and is in no event yet.
struct Unbooked {
  std::map<TrialId, OpenWindow> trials;  ///< Since the last edge of each.
  EnergyFigure overhead;
};

/// Whether an assignment can start now.
struct Preparation {
  bool is_ready = true;
  std::string waiting_for = {};           ///< In words for the screen; empty where it is ready.
  std::vector<trial::Event> events = {};  ///< What happened meanwhile.
};

/// Executes assignments and tells what happens to them.
///
/// Everything a runner tells is an event of the study's log: Reported, PhaseEnded, CheckpointSaved,
/// InfoGiven, DevicesSeen, AssignmentMetered, AssignmentEnded (exactly one for every start that
/// succeeded), OverheadBooked. After a Reported the trial may wait for `answer`.
///
/// Threads  one thread per runner
class Runner {
 public:
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;
  virtual ~Runner() = default;

  [[nodiscard]] virtual std::size_t num_free_slots() const = 0;

  /// Makes the machine ready for an assignment that is about to start; called until it is. A runner
  /// that was told to let the devices cool down first waits a moment at each call.
  ///
  /// Takes    idle_temperatures  the lowest that earlier sessions of the study have seen
  [[nodiscard]] virtual Preparation prepare(
      const std::vector<DeviceTemperature>& /*idle_temperatures*/) {
    return {};
  }

  /// Starts the assignment in a free slot. A program that cannot be started is an outcome
  /// (FailedStart), not an error.
  virtual void start(const Launch& launch) = 0;

  /// Waits until something has happened, a signal arrived or the time is up, and tells what.
  [[nodiscard]] virtual std::vector<trial::Event> wait(Seconds at_most) = 0;

  /// Answers the last report of a trial; `until` is where the next one is due.
  virtual void answer(TrialId trial, trial::Verdict verdict, double until) = 0;

  /// Ends a trial: politely, then surely. Its AssignmentEnded carries `outcome`.
  virtual void end(TrialId trial, trial::Outcome outcome) = 0;

  /// Keeps the machine quiet and measures what it draws; only while nothing runs.
  [[nodiscard]] virtual trial::IdleMeasured measure_idle(Seconds duration) = 0;

  [[nodiscard]] virtual std::vector<Running> running() const = 0;

  /// What budgets have to count before it is told of. Nothing where no time passes between events.
  [[nodiscard]] virtual Unbooked unbooked() { return {}; }

  /// The last that there is to tell, once nothing runs any more: the session ends after it.
  [[nodiscard]] virtual std::vector<trial::Event> finish() { return {}; }

 protected:
  Runner() = default;
};

}  // namespace wattune::runners
