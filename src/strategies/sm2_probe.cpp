#include "sm2_probe.hpp"

#include <algorithm>
#include <limits>
#include <map>

#include "sm2_roles.hpp"

namespace wattune::strategies {
namespace {

/// Index of the report that ends the warm-up.
std::size_t warmup_end(trial::ResourceUnit unit, std::span<const trial::Report> reports,
                       double batch_size, double num_warmup_steps) {
  for (std::size_t i = 0; i < reports.size(); ++i) {
    const auto steps = steps_at(unit, reports[i], batch_size);
    if (!steps || *steps >= num_warmup_steps) return i;
  }
  return reports.size() - 1;
}

/// The largest value of a metric, as it is reported, or a fact that the program has told.
std::optional<double> largest(const trial::History& history, const trial::Trial& trial,
                              const std::string& name) {
  std::optional<double> most;
  for (const trial::MetricValue& fact : trial.info()) {
    if (fact.name == name) most = fact.value;
  }
  const auto id = history.metric_id(name);
  for (std::size_t i = 0; id && i < trial.reports().size(); ++i) {
    const auto value = trial.metric(i, *id);
    if (value) most = std::max(most.value_or(*value), *value);
  }
  return most;
}

ProbedSize probed(const trial::History& history, const trial::Trial& trial, std::int64_t batch_size,
                  const Sm2Options& options) {
  ProbedSize size;
  size.batch_size = batch_size;
  size.trial = trial.id();
  size.has_failed = trial.state() == trial::TrialState::Failed;
  size.memory_share = largest(history, trial, options.memory_metric);
  size.is_over_memory = size.memory_share && *size.memory_share > options.memory_limit;
  if (const auto id = history.metric_id(options.utilisation_metric)) {
    size.utilisation = trial.last_metric(*id);
  }
  const auto measured = measure_probe(history, trial, options);
  if (!measured || measured->work <= 0.0) return size;
  if (measured->energy) size.joules_per_unit = measured->energy->value() / measured->work;
  if (measured->duration.value() > 0.0) {
    size.units_per_second = measured->work / measured->duration.value();
    if (measured->energy) {
      size.power = Watts{measured->energy->value() / measured->duration.value()};
    }
  }
  return size;
}

/// Has this probe trial said what it can: enough, or the end of its program?
bool has_spoken(const trial::History& history, const trial::Trial& trial,
                const Sm2Options& options) {
  switch (trial.state()) {
    case trial::TrialState::Completed:
    case trial::TrialState::Stopped:
    case trial::TrialState::Failed:
      return true;
    default:
      return is_enough(measure_probe(history, trial, options), options);
  }
}

}  // namespace

double work_at(trial::ResourceUnit unit, double step, std::optional<double> batch_size) {
  return unit == trial::ResourceUnit::Steps ? step * batch_size.value_or(1.0) : step;
}

std::optional<double> steps_at(trial::ResourceUnit unit, const trial::Report& report,
                               double batch_size) {
  if (unit == trial::ResourceUnit::Steps) return report.step;
  if (unit == trial::ResourceUnit::Samples) return report.step / batch_size;
  if (report.samples > 0.0) return report.samples / batch_size;
  return std::nullopt;
}

std::optional<ProbeMeasurement> measure_probe(const trial::History& history,
                                              const trial::Trial& trial,
                                              const Sm2Options& options) {
  const auto reports = trial.reports();
  if (reports.empty()) return std::nullopt;
  const trial::ResourceUnit unit = history.problem().resource.unit;
  const double batch_size =
      batch_size_in(history.problem().space, trial.configuration()).value_or(1.0);
  const std::size_t begin = warmup_end(unit, reports, batch_size, options.num_warmup_steps);
  const trial::Report& last = reports.back();
  const bool has_measured = begin + 1 < reports.size();
  const trial::Report first = has_measured || trial.is_running() ? reports[begin] : trial::Report{};

  ProbeMeasurement measured;
  const auto steps = steps_at(unit, last, batch_size);
  if (steps) measured.num_steps = *steps - steps_at(unit, first, batch_size).value_or(0.0);
  measured.work = work_at(unit, last.step - first.step, batch_size);
  measured.duration = Seconds{static_cast<double>(last.duration_s - first.duration_s)};
  if (last.provenance != Provenance::Missing) {
    measured.energy = (last.energy - first.energy).joules();
  }
  return measured;
}

bool is_enough(const std::optional<ProbeMeasurement>& measured, const Sm2Options& options) {
  if (!measured) return false;
  const bool has_steps = !measured->num_steps || *measured->num_steps >= options.min_probe_steps;
  return has_steps && measured->work > 0.0 && measured->duration >= options.min_probe_duration;
}

ProbeState follow_probe(const trial::History& history, const std::vector<std::int64_t>& batch_sizes,
                        const Sm2Options& options) {
  std::map<std::int64_t, const trial::Trial*> spoken;
  ProbeState state;
  for (const trial::Trial& trial : history.trials()) {
    if (trial.purpose() != trial::Purpose::Probe || trial.bracket() != kSizeProbe) continue;
    if (trial.is_running()) {
      state.is_running = true;
      continue;
    }
    const auto batch_size = batch_size_in(history.problem().space, trial.configuration());
    if (batch_size && has_spoken(history, trial, options)) {
      spoken.try_emplace(static_cast<std::int64_t>(*batch_size), &trial);
    }
  }
  for (const std::int64_t batch_size : batch_sizes) {
    const auto found = spoken.find(batch_size);
    if (found == spoken.end()) {
      state.next = batch_size;
      break;
    }
    state.sizes.push_back(probed(history, *found->second, batch_size, options));
    if (!state.sizes.back().is_usable()) break;
  }
  return state;
}

std::vector<std::int64_t> efficiency_window(const std::vector<ProbedSize>& sizes,
                                            double tolerance) {
  double least = std::numeric_limits<double>::infinity();
  for (const ProbedSize& size : sizes) {
    if (size.is_usable() && size.joules_per_unit) least = std::min(least, *size.joules_per_unit);
  }
  const bool is_energy_known = least < std::numeric_limits<double>::infinity();
  std::vector<std::int64_t> window;
  for (const ProbedSize& size : sizes) {
    if (!size.is_usable()) continue;
    const bool is_cheap =
        size.joules_per_unit && *size.joules_per_unit <= (1.0 + tolerance) * least;
    if (!is_energy_known || is_cheap) window.push_back(size.batch_size);
  }
  const bool is_tight = window.empty() && !sizes.empty() && !sizes.front().has_failed;
  if (is_tight) window.push_back(sizes.front().batch_size);  // it ran: there is nothing smaller
  return window;
}

NewTrial probe_trial(const trial::History& history, const space::Configuration& configuration,
                     std::uint16_t kind, double num_steps) {
  const trial::Resource& resource = history.problem().resource;
  NewTrial probe;
  probe.purpose = trial::Purpose::Probe;
  probe.origin = trial::Origin::Probe;
  probe.configuration = configuration;
  probe.assignment.trial = history.next_trial_id();
  probe.assignment.to = resource.max;
  probe.assignment.bracket = kind;
  probe.assignment.stage = trial::Stage::Probe;
  double every = 1.0;  // an epoch
  if (resource.unit == trial::ResourceUnit::Steps) every = num_steps;
  if (resource.unit == trial::ResourceUnit::Samples) {
    every = num_steps * batch_size_in(history.problem().space, configuration).value_or(1.0);
  }
  probe.assignment.report_every = std::min(std::max(every, 1.0), resource.max);
  return probe;
}

}  // namespace wattune::strategies
