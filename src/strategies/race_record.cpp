#include "race_record.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace wattune::strategies {
namespace {

bool is_whole(trial::ResourceUnit unit) {
  return unit == trial::ResourceUnit::Epochs || unit == trial::ResourceUnit::Steps ||
         unit == trial::ResourceUnit::Samples;
}

/// Of a step that is a share of a full training; one e-th of it is a quarter below.
double place_of(double share) {
  constexpr double kLogRange = 4.0;
  return std::clamp(1.0 + std::log(share) / kLogRange, 0.0, 1.0);
}

void project(CurveValue& value, const trial::Problem& problem) {
  const double factor = problem.resource.max / value.step;
  for (std::size_t k = 0; k < value.losses.size(); ++k) {
    if (accumulates(problem.objectives[k].measure)) value.losses[k] *= factor;
  }
  for (std::size_t c = 0; c < value.bounded.size(); ++c) {
    if (value.bounded[c] && accumulates(problem.constraints[c].measure))
      *value.bounded[c] *= factor;
  }
}

}  // namespace

double violation_of(std::span<const trial::Constraint> constraints, const CurveValue& value) {
  double sum = 0.0;
  for (std::size_t c = 0; c < constraints.size(); ++c) {
    if (!value.bounded[c]) return std::numeric_limits<double>::infinity();
    sum += trial::excess(constraints[c], *value.bounded[c]);
  }
  return sum;
}

bool accumulates(const trial::Measure& measure) {
  using trial::MeasureKind;
  switch (measure.kind) {
    case MeasureKind::Energy:
    case MeasureKind::Duration:
    case MeasureKind::Carbon:
    case MeasureKind::Cost:
      return measure.name.empty();
    default:
      return false;
  }
}

std::vector<double> race_rungs(const trial::Resource& resource, double share, double eta) {
  double first = std::max(resource.min, resource.max / share);
  if (is_whole(resource.unit)) first = std::round(first);
  std::vector<double> rungs;
  for (double rung = first; rung < resource.max; rung *= eta) {
    rungs.push_back(is_whole(resource.unit) ? std::round(rung) : rung);
  }
  // A last cut close to the end saves nothing.
  constexpr double kNear = 0.75;
  while (!rungs.empty() && rungs.back() > kNear * resource.max) rungs.pop_back();
  rungs.push_back(resource.max);
  return rungs;
}

std::optional<std::size_t> RaceRecord::next_rung(const trial::Trial& trial) const {
  const auto next = std::ranges::upper_bound(rungs_, trial.step());
  if (next == rungs_.end()) return std::nullopt;
  return static_cast<std::size_t>(next - rungs_.begin());
}

bool RaceRecord::add_next(const trial::History& history, const trial::Trial& trial) {
  std::size_t& rung = next_rungs_[trial.id().number()];
  if (rung >= rungs_.size()) return false;
  const bool is_there = trial.step() >= rungs_[rung];
  // A program that ends by itself before the horizon shows its end there.
  const bool is_end = !is_there && history.is_complete(trial);
  if (!is_there && !is_end) return false;
  const double step = is_end ? trial.step() : rungs_[rung];
  rung = is_end ? rungs_.size() : rung + 1;
  const trial::Problem& problem = history.problem();
  auto losses = history.losses_at(trial, step);
  const bool is_finite =
      losses && std::ranges::all_of(*losses, [](double loss) { return std::isfinite(loss); });
  if (!is_finite || !(step > 0.0)) return true;
  CurveValue value{trial.id().number(),
                   step,
                   is_end ? 1.0 : place_of(step / rungs_.back()),
                   *std::move(losses),
                   {}};
  for (const trial::Constraint& constraint : problem.constraints) {
    value.bounded.push_back(history.value_at(trial, constraint.measure, step));
  }
  project(value, problem);
  values_.push_back(std::move(value));
  return true;
}

bool RaceRecord::has_reached_next(std::uint32_t trial, double step) const {
  const std::size_t rung = next_rungs_[trial];
  return rung < rungs_.size() && step >= rungs_[rung];
}

void RaceRecord::update(const trial::History& history) {
  const auto order = history.finished_order();
  std::vector<std::uint32_t> num_ends(history.trials().size(), 0);
  for (const TrialId id : order) ++num_ends[id.number()];
  ends_.resize(num_ends.size(), 0);
  next_rungs_.resize(num_ends.size(), 0);
  for (; num_ends_seen_ < order.size(); ++num_ends_seen_) {
    const trial::Trial& trial = history.trial(order[num_ends_seen_]);
    if (trial.purpose() != trial::Purpose::Search) continue;
    const std::uint32_t number = trial.id().number();
    const bool is_last = ++ends_[number] == num_ends[number] && !trial.is_running();
    if (const auto step = history.step_at_irregular_end(num_ends_seen_); step && !is_last) {
      while (has_reached_next(number, *step) && add_next(history, trial)) {
      }
      continue;
    }
    while (add_next(history, trial) && is_last) {
    }
  }
}

}  // namespace wattune::strategies
