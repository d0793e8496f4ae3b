#include "wattune/trial/noise.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <vector>

#include "wattune/energy/split_error.hpp"
#include "wattune/trial/finalists.hpp"

namespace wattune::trial {
namespace {

/// Of a 95 % interval.
constexpr double kHalfWidths = 0.5;

/// The slowest refresh among the channels that the last session has told of.
std::optional<Seconds> slowest_refresh(const History& history) {
  const auto environment = nlohmann::json::parse(history.environment(), nullptr, false);
  if (!environment.is_object() || !environment.contains("channels")) return std::nullopt;
  std::optional<Seconds> slowest;
  for (const auto& channel : environment.at("channels")) {
    if (!channel.is_object() || !channel.contains("refresh_s")) return std::nullopt;
    const Seconds refresh{channel.at("refresh_s").get<double>()};
    slowest = slowest ? std::max(*slowest, refresh) : refresh;
  }
  return slowest;
}

/// A longer training varies more in joules and seconds, but not in accuracy.
bool is_relative(const Measure& measure) {
  return measure.kind == MeasureKind::Energy || measure.kind == MeasureKind::Duration;
}

/// Pooled variance of what was measured again; nothing where no configuration was twice.
std::optional<double> pooled_variance(const History& history,
                                      const std::vector<Finalist>& finalists,
                                      const Measure& measure) {
  double squares = 0.0;
  std::size_t degrees = 0;
  for (const Finalist& finalist : finalists) {
    std::vector<double> values;
    for (const auto& [number, id] : finalist.again) {
      if (const auto value = history.value(history.trial(id), measure)) values.push_back(*value);
    }
    if (values.size() < 2) continue;
    double mean = 0.0;
    for (const double value : values) mean += value / static_cast<double>(values.size());
    const double scale = is_relative(measure) ? mean : 1.0;
    if (scale == 0.0) continue;
    for (const double value : values) squares += std::pow((value - mean) / scale, 2);
    degrees += values.size() - 1;
  }
  if (degrees == 0) return std::nullopt;
  return squares / static_cast<double>(degrees);
}

double square(Joules value) {
  return value.value() * value.value();
}

/// Standard deviation of what a split by CPU time gives to a trial. Where it is not known what was
/// split, one that had company is taken for half of it.
Joules split_deviation(const Trial& trial) {
  const Joules part = trial.energy().dynamic.joules();
  Microjoules whole;
  for (const AssignmentMetered& metered : trial.metering()) whole += metered.node.dynamic;
  const bool is_known = trial.metering().size() == trial.num_assignments();
  const Joules guess = trial.had_company() ? part * 2.0 : part;
  return energy::split_error(part, is_known ? whole.joules() : guess) * kHalfWidths;
}

}  // namespace

double variance(const EnergyNoise& noise, Comparison comparison) {
  const double own = square(noise.edge) + square(noise.attribution) + square(noise.between_run);
  return comparison == Comparison::AcrossDevices ? own + square(noise.gain) : own;
}

NoiseModel::NoiseModel(const History& history)
    : history_(history), refresh_(slowest_refresh(history)) {
  const std::vector<Finalist> finalists = finalists_of(history);
  if (finalists.empty()) return;
  std::vector<Measure> measures{{MeasureKind::Energy, ""}, {MeasureKind::Duration, ""}};
  for (const std::string& name : history.metric_names()) {
    measures.push_back({MeasureKind::Metric, name});
  }
  for (const Measure& measure : measures) {
    if (const auto pooled = pooled_variance(history, finalists, measure)) {
      between_runs_.emplace(to_text(measure), *pooled);
    }
  }
}

std::optional<double> NoiseModel::between_runs(const Measure& measure) const {
  const auto found = between_runs_.find(to_text(measure));
  if (found == between_runs_.end()) return std::nullopt;
  return found->second;
}

std::optional<EnergyNoise> NoiseModel::energy_noise(const Trial& trial) const {
  const EnergyFigure& energy = trial.energy();
  if (energy.is_missing() || !refresh_ || trial.duration() <= Seconds{}) return std::nullopt;
  EnergyNoise noise;
  // Two edges for each assignment: what a report's window misses the next one gets. Each is off by
  // an even error over one step of the counter.
  const Joules total = energy.total().joules();
  const Joules step = total / trial.duration() * *refresh_;
  noise.edge = step * std::sqrt(2.0 * trial.num_assignments() / 12.0);
  noise.attribution = split_deviation(trial);
  if (const auto relative = between_runs({MeasureKind::Energy, ""})) {
    // What was measured again had edges too: they are in the spread already.
    const double spread = *relative * square(total);
    noise.between_run = Joules{std::sqrt(std::max(0.0, spread - square(noise.edge)))};
  }
  // What is stated has all three in it.
  const double stated = square(energy.uncertainty * kHalfWidths);
  const double rest = stated - square(noise.edge) - square(noise.attribution);
  noise.gain = Joules{std::sqrt(std::max(0.0, rest))};
  return noise;
}

std::optional<double> NoiseModel::variance_of(const Trial& trial, const Measure& measure,
                                              Comparison comparison) const {
  const bool is_of_energy = measure.kind == MeasureKind::Energy ||
                            measure.kind == MeasureKind::Carbon ||
                            measure.kind == MeasureKind::Cost;
  if (is_of_energy && measure.name.empty()) {
    const auto noise = energy_noise(trial);
    const auto scaled = history_.value(trial, measure);
    if (!noise || !scaled) return std::nullopt;
    const double joules = trial.reports().back().energy.joules().value();
    if (joules <= 0.0) return std::nullopt;
    const double per_joule = measure.kind == MeasureKind::Energy ? 1.0 : *scaled / joules;
    return variance(*noise, comparison) * per_joule * per_joule;
  }
  const bool is_known =
      measure.kind == MeasureKind::Metric || measure.kind == MeasureKind::Duration;
  if (!is_known) return std::nullopt;
  const auto spread = between_runs(measure);
  if (!spread || !is_relative(measure)) return spread;
  return *spread * std::pow(trial.duration().value(), 2);
}

}  // namespace wattune::trial
