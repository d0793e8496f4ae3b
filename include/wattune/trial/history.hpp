#pragma once

#include <cstddef>
#include <map>
#include <memory>
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

  /// Applies one event, written down at `at`: its window ends there, which matters only to rates
  /// that change with time. An event that contradicts the log (an unknown trial, a report of a
  /// trial that does not run) is a bug of the writer.
  void apply(const Event& event, WallTime at = {});

  [[nodiscard]] const Problem& problem() const { return problem_; }
  [[nodiscard]] std::span<const Trial> trials() const { return trials_; }
  [[nodiscard]] const Trial& trial(TrialId id) const;
  [[nodiscard]] TrialId next_trial_id() const;
  /// Trials in the order in which an assignment of theirs ended; a trial appears once for every
  /// assignment.
  [[nodiscard]] std::span<const TrialId> finished_order() const { return finished_order_; }
  /// Where a trial stood at an end of `finished_order`, for every end from the first on that was
  /// not an assignment carried out; nothing before that: it stood at its target.
  [[nodiscard]] std::optional<double> step_at_irregular_end(std::size_t end) const;
  [[nodiscard]] std::size_t num_running() const { return running_.size(); }
  [[nodiscard]] std::span<const TrialId> running() const { return running_; }
  /// Trials that measure a configuration again; they do not count as trials of the search.
  [[nodiscard]] std::size_t num_finalist_trials() const { return num_finalist_trials_; }

  [[nodiscard]] std::optional<MetricId> metric_id(std::string_view name) const;
  [[nodiscard]] std::span<const std::string> metric_names() const { return metric_names_; }

  /// A measure of a trial as of its last report, or as of the first report at `step` or beyond.
  /// Nothing where it is not known: never reported, energy missing, no grid intensity, or a table
  /// of intensities or prices that does not cover all of the trial's time.
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
  /// What the user wants to be tried, tried or not, in the order of the wishes.
  [[nodiscard]] std::span<const space::Configuration> enqueued() const { return enqueued_; }

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

  /// Carbon and cost of everything drawn so far, each window at the rates of its own time.
  [[nodiscard]] energy::Footprint total_footprint() const;
  /// The grams that budgets count, of all energy that is known; where no rate is known, at the
  /// highest of the table. Requires an intensity in the tariff.
  [[nodiscard]] double carbon_spent() const;
  [[nodiscard]] double cost_spent() const;  ///< The same in money. Requires a price.
  [[nodiscard]] double carbon_spent(const Trial& trial) const;
  [[nodiscard]] double cost_spent(const Trial& trial) const;

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
  void on(const AssignmentMetered& event);
  void on(const ConfigurationEnqueued& event);

  /// Carbon and cost of a window that ended when the event at hand was written; nothing is kept
  /// where rates do not change: then they follow from the energy.
  [[nodiscard]] Footprints amounts_of(const EnergyFigure& energy, Seconds duration) const;
  /// Books a window to the study.
  void draw(const EnergyFigure& energy, Seconds duration);
  /// Books a window to the study and to a trial.
  void charge(Trial& trial, const EnergyFigure& energy, Seconds duration);
  [[nodiscard]] Footprints spent() const;
  [[nodiscard]] Footprints spent(const Trial& trial) const;
  [[nodiscard]] Footprints spent_at(const Trial& trial, std::size_t report_index) const;

  Trial& known(TrialId id);
  /// Where the last report of the program leaves the trial, in the unit of the resource.
  [[nodiscard]] double position_of(const Trial& trial) const;
  MetricId intern(const std::string& name);
  [[nodiscard]] bool are_columns(std::span<const MetricId> columns,
                                 const std::vector<MetricValue>& metrics) const;
  void store_metrics(Trial& trial, const std::vector<MetricValue>& metrics);
  void store_wider_row(Trial& trial, const std::vector<MetricValue>& metrics);
  [[nodiscard]] std::optional<double> value_of_report(const Trial& trial, const Measure& measure,
                                                      std::size_t report_index) const;
  [[nodiscard]] std::optional<double> value_of_phase(const Trial& trial,
                                                     const Measure& measure) const;

  Problem problem_;
  std::vector<Trial> trials_;
  struct IrregularEnd {
    std::size_t end = 0;  ///< Of finished_order_.
    double step = 0.0;
  };
  std::vector<TrialId> finished_order_;
  std::vector<IrregularEnd> irregular_ends_;
  std::vector<std::string> metric_names_;
  std::map<std::string, MetricId, std::less<>> metric_ids_;
  std::shared_ptr<const std::vector<MetricId>> columns_;  // of the last metric table that was new
  std::vector<TrialId> running_;
  std::size_t num_finalist_trials_ = 0;
  std::vector<space::Configuration> enqueued_;
  std::vector<DeviceTemperature> idle_temperatures_;
  EnergyFigure total_energy_;
  Seconds total_duration_;
  std::optional<IdleMeasured> idle_;
  std::optional<SessionEnded> end_;
  std::string environment_;
  bool has_changing_rates_ = false;
  Footprints spent_;  ///< Of known energy; empty unless rates change.
  WallTime now_;      ///< When the event at hand was written.
};

}  // namespace wattune::trial
