#include "evidence.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "comparable_step.hpp"
#include "wattune/trial/finalists.hpp"

namespace wattune::samplers {
namespace {

using trial::Trial;
using trial::TrialState;

std::optional<double> step_to_compare_at(const trial::History& history, std::size_t least) {
  std::map<double, std::size_t> num_reached;
  for (const Trial& trial : history.trials()) {
    if (trial.purpose() != trial::Purpose::Search) continue;
    if (trial.state() == TrialState::Failed || trial.reports().empty()) continue;
    ++num_reached[trial.step()];
  }
  return comparable_step(num_reached, least);
}

bool is_finite(const std::vector<double>& values) {
  return std::ranges::all_of(values, [](double value) { return std::isfinite(value); });
}

/// Before anything was measured again a noise model knows the meter's part alone, which is the
/// smaller one: then the noise has to be inferred.
std::optional<double> noise_of(const trial::History& history, const trial::NoiseModel& noise,
                               const Trial& trial, const trial::Measure& measure) {
  if (history.num_finalist_trials() == 0) return std::nullopt;
  return noise.variance_of(trial, measure);
}

std::optional<Observation> observe(const trial::History& history, const trial::NoiseModel& noise,
                                   const Trial& trial, double step) {
  auto losses = history.losses_at(trial, step);
  if (!losses || !is_finite(*losses)) return std::nullopt;
  Observation observation;
  observation.trial = trial.id().number();
  observation.step = step;
  observation.losses = std::move(*losses);
  for (const trial::Objective& objective : history.problem().objectives) {
    observation.variances.push_back(noise_of(history, noise, trial, objective.measure));
  }
  for (const trial::Constraint& constraint : history.problem().constraints) {
    const auto value = history.value_at(trial, constraint.measure, step);
    const bool is_known = value && std::isfinite(*value);
    observation.bounded.push_back(is_known ? value : std::nullopt);
    observation.bounded_variances.push_back(noise_of(history, noise, trial, constraint.measure));
  }
  return observation;
}

/// Sorts a trial of the search to where it belongs.
void take(const trial::History& history, const trial::NoiseModel& noise, const Trial& trial,
          Evidence& evidence) {
  const std::uint32_t number = trial.id().number();
  if (trial.state() == TrialState::Failed) {
    evidence.failed.push_back(number);
    return;
  }
  if (evidence.step && !trial.reports().empty() && trial.step() >= *evidence.step) {
    if (auto observation = observe(history, noise, trial, *evidence.step)) {
      evidence.observed.push_back(std::move(*observation));
      return;
    }
  }
  const bool is_open = trial.is_running() || trial.state() == TrialState::Created;
  (is_open ? evidence.pending : evidence.cut_short).push_back(number);
}

}  // namespace

Evidence evidence_of(const trial::History& history, std::size_t least_at_step) {
  Evidence evidence;
  evidence.step = step_to_compare_at(history, least_at_step);
  const trial::NoiseModel noise{history};
  for (const Trial& trial : history.trials()) {
    if (trial.purpose() == trial::Purpose::Search) {
      take(history, noise, trial, evidence);
    } else if (evidence.step && trial::counts_as_measured_again(trial)) {
      auto observation = observe(history, noise, trial, *evidence.step);
      if (observation) evidence.observed.push_back(std::move(*observation));
    }
  }
  return evidence;
}

std::vector<Observation> curve_of(const trial::History& history, const trial::NoiseModel& noise,
                                  const trial::Trial& trial) {
  std::vector<Observation> curve;
  for (const trial::Report& report : trial.reports()) {
    auto observation = observe(history, noise, trial, report.step);
    if (observation) curve.push_back(std::move(*observation));
  }
  return curve;
}

}  // namespace wattune::samplers
