#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "wattune/base/clock.hpp"
#include "wattune/base/device_state.hpp"
#include "wattune/base/energy_figure.hpp"
#include "wattune/base/ids.hpp"
#include "wattune/space/configuration.hpp"
#include "wattune/trial/problem.hpp"

namespace wattune::trial {

// The life of a study as it is written down. Everything else is the fold of these events in their
// order:
//
//   StudyCreated
//   SessionStarted                          once for every process that runs the study
//     TrialCreated  Assigned                a trial, and how far it may go
//       DevicesSeen                         as the assignment found them
//       PhaseEnded* InfoGiven* CheckpointSaved* Reported Decided ...
//       WorkRepeated*                     in place of Reported, up to where it was cut off
//       AssignmentMetered                 how surely; not where the program could not be started
//     AssignmentEnded                       paused, completed, stopped, failed: see Outcome
//     Assigned ...                          the same trial again, further
//     OverheadBooked                        energy of this interval that belongs to no trial
//   SessionEnded
//   ConfigurationEnqueued                   by the user, between sessions

/// Why a trial exists.
enum class Purpose : std::uint8_t {
  Search,
  Probe,
  Finalist,  ///< A configuration of the search, trained again to measure it well.
};
/// Where its configuration comes from.
enum class Origin : std::uint8_t { Default, Sampler, Probe, Sm2, Finalist, Enqueued };
/// What the ledger books an assignment under.
enum class Stage : std::uint8_t { Probe, Exploration, Final, Finalist };
/// The answer to a report.
enum class Verdict : std::uint8_t { Continue, Pause, Stop };

/// How an assignment ended; see docs/protocol.md, "How a trial ends".
enum class Outcome : std::uint8_t {
  Completed,
  Paused,
  Stopped,
  FailedExit,
  FailedSignal,
  FailedMemory,
  FailedStart,
  FailedMetric,
  FailedTimeout,
  FailedSilent,
  FailedProtocol,
  CutBudget,  ///< The study's budget ended; it may go on with a larger one.
  Interrupted,
  Lost,
  StoppedBudget,  ///< Its own budget ended: stopped for good, and its reports count.
};
inline constexpr Outcome kLastOutcome = Outcome::StoppedBudget;

[[nodiscard]] std::string_view to_text(Purpose purpose);
[[nodiscard]] std::string_view to_text(Origin origin);
[[nodiscard]] std::string_view to_text(Stage stage);
[[nodiscard]] std::string_view to_text(Verdict verdict);
[[nodiscard]] std::string_view to_text(Outcome outcome);
[[nodiscard]] bool is_failure(Outcome outcome);
/// Was it a budget that ended the assignment, the study's or the trial's own?
[[nodiscard]] constexpr bool is_cut_by_budget(Outcome outcome) {
  return outcome == Outcome::CutBudget || outcome == Outcome::StoppedBudget;
}

/// Take this trial from one resource to another.
struct Assignment {
  TrialId trial;
  double from = 0.0;
  double to = 0.0;
  std::uint16_t rung = 0;
  std::uint16_t bracket = 0;
  Stage stage = Stage::Exploration;
  std::optional<double>
      report_every;  ///< How often the strategy would like to hear from the trial.
};

struct MetricValue {
  std::string name;
  double value = 0.0;  ///< Finite.
};

struct StudyCreated {
  Problem problem;
};

/// One process began to run the study.
struct SessionStarted {
  std::string environment;  ///< JSON: host, cpu, num_cores, gpus, channels, version; see
                            ///< docs/report-data.md.
};

/// Which training of a finalist this is. The same number means the same seed for every finalist, so
/// that their figures can be compared in pairs.
struct Repeat {
  TrialId of;  ///< The trial of the search whose configuration is measured again.
  std::uint16_t number = 0;
  bool operator==(const Repeat&) const = default;
};

struct TrialCreated {
  TrialId trial;
  Purpose purpose = Purpose::Search;
  Origin origin = Origin::Sampler;
  space::Configuration configuration;
  std::optional<Repeat> repeat = {};  ///< Of a finalist.
};

struct Assigned {
  Assignment assignment;
};

/// What was waited for before an assignment, so that it begins on devices as cool as without work.
struct CoolDown {
  Seconds waited;
  bool is_reached = false;  ///< False where the time was up first, or a signal came.
  /// What the wait was measured against: the lowest temperatures seen while nothing ran.
  std::vector<DeviceTemperature> reference = {};
  bool operator==(const CoolDown&) const = default;
};

/// The devices as an assignment found them, just before its program was started.
struct DevicesSeen {
  TrialId trial;
  DeviceState state;
  std::optional<CoolDown> cooldown = {};  ///< Where the study cools down.
  bool operator==(const DevicesSeen&) const = default;
};

/// Metrics at a step, with the energy and time since the trial's last edge (its start or its last
/// report).
struct Reported {
  TrialId trial;
  double step = 0.0;
  double samples =
      0.0;  ///< Training samples since the last report; 0 where the program does not count them.
  Seconds duration;
  EnergyFigure energy;
  std::vector<MetricValue> metrics;
};

/// A report at a step that the trial had already reported before it was cut off: its metrics are
/// known, its energy and time since the trial's last edge are charged to the trial all the same.
struct WorkRepeated {
  TrialId trial;
  double step = 0.0;
  Seconds duration;
  EnergyFigure energy;
};

/// A named window inside a trial. Its energy is part of a report's too: an overlay, never added to
/// a total.
struct PhaseEnded {
  TrialId trial;
  std::string phase;
  double samples = 0.0;
  Seconds duration;
  EnergyFigure energy;
};

struct CheckpointSaved {
  TrialId trial;
  double step = 0.0;
  std::string path;
};

/// Facts about a trial that do not change.
struct InfoGiven {
  TrialId trial;
  std::vector<MetricValue> values;
};

/// What the strategy said to a report, written where it was not simply to continue.
struct Decided {
  TrialId trial;
  double step = 0.0;
  Verdict verdict = Verdict::Pause;
};

/// How an assignment was metered, just before it ends: what a reader has to know to believe its
/// energy.
struct AssignmentMetered {
  TrialId trial;
  EnergyFigure node;  ///< What the whole machine drew meanwhile, whoever for.
  /// CPU time of processes that are neither trials nor Wattune, as a share of what the machine's
  /// cores could have given; nothing where the machine does not tell.
  std::optional<double> foreign_cpu_share = {};
  std::vector<std::string> notes = {};  ///< What happened to the meters, in words, one line each.
  bool operator==(const AssignmentMetered&) const = default;
};

/// The process of an assignment has gone. Energy and time since its last edge.
struct AssignmentEnded {
  TrialId trial;
  Outcome outcome = Outcome::Completed;
  std::string detail;  ///< Exit status, signal, the last lines of stderr.
  Seconds duration;
  EnergyFigure energy;
};

/// Power without work, measured because a strategy asked.
struct IdleMeasured {
  Watts power;
  Seconds duration;
  EnergyFigure energy;  ///< Drawn meanwhile; booked to the probe.
};

/// Energy since the last such event that belongs to no trial.
struct OverheadBooked {
  Seconds duration;
  EnergyFigure engine;
  EnergyFigure rest;  ///< Other processes, and idle power that nobody reserved.
};

enum class EndReason : std::uint8_t { Finished, Budget, Interrupted };
[[nodiscard]] std::string_view to_text(EndReason reason);

struct SessionEnded {
  EndReason reason = EndReason::Finished;
  std::string text;  ///< In words for the screen; names the budget. One line.
  std::vector<std::string> notes =
      {};  ///< What the strategy has to say of its decisions, one line each.
};

/// The user wants this configuration to be tried before the study chooses any further.
struct ConfigurationEnqueued {
  space::Configuration configuration;  ///< Inside the space.
};

using Event =
    std::variant<StudyCreated, SessionStarted, TrialCreated, Assigned, Reported, PhaseEnded,
                 CheckpointSaved, InfoGiven, Decided, AssignmentEnded, IdleMeasured, OverheadBooked,
                 SessionEnded, WorkRepeated, DevicesSeen, AssignmentMetered, ConfigurationEnqueued>;

/// An event with its place in the log. Sequence numbers start at 1 and have no gaps.
struct LoggedEvent {
  std::uint64_t sequence = 0;
  WallTime at;
  Event event;
};

}  // namespace wattune::trial
