#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "wattune/base/clock.hpp"
#include "wattune/base/ids.hpp"
#include "wattune/trial/event.hpp"
#include "wattune/trial/problem.hpp"
#include "wattune/trial/trial.hpp"

namespace wattune::trial {

/// The state of a study: the fold of its event log.
///
/// Samplers, schedulers and readers see a history and nothing else; two histories made from the
/// same log are the same. `finished_order` only grows, so that a sampler can keep a model up to
/// date from where it last looked.
///
/// Threads  one writer; readers only while nobody writes
class History {
 public:
  explicit History(Problem problem);

  /// Applies one event. An event that contradicts the log (an unknown trial, a report of a trial
  /// that does not run) is a bug of the writer.
  void apply(const Event& event);

  [[nodiscard]] const Problem& problem() const { return problem_; }
  [[nodiscard]] std::span<const Trial> trials() const { return trials_; }
  [[nodiscard]] const Trial& trial(TrialId id) const;
  [[nodiscard]] TrialId next_trial_id() const;
  /// Trials in the order in which an assignment of theirs ended; a trial appears once for every
  /// assignment.
  [[nodiscard]] std::span<const TrialId> finished_order() const { return finished_order_; }
  [[nodiscard]] std::size_t num_running() const { return running_.size(); }
  /// Trials that measure a configuration again; they do not count as trials of the search.
  [[nodiscard]] std::size_t num_finalist_trials() const { return num_finalist_trials_; }

  [[nodiscard]] std::optional<MetricId> metric_id(std::string_view name) const;
  [[nodiscard]] std::span<const std::string> metric_names() const { return metric_names_; }

  /// A measure of a trial as of its last report, or as of the first report at `step` or beyond.
  /// Nothing where it is not known: never reported, energy missing, no grid intensity.
  [[nodiscard]] std::optional<double> value(const Trial& trial, const Measure& measure) const;
  [[nodiscard]] std::optional<double> value_at(const Trial& trial, const Measure& measure,
                                               double step) const;
  /// All objectives as losses (lower is better, a maximised one negated), or nothing if one is not
  /// known.
  [[nodiscard]] std::optional<std::vector<double>> losses(const Trial& trial) const;
  [[nodiscard]] std::optional<std::vector<double>> losses_at(const Trial& trial, double step) const;
  /// Sum over the constraints of how far each is broken; 0 is feasible; nothing if one is not
  /// known.
  [[nodiscard]] std::optional<double> violation(const Trial& trial) const;
  [[nodiscard]] std::optional<double> violation_at(const Trial& trial, double step) const;

  /// Has this trial had a full training?
  [[nodiscard]] bool is_complete(const Trial& trial) const;
  /// Energy of a full training: what was measured if it had one, else joules per step so far times
  /// the resource's max, which is a projection. Nothing where neither is known.
  struct FullTraining {
    EnergyFigure energy;
    bool is_projected = false;
  };
  [[nodiscard]] std::optional<FullTraining> full_training_energy(const Trial& trial) const;

  /// Everything drawn so far: trials, idle measurement, engine and rest.
  [[nodiscard]] const EnergyFigure& total_energy() const { return total_energy_; }
  /// Running time over all sessions.
  [[nodiscard]] Seconds total_duration() const { return total_duration_; }
  [[nodiscard]] const std::optional<IdleMeasured>& idle() const { return idle_; }
  /// The lowest temperature of each device that was seen while nothing ran.
  [[nodiscard]] const std::vector<DeviceTemperature>& idle_temperatures() const {
    return idle_temperatures_;
  }
  /// How the last session ended; nothing while one runs or was cut off.
  [[nodiscard]] const std::optional<SessionEnded>& end() const { return end_; }
  /// What the last session said about its machine, as JSON.
  [[nodiscard]] const std::string& environment() const { return environment_; }

  [[nodiscard]] double grams(Joules energy) const;  ///< Requires an intensity in the tariff.
  [[nodiscard]] double money(Joules energy) const;  ///< Requires a price in the tariff.

 private:
  void on(const StudyCreated& event);
  void on(const SessionStarted& event);
  void on(const TrialCreated& event);
  void on(const Assigned& event);
  void on(const Reported& event);
  void on(const PhaseEnded& event);
  void on(const CheckpointSaved& event);
  void on(const InfoGiven& event);
  void on(const Decided& event);
  void on(const AssignmentEnded& event);
  void on(const IdleMeasured& event);
  void on(const OverheadBooked& event);
  void on(const SessionEnded& event);
  void on(const WorkRepeated& event);
  void on(const DevicesSeen& event);

  Trial& known(TrialId id);
  MetricId intern(const std::string& name);
  [[nodiscard]] bool has_columns(const Trial& trial, const std::vector<MetricValue>& metrics) const;
  void store_metrics(Trial& trial, const std::vector<MetricValue>& metrics);
  [[nodiscard]] std::optional<double> value_of_report(const Trial& trial, const Measure& measure,
                                                      std::size_t report_index) const;
  [[nodiscard]] std::optional<double> value_of_phase(const Trial& trial,
                                                     const Measure& measure) const;

  Problem problem_;
  std::vector<Trial> trials_;
  std::vector<TrialId> finished_order_;
  std::vector<std::string> metric_names_;
  std::map<std::string, MetricId, std::less<>> metric_ids_;
  std::vector<TrialId> running_;
  std::size_t num_finalist_trials_ = 0;
  std::vector<DeviceTemperature> idle_temperatures_;
  EnergyFigure total_energy_;
  Seconds total_duration_;
  std::optional<IdleMeasured> idle_;
  std::optional<SessionEnded> end_;
  std::string environment_;
};

}  // namespace wattune::trial
