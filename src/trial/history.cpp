#include "wattune/trial/history.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "trial_extras.hpp"
#include "wattune/base/require.hpp"

namespace wattune::trial {
namespace {

TrialState state_after(Outcome outcome) {
  switch (outcome) {
    case Outcome::Completed:
      return TrialState::Completed;
    case Outcome::Paused:
      return TrialState::Paused;
    case Outcome::Stopped:
    case Outcome::StoppedBudget:
      return TrialState::Stopped;
    case Outcome::CutBudget:
    case Outcome::Interrupted:
    case Outcome::Lost:
      return TrialState::Interrupted;
    default:
      return TrialState::Failed;
  }
}

/// Part of an amount cannot be compared with the whole of another.
std::optional<double> whole(const energy::Amount& amount) {
  return amount.is_whole() ? std::optional{amount.value} : std::nullopt;
}

}  // namespace

History::History(Problem problem) : problem_(std::move(problem)) {
  WATTUNE_REQUIRE(!problem_.objectives.empty());
  const Tariff& tariff = problem_.tariff;
  has_changing_rates_ = (tariff.intensity && !tariff.intensity->rate.constant()) ||
                        (tariff.price && !tariff.price->rate.constant());
}

void History::apply(const Event& event, WallTime at) {
  now_ = at;
  std::visit([this](const auto& e) { on(e); }, event);
}

const Trial& History::trial(TrialId id) const {
  WATTUNE_REQUIRE(id.number() < trials_.size());
  return trials_[id.number()];
}

Trial& History::known(TrialId id) {
  WATTUNE_REQUIRE(id.number() < trials_.size());
  return trials_[id.number()];
}

TrialId History::next_trial_id() const {
  return TrialId{static_cast<std::uint32_t>(trials_.size())};
}

std::optional<MetricId> History::metric_id(std::string_view name) const {
  const auto found = metric_ids_.find(name);
  if (found == metric_ids_.end()) return std::nullopt;
  return found->second;
}

MetricId History::intern(const std::string& name) {
  const auto [entry, is_new] =
      metric_ids_.try_emplace(name, static_cast<MetricId>(metric_names_.size()));
  if (is_new) metric_names_.push_back(name);
  return entry->second;
}

void History::on(const StudyCreated&) {
}

void History::on(const SessionStarted& event) {
  environment_ = event.environment;
  end_.reset();
  idle_.reset();  // of another machine perhaps, or of a warmer one
}

void History::on(const TrialCreated& event) {
  WATTUNE_REQUIRE(event.trial == next_trial_id());
  // By an eighth, not twofold: empty places for trials would be the larger part of their memory.
  if (trials_.size() == trials_.capacity())
    trials_.reserve(trials_.size() + trials_.size() / 8 + 16);
  trials_.emplace_back(event.trial, event.purpose, event.origin, event.configuration);
  if (event.purpose == Purpose::Finalist) ++num_finalist_trials_;
  if (event.repeat) trials_.back().extras().repeat = event.repeat;
}

void History::on(const Assigned& event) {
  Trial& trial = known(event.assignment.trial);
  WATTUNE_REQUIRE(!trial.is_running());
  // Begun anew: what was lost is no part of this training, so that its energy is known again.
  const bool is_begun_anew = trial.outcome_ == Outcome::Lost && trial.reports_.empty();
  if (is_begun_anew && trial.energy_ == missing_energy()) trial.energy_ = {};
  trial.state_ = TrialState::Running;
  trial.rung_ = event.assignment.rung;
  trial.bracket_ = event.assignment.bracket;
  trial.stage_ = event.assignment.stage;
  trial.target_ = event.assignment.to;
  ++trial.num_assignments_;
  for (const TrialId other : running_) known(other).had_company_ = true;
  if (!running_.empty()) trial.had_company_ = true;
  running_.push_back(trial.id());
}

void History::on(const Reported& event) {
  Trial& trial = known(event.trial);
  WATTUNE_REQUIRE(trial.is_running());
  WATTUNE_REQUIRE(event.step > trial.program_step_);
  charge(trial, event.energy, event.duration);
  trial.program_step_ = event.step;

  Report report;
  report.step = position_of(trial);
  report.samples = event.samples + (trial.reports_.empty() ? 0.0 : trial.reports_.back().samples);
  report.energy = trial.energy_.total();
  report.uncertainty_j = static_cast<float>(trial.energy_.uncertainty.value());
  report.duration_s = static_cast<float>(trial.duration_s_);
  report.provenance = trial.energy_.provenance;
  trial.reports_.push_back(report);
  if (has_changing_rates_) trial.extras().spent_at_report.push_back(trial.extras().spent);
  store_metrics(trial, event.metrics);
}

double History::position_of(const Trial& trial) const {
  switch (problem_.resource.unit) {
    case ResourceUnit::Seconds:
      return trial.duration_s_;
    case ResourceUnit::Joules:
      return trial.energy_.total().joules().value();
    default:
      return trial.program_step_;
  }
}

/// Are these the metrics of those columns, in their order?
bool History::are_columns(std::span<const MetricId> columns,
                          const std::vector<MetricValue>& metrics) const {
  return std::ranges::equal(columns, metrics, [&](MetricId id, const MetricValue& metric) {
    return metric_names_[id] == metric.name;
  });
}

/// Appends one row to the trial's metric table, widening the table where a metric is new to the
/// trial.
void History::store_metrics(Trial& trial, const std::vector<MetricValue>& metrics) {
  for (const MetricValue& metric : metrics) WATTUNE_REQUIRE(std::isfinite(metric.value));
  if (!trial.metric_ids_ && columns_ && are_columns(*columns_, metrics)) {
    trial.metric_ids_ = columns_;
  }
  if (!are_columns(trial.columns(), metrics)) return store_wider_row(trial, metrics);
  for (const MetricValue& metric : metrics) trial.metric_values_.push_back(metric.value);
}

void History::store_wider_row(Trial& trial, const std::vector<MetricValue>& metrics) {
  constexpr double kAbsent = std::numeric_limits<double>::quiet_NaN();
  const std::size_t num_rows = trial.reports_.size();
  std::vector<MetricId> columns(trial.columns().begin(), trial.columns().end());
  const std::size_t old_width = columns.size();
  for (const MetricValue& metric : metrics) {
    const MetricId id = intern(metric.name);
    if (std::ranges::find(columns, id) == columns.end()) columns.push_back(id);
  }
  std::vector<double> values(num_rows * columns.size(), kAbsent);
  for (std::size_t row = 0; row + 1 < num_rows; ++row) {
    std::copy_n(trial.metric_values_.begin() + static_cast<std::ptrdiff_t>(row * old_width),
                old_width, values.begin() + static_cast<std::ptrdiff_t>(row * columns.size()));
  }
  for (const MetricValue& metric : metrics) {
    const auto column = std::ranges::find(columns, metric_ids_.find(metric.name)->second);
    const auto offset = static_cast<std::size_t>(column - columns.begin());
    values[(num_rows - 1) * columns.size() + offset] = metric.value;
  }
  trial.metric_values_ = std::move(values);
  if (columns.size() == old_width) return;
  columns_ = std::make_shared<const std::vector<MetricId>>(std::move(columns));
  trial.metric_ids_ = columns_;
}

void History::on(const PhaseEnded& event) {
  auto& phases = known(event.trial).extras().phases;
  auto found = std::ranges::find(phases, event.phase, &PhaseTotal::name);
  if (found == phases.end()) {
    found = phases.insert(phases.end(), PhaseTotal{event.phase, 0.0, {}, {}});
  }
  found->samples += event.samples;
  found->duration += event.duration;
  found->energy += event.energy;
}

void History::on(const CheckpointSaved& event) {
  Trial& trial = known(event.trial);
  const bool is_counted = !is_metered(problem_.resource.unit);
  trial.extras().checkpoint =
      Checkpoint{event.step, event.path, is_counted ? event.step : trial.step()};
}

void History::on(const InfoGiven& event) {
  auto& info = known(event.trial).extras().info;
  for (const MetricValue& fact : event.values) {
    const auto found = std::ranges::find(info, fact.name, &MetricValue::name);
    if (found == info.end()) {
      info.push_back(fact);
    } else {
      found->value = fact.value;
    }
  }
}

void History::on(const Decided&) {
}

std::optional<double> History::step_at_irregular_end(std::size_t end) const {
  const auto found = std::ranges::lower_bound(irregular_ends_, end, {}, &IrregularEnd::end);
  if (found == irregular_ends_.end() || found->end != end) return std::nullopt;
  return found->step;
}

void History::on(const AssignmentEnded& event) {
  Trial& trial = known(event.trial);
  WATTUNE_REQUIRE(trial.is_running());
  trial.state_ = state_after(event.outcome);
  trial.outcome_ = event.outcome;
  if (event.outcome == Outcome::Lost && event.energy.is_missing()) {
    // Nobody read a meter: it is unknown for the trial, and the study's total is what was metered.
    trial.energy_ += event.energy;
  } else {
    charge(trial, event.energy, event.duration);
  }
  if (!event.detail.empty() || (trial.extras_ && !trial.extras_->detail.empty())) {
    trial.extras().detail = event.detail;
  }
  trial.was_cut_off_ |= trial.state_ == TrialState::Interrupted || trial.step() != trial.target_;
  if (trial.was_cut_off_) irregular_ends_.push_back({finished_order_.size(), trial.step()});
  finished_order_.push_back(event.trial);
  std::erase(running_, event.trial);
  trial.reports_.shrink_to_fit();
  trial.metric_values_.shrink_to_fit();
}

void History::on(const IdleMeasured& event) {
  idle_ = event;
  draw(event.energy, event.duration);
  total_duration_ += event.duration;
}

void History::on(const OverheadBooked& event) {
  draw(event.engine, event.duration);
  draw(event.rest, event.duration);
  total_duration_ += event.duration;
}

void History::on(const SessionEnded& event) {
  end_ = event;
}

void History::on(const WorkRepeated& event) {
  Trial& trial = known(event.trial);
  WATTUNE_REQUIRE(trial.is_running());
  charge(trial, event.energy, event.duration);
}

void History::on(const DevicesSeen& event) {
  known(event.trial).extras().devices.push_back(event);
  if (event.cooldown) {
    idle_temperatures_ = lowest(std::move(idle_temperatures_), event.cooldown->reference);
  }
}

void History::on(const AssignmentMetered& event) {
  known(event.trial).extras().metering.push_back(event);
}

void History::on(const ConfigurationEnqueued& event) {
  enqueued_.push_back(event.configuration);
}

Footprints History::amounts_of(const EnergyFigure& energy, Seconds duration) const {
  const auto length = std::chrono::duration_cast<WallTime::duration>(
      std::chrono::duration<double>(duration.value()));
  const energy::Footprint print = energy::footprint(energy, now_ - length, now_, problem_.tariff);
  return {print.carbon.value_or(energy::Amount{}), print.cost.value_or(energy::Amount{})};
}

void History::draw(const EnergyFigure& energy, Seconds duration) {
  total_energy_ += energy;
  if (has_changing_rates_) spent_ += amounts_of(energy, duration);
}

void History::charge(Trial& trial, const EnergyFigure& energy, Seconds duration) {
  trial.energy_ += energy;
  trial.duration_s_ += duration.value();
  if (has_changing_rates_) trial.extras().spent += amounts_of(energy, duration);
  draw(energy, duration);
}

Footprints History::spent() const {
  if (has_changing_rates_) return spent_;
  EnergyFigure known = total_energy_;
  if (known.is_missing()) known.provenance = Provenance::Modelled;
  return amounts_of(known, Seconds{});
}

Footprints History::spent(const Trial& trial) const {
  if (has_changing_rates_) return trial.extras_ ? trial.extras_->spent : Footprints{};
  EnergyFigure known = trial.energy_;
  if (known.is_missing()) known.provenance = Provenance::Modelled;
  return amounts_of(known, Seconds{});
}

energy::Footprint History::total_footprint() const {
  energy::Footprint print = energy::footprint(total_energy_, now_, now_, problem_.tariff);
  const Footprints amounts = spent();
  if (print.carbon) print.carbon = amounts.carbon;
  if (print.cost) print.cost = amounts.cost;
  return print;
}

double History::carbon_spent() const {
  const Tariff& tariff = problem_.tariff;
  WATTUNE_REQUIRE(tariff.intensity.has_value());
  return energy::at_most(spent().carbon, tariff.intensity->rate, tariff.pue);
}

double History::cost_spent() const {
  const Tariff& tariff = problem_.tariff;
  WATTUNE_REQUIRE(tariff.price.has_value());
  return energy::at_most(spent().cost, tariff.price->rate, tariff.pue);
}

double History::carbon_spent(const Trial& trial) const {
  const Tariff& tariff = problem_.tariff;
  WATTUNE_REQUIRE(tariff.intensity.has_value());
  return energy::at_most(spent(trial).carbon, tariff.intensity->rate, tariff.pue);
}

double History::cost_spent(const Trial& trial) const {
  const Tariff& tariff = problem_.tariff;
  WATTUNE_REQUIRE(tariff.price.has_value());
  return energy::at_most(spent(trial).cost, tariff.price->rate, tariff.pue);
}

/// Grams and money of a trial as of a report.
Footprints History::spent_at(const Trial& trial, std::size_t report_index) const {
  if (has_changing_rates_) return trial.extras_->spent_at_report.at(report_index);
  const Report& report = trial.reports()[report_index];
  EnergyFigure energy;
  energy.dynamic = report.energy;
  energy.uncertainty = Joules{report.uncertainty_j};
  return amounts_of(energy, Seconds{});
}

std::optional<double> History::value_of_phase(const Trial& trial, const Measure& measure) const {
  const auto phases = trial.phases();
  const auto found = std::ranges::find(phases, measure.name, &PhaseTotal::name);
  if (found == phases.end() || found->energy.is_missing()) return std::nullopt;
  const double joules = found->energy.total().joules().value();
  if (measure.kind == MeasureKind::Energy) return joules;
  if (joules <= 0.0 || found->samples <= 0.0) return std::nullopt;
  return measure.kind == MeasureKind::SamplesPerJoule ? found->samples / joules
                                                      : joules / found->samples;
}

std::optional<double> History::value_of_report(const Trial& trial, const Measure& measure,
                                               std::size_t report_index) const {
  const Report& report = trial.reports()[report_index];
  const bool is_known = report.provenance != Provenance::Missing;
  switch (measure.kind) {
    case MeasureKind::Metric: {
      const auto id = metric_id(measure.name);
      if (!id) return std::nullopt;
      for (std::size_t i = report_index + 1; i-- > 0;) {
        if (const auto value = trial.metric(i, *id)) return value;
      }
      return std::nullopt;
    }
    case MeasureKind::Energy:
      if (!measure.name.empty()) return value_of_phase(trial, measure);
      if (!is_known) return std::nullopt;
      return report.energy.joules().value();
    case MeasureKind::Duration:
      return report.duration_s;
    case MeasureKind::Carbon:
      if (!is_known || !problem_.tariff.intensity) return std::nullopt;
      return whole(spent_at(trial, report_index).carbon);
    case MeasureKind::Cost:
      if (!is_known || !problem_.tariff.price) return std::nullopt;
      return whole(spent_at(trial, report_index).cost);
    case MeasureKind::SamplesPerJoule:
    case MeasureKind::JoulesPerSample:
      return value_of_phase(trial, measure);
  }
  return std::nullopt;
}

std::optional<double> History::value(const Trial& trial, const Measure& measure) const {
  if (trial.reports().empty()) return std::nullopt;
  return value_of_report(trial, measure, trial.reports().size() - 1);
}

std::optional<double> History::value_at(const Trial& trial, const Measure& measure,
                                        double step) const {
  const auto report_index = trial.first_report_at(step);
  if (!report_index) return std::nullopt;
  return value_of_report(trial, measure, *report_index);
}

std::optional<std::vector<double>> History::losses(const Trial& trial) const {
  return trial.reports().empty() ? std::nullopt : losses_at(trial, trial.step());
}

std::optional<std::vector<double>> History::losses_at(const Trial& trial, double step) const {
  std::vector<double> losses;
  for (const Objective& objective : problem_.objectives) {
    const auto value = value_at(trial, objective.measure, step);
    if (!value) return std::nullopt;
    losses.push_back(as_loss(objective, *value));
  }
  return losses;
}

std::optional<double> History::violation(const Trial& trial) const {
  if (problem_.constraints.empty()) return 0.0;
  return trial.reports().empty() ? std::nullopt : violation_at(trial, trial.step());
}

std::optional<double> History::violation_at(const Trial& trial, double step) const {
  double sum = 0.0;
  for (const Constraint& constraint : problem_.constraints) {
    const auto known_value = value_at(trial, constraint.measure, step);
    if (!known_value) return std::nullopt;
    sum += excess(constraint, *known_value);
  }
  return sum;
}

bool History::is_complete(const Trial& trial) const {
  return trial.state() == TrialState::Completed;
}

std::optional<History::FullTraining> History::full_training_energy(const Trial& trial) const {
  if (trial.reports().empty() || trial.energy().is_missing()) return std::nullopt;
  if (is_complete(trial)) return FullTraining{trial.energy(), false};
  if (problem_.resource.unit == ResourceUnit::Run) return std::nullopt;
  const Report& last = trial.reports().back();
  const double factor = problem_.resource.max / last.step;
  FullTraining full;
  full.is_projected = true;
  full.energy.dynamic = to_microjoules(last.energy.joules() * factor);
  full.energy.uncertainty = Joules{last.uncertainty_j} * factor;
  full.energy.provenance = last.provenance;
  return full;
}

}  // namespace wattune::trial
