#include "sm2_probe.hpp"

#include <algorithm>
#include <limits>
#include <map>

#include "sm2_roles.hpp"

namespace wattune::strategies {
namespace {

/// Optimiser steps up to a report; nothing where only epochs are known.
std::optional<double> steps_at(trial::ResourceUnit unit, const trial::Report& report,
                               double batch_size) {
  if (unit == trial::ResourceUnit::Steps) return report.step;
  if (unit == trial::ResourceUnit::Samples) return report.step / batch_size;
  if (report.samples > 0.0) return report.samples / batch_size;
  return std::nullopt;
}

/// Index of the report that ends the warm-up.
std::size_t warmup_end(trial::ResourceUnit unit, std::span<const trial::Report> reports,
                       double batch_size, double num_warmup_steps) {
  for (std::size_t i = 0; i < reports.size(); ++i) {
    const auto steps = steps_at(unit, reports[i], batch_size);
    if (!steps || *steps >= num_warmup_steps) return i;
  }
  return reports.size() - 1;
}

ProbedSize probed(const trial::History& history, const trial::Trial& trial, std::int64_t batch_size,
                  const Sm2Options& options) {
  ProbedSize size;
  size.batch_size = batch_size;
  size.trial = trial.id();
  size.has_failed = trial.state() == trial::TrialState::Failed;
  const auto measured = measure_probe(history, trial, options);
  if (!measured || measured->work <= 0.0) return size;
  if (measured->energy) size.joules_per_unit = measured->energy->value() / measured->work;
  if (measured->duration.value() > 0.0) {
    size.units_per_second = measured->work / measured->duration.value();
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
    if (trial.purpose() != trial::Purpose::Probe) continue;
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
    if (state.sizes.back().has_failed) break;
  }
  return state;
}

std::vector<std::int64_t> efficiency_window(const std::vector<ProbedSize>& sizes,
                                            double tolerance) {
  double least = std::numeric_limits<double>::infinity();
  for (const ProbedSize& size : sizes) {
    if (!size.has_failed && size.joules_per_unit) least = std::min(least, *size.joules_per_unit);
  }
  const bool is_energy_known = least < std::numeric_limits<double>::infinity();
  std::vector<std::int64_t> window;
  for (const ProbedSize& size : sizes) {
    if (size.has_failed) continue;
    const bool is_cheap =
        size.joules_per_unit && *size.joules_per_unit <= (1.0 + tolerance) * least;
    if (!is_energy_known || is_cheap) window.push_back(size.batch_size);
  }
  return window;
}

NewTrial probe_trial(const trial::History& history, const space::Configuration& configuration,
                     std::int64_t batch_size, const Sm2Options& options) {
  const trial::Resource& resource = history.problem().resource;
  NewTrial probe;
  probe.purpose = trial::Purpose::Probe;
  probe.origin = trial::Origin::Probe;
  probe.configuration = configuration;
  probe.assignment.trial = history.next_trial_id();
  probe.assignment.to = resource.max;
  probe.assignment.stage = trial::Stage::Probe;
  double every = 1.0;  // an epoch
  if (resource.unit == trial::ResourceUnit::Steps) every = options.num_warmup_steps;
  if (resource.unit == trial::ResourceUnit::Samples) {
    every = options.num_warmup_steps * static_cast<double>(batch_size);
  }
  probe.assignment.report_every = std::min(std::max(every, 1.0), resource.max);
  return probe;
}

}  // namespace wattune::strategies
