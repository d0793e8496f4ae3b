#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "wattune/base/energy_figure.hpp"
#include "wattune/base/ids.hpp"
#include "wattune/energy/footprint.hpp"
#include "wattune/space/configuration.hpp"
#include "wattune/trial/event.hpp"

namespace wattune::trial {

enum class TrialState : std::uint8_t {
  Created,
  Running,
  Paused,
  Completed,
  Stopped,
  Failed,
  Interrupted
};
[[nodiscard]] std::string_view to_text(TrialState state);

/// A metric's number within one history.
using MetricId = std::uint16_t;

/// Where a trial stood at a report; everything counts from the beginning of the trial.
struct Report {
  double step = 0.0;  ///< In the unit of the study's resource.
  double samples = 0.0;
  Microjoules energy;
  float uncertainty_j = 0.0F;
  float duration_s = 0.0F;
  Provenance provenance = Provenance::Measured;
};

/// Grams and money of all energy so far that is known.
struct Footprints {
  energy::Amount carbon;
  energy::Amount cost;

  Footprints& operator+=(const Footprints& other) {
    carbon += other.carbon;
    cost += other.cost;
    return *this;
  }
};

struct Checkpoint {
  double step = 0.0;  ///< As the program counts.
  std::string path;
  double position =
      0.0;  ///< In the unit of the study's resource; the step, unless that is metered.
};

/// Sums over all windows of one phase of one trial.
struct PhaseTotal {
  std::string name;
  double samples = 0.0;
  Seconds duration;
  EnergyFigure energy;
};

/// One configuration and all that has become of it.
///
/// Compact on purpose: a study holds tens of thousands.
class Trial {
 public:
  Trial(TrialId id, Purpose purpose, Origin origin, space::Configuration configuration);

  [[nodiscard]] TrialId id() const { return id_; }
  [[nodiscard]] Purpose purpose() const { return purpose_; }
  [[nodiscard]] Origin origin() const { return origin_; }
  [[nodiscard]] const space::Configuration& configuration() const { return configuration_; }
  [[nodiscard]] TrialState state() const { return state_; }
  [[nodiscard]] bool is_running() const { return state_ == TrialState::Running; }
  /// How its last assignment ended; nothing before that.
  [[nodiscard]] std::optional<Outcome> outcome() const { return outcome_; }

  /// The highest rung it was assigned to, and how far that goes.
  [[nodiscard]] std::uint16_t rung() const { return rung_; }
  [[nodiscard]] std::uint16_t bracket() const { return bracket_; }
  [[nodiscard]] Stage stage() const { return stage_; }
  [[nodiscard]] double target() const { return target_; }
  [[nodiscard]] std::uint16_t num_assignments() const { return num_assignments_; }

  [[nodiscard]] std::span<const Report> reports() const { return reports_; }
  /// Where it stood at the last report, in the unit of the study's resource; 0 before the first.
  [[nodiscard]] double step() const { return reports_.empty() ? 0.0 : reports_.back().step; }
  /// The last step that the program named. Another number than `step` where the resource is seconds
  /// or joules.
  [[nodiscard]] double program_step() const { return program_step_; }
  [[nodiscard]] std::optional<double> metric(std::size_t report_index, MetricId metric) const;
  /// The last value reported.
  [[nodiscard]] std::optional<double> last_metric(MetricId metric) const;
  /// Index of the first report at `step` or beyond.
  [[nodiscard]] std::optional<std::size_t> first_report_at(double step) const;

  /// All energy charged to it, work that had to be done again included.
  [[nodiscard]] const EnergyFigure& energy() const { return energy_; }
  [[nodiscard]] Seconds duration() const { return Seconds{duration_s_}; }
  [[nodiscard]] std::optional<Checkpoint> checkpoint() const;
  [[nodiscard]] std::span<const PhaseTotal> phases() const;
  [[nodiscard]] std::span<const MetricValue> info() const;
  [[nodiscard]] const std::string& detail() const;
  /// Set for a finalist.
  [[nodiscard]] std::optional<Repeat> repeat() const;
  /// The devices as its assignments found them, in their order; empty where that was not recorded.
  [[nodiscard]] std::span<const DevicesSeen> devices() const;
  /// How its assignments were metered, in their order; empty where that was not recorded.
  [[nodiscard]] std::span<const AssignmentMetered> metering() const;
  /// Did another trial run at some time while this one did? Then its share of the energy is a
  /// split.
  [[nodiscard]] bool had_company() const { return had_company_; }

 private:
  friend class History;
  struct Extras;  // what few trials have or only readers want

  Extras& extras();
  [[nodiscard]] std::span<const MetricId> columns() const;

  TrialId id_;
  Purpose purpose_;
  Origin origin_;
  TrialState state_ = TrialState::Created;
  bool had_company_ = false;
  bool was_cut_off_ = false;  // an assignment ended elsewhere than at its target
  std::optional<Outcome> outcome_;
  Stage stage_ = Stage::Exploration;
  std::uint16_t rung_ = 0;
  std::uint16_t bracket_ = 0;
  std::uint16_t num_assignments_ = 0;
  double target_ = 0.0;
  double program_step_ = 0.0;
  double duration_s_ = 0.0;
  EnergyFigure energy_;
  space::Configuration configuration_;
  std::vector<Report> reports_;
  std::shared_ptr<const std::vector<MetricId>>
      metric_ids_;  // columns of metric_values_; shared by trials with the same metrics
  std::vector<double>
      metric_values_;  // [num_reports x num_columns], row by row; NaN: not in that report
  std::shared_ptr<Extras>
      extras_;  // shared only between copies of one trial, which are never changed
};

}  // namespace wattune::trial
