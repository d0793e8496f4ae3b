#include "curve_models.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "wattune/math/statistics.hpp"

namespace wattune::samplers {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using trial::MeasureKind;

/// Does the measure of a whole trial grow in proportion to its steps?
bool accumulates(const trial::Measure& measure) {
  switch (measure.kind) {
    case MeasureKind::Energy:
    case MeasureKind::Duration:
    case MeasureKind::Carbon:
    case MeasureKind::Cost:
      return measure.name.empty();
    case MeasureKind::Metric:
    case MeasureKind::SamplesPerJoule:
    case MeasureKind::JoulesPerSample:
      break;
  }
  return false;
}

/// 0 for the first rung and what is before it, 1 for a full training.
double place_of(double step, const trial::Resource& resource) {
  const double span = std::log(resource.max / resource.min);
  if (!(span > 0.0)) return 1.0;
  return std::clamp(std::log(step / resource.min) / span, 0.0, 1.0);
}

/// The first value at each rung or beyond it, and the last.
std::vector<Observation> at_rungs(std::vector<Observation> curve, double first_rung) {
  constexpr double kRatio = 3.0;
  std::vector<Observation> kept;
  double rung = first_rung;
  for (std::size_t i = 0; i < curve.size(); ++i) {
    const double step = curve[i].step;
    const bool is_last = i + 1 == curve.size();
    if (step < rung && !is_last) continue;
    while (rung <= step) rung *= kRatio;
    kept.push_back(std::move(curve[i]));
  }
  return kept;
}

/// Costs so far become costs of a full training.
void project(Observation& observation, const trial::Problem& problem) {
  const double factor = problem.resource.max / observation.step;
  for (std::size_t k = 0; k < problem.objectives.size(); ++k) {
    if (accumulates(problem.objectives[k].measure)) observation.losses[k] *= factor;
  }
  for (std::size_t c = 0; c < problem.constraints.size(); ++c) {
    auto& value = observation.bounded[c];
    if (value && accumulates(problem.constraints[c].measure)) *value *= factor;
  }
}

VectorXd vector_of(std::span<const double> values) {
  return Eigen::Map<const VectorXd>(values.data(), static_cast<Index>(values.size()));
}

MatrixXd rows_of(const trial::History& history, const Features& features,
                 std::span<const std::uint32_t> trials) {
  MatrixXd rows(static_cast<Index>(trials.size()), static_cast<Index>(features.num_columns()));
  for (std::size_t i = 0; i < trials.size(); ++i) {
    rows.row(static_cast<Index>(i)) = features.row(history.trials()[trials[i]].configuration());
  }
  return rows;
}

}  // namespace

CurveScale::CurveScale(std::span<const double> values, Shape shape) {
  const math::Range range = math::min_max(values);
  is_log_ = shape == Shape::Logarithmic && range.min > 0.0;
  is_squashed_ = shape != Shape::Linear;
  const auto scaled = [&](double value) { return is_log_ ? std::log(value) : value; };
  median_ = scaled(math::median(values));
  unit_ = median_ - scaled(range.min);
  if (!(unit_ > 0.0)) unit_ = scaled(range.max) - median_;
  if (!(unit_ > 0.0) || !std::isfinite(unit_)) unit_ = 1.0;
}

double CurveScale::operator()(double value) const {
  constexpr double kSmallest = 1e-300;
  constexpr double kFarthest = 1e6;
  const double scaled = is_log_ ? std::log(std::max(value, kSmallest)) : value;
  const double place = (scaled - median_) / unit_;
  if (is_squashed_ && place > 1.0) return 1.0 + std::log(place);
  return std::clamp(place, -kFarthest, kFarthest);
}

CurveModels::CurveModels(const trial::History& history, const Features& features,
                         const CurveModelOptions& options)
    : features_(features), options_(options) {
  read(history);
  if (is_empty()) return;
  thin(options_.max_rows);
  make_losses(history.problem());
  make_bounds(history.problem());
  find_feasible(history.problem());
}

void CurveModels::read(const trial::History& history) {
  const trial::Problem& problem = history.problem();
  const trial::NoiseModel noise{history};
  std::vector<std::uint32_t> failed;
  std::vector<std::uint32_t> pending;
  for (const trial::Trial& trial : history.trials()) {
    if (trial.purpose() != trial::Purpose::Search) continue;
    const std::uint32_t number = trial.id().number();
    if (trial.state() == trial::TrialState::Failed) {
      failed.push_back(number);
      continue;
    }
    if (trial.is_running() || trial.state() == trial::TrialState::Created) {
      pending.push_back(number);
    }
    auto curve = at_rungs(curve_of(history, noise, trial), problem.resource.min);
    if (curve.empty()) continue;
    for (Observation& observation : curve) {
      if (!(observation.step > 0.0)) continue;
      const double place = place_of(observation.step, problem.resource);
      project(observation, problem);
      values_.push_back({trials_.size(), place, std::move(observation)});
    }
    trials_.push_back(number);
    is_finished_.push_back(history.is_complete(trial));
  }
  rows_ = rows_of(history, features_, trials_);
  pending_rows_ = rows_of(history, features_, pending);
  if (!failed.empty() && !is_empty()) {
    success_ = std::make_unique<math::GaussianProcess>(
        success_process(features_, rows_, rows_of(history, features_, failed)));
  }
}

void CurveModels::thin(std::size_t max_rows) {
  constexpr double kForLater = 2.0;  // what a full curve is preferred by, in units of the scale
  if (values_.size() <= max_rows) return;
  std::vector<double> merits(values_.size(), std::numeric_limits<double>::infinity());
  for (std::size_t k = 0; k < values_.front().observation.losses.size(); ++k) {
    std::vector<double> losses;
    for (const Value& value : values_) losses.push_back(value.observation.losses[k]);
    const CurveScale scale{losses, CurveScale::Shape::Squashed};
    for (std::size_t i = 0; i < losses.size(); ++i) {
      merits[i] = std::min(merits[i], scale(losses[i]) - kForLater * values_[i].resource);
    }
  }
  std::vector<std::size_t> order(values_.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return merits[i]; });
  const std::size_t num_best = max_rows / 2;
  std::vector<std::size_t> kept(order.begin(), order.begin() + std::ptrdiff_t(num_best));
  const std::size_t num_spread = max_rows - num_best;
  const std::size_t num_others = order.size() - num_best;
  for (std::size_t i = 0; i < num_spread; ++i) {
    kept.push_back(order[num_best + (2 * i + 1) * num_others / (2 * num_spread)]);
  }
  std::ranges::sort(kept);
  std::vector<Value> thinned;
  for (const std::size_t i : kept) thinned.push_back(std::move(values_[i]));
  values_ = std::move(thinned);
}

CurveModels::Modelled CurveModels::model_of(std::span<const std::size_t> used,
                                            std::span<const double> values,
                                            CurveScale::Shape shape) const {
  CurveScale scale{values, shape};
  std::vector<double> scaled;
  for (const double value : values) scaled.push_back(scale(value));
  const auto n = static_cast<Index>(used.size());
  math::CurveData data{MatrixXd(n, rows_.cols()), VectorXd(n), vector_of(scaled)};
  for (Index i = 0; i < n; ++i) {
    const Value& value = values_[used[static_cast<std::size_t>(i)]];
    data.points.row(i) = rows_.row(static_cast<Index>(value.row));
    data.resources[i] = value.resource;
  }
  const math::CurveShape kernel{features_.shape(options_.configuration_family),
                                options_.resource_family};
  math::CurveHyperparameters fitted = math::CurveProcess::fit(kernel, data, options_.fit);
  return {scale, math::CurveProcess{kernel, std::move(data), std::move(fitted)}};
}

void CurveModels::make_losses(const trial::Problem& problem) {
  std::vector<std::size_t> all(values_.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  for (std::size_t k = 0; k < problem.objectives.size(); ++k) {
    std::vector<double> losses;
    for (const Value& value : values_) losses.push_back(value.observation.losses[k]);
    const bool is_cost = accumulates(problem.objectives[k].measure);
    losses_.push_back(model_of(
        all, losses, is_cost ? CurveScale::Shape::Logarithmic : CurveScale::Shape::Squashed));
  }
}

void CurveModels::make_bounds(const trial::Problem& problem) {
  for (std::size_t c = 0; c < problem.constraints.size(); ++c) {
    const trial::Constraint& constraint = problem.constraints[c];
    const double sign = constraint.max ? 1.0 : -1.0;  // bad values are the large ones
    std::vector<std::size_t> known;
    std::vector<double> values;
    for (std::size_t i = 0; i < values_.size(); ++i) {
      const auto& value = values_[i].observation.bounded[c];
      if (!value) continue;
      known.push_back(i);
      values.push_back(sign * *value);
    }
    if (known.empty()) continue;
    const bool is_two_sided = constraint.min && constraint.max;
    BoundModel bound{
        model_of(known, values,
                 is_two_sided ? CurveScale::Shape::Linear : CurveScale::Shape::Squashed),
        std::nullopt, std::nullopt};
    const CurveScale& scale = bound.model.scale;
    if (constraint.max) bound.max = scale(*constraint.max);
    if (constraint.min) (is_two_sided ? bound.min : bound.max) = scale(sign * *constraint.min);
    bounds_.push_back(std::move(bound));
  }
}

/// Trials whose constraints are predicted to be kept at the full resource.
void CurveModels::find_feasible(const trial::Problem& problem) {
  if (bounds_.size() < problem.constraints.size()) return;  // nothing is known of one
  std::vector<bool> is_feasible(trials_.size(), true);
  for (const BoundModel& bound : bounds_) {
    const VectorXd means = bound.model.process.predict_means(rows_);
    for (std::size_t i = 0; i < trials_.size(); ++i) {
      const double mean = means[static_cast<Index>(i)];
      const bool is_kept = !(bound.max && mean > *bound.max) && !(bound.min && mean < *bound.min);
      is_feasible[i] = is_feasible[i] && is_kept;
    }
  }
  for (std::size_t i = 0; i < trials_.size(); ++i) {
    if (is_feasible[i]) feasible_.push_back(i);
  }
}

void CurveModels::add_unfinished_to_losses() {
  constexpr std::size_t kMost = 60;  // the best of them; nobody looks near the others
  for (Modelled& loss : losses_) {
    const VectorXd means = loss.process.predict_means(rows_);
    std::vector<std::size_t> unfinished;
    for (std::size_t i = 0; i < trials_.size(); ++i) {
      if (!is_finished_[i]) unfinished.push_back(i);
    }
    std::ranges::stable_sort(unfinished, {},
                             [&](std::size_t i) { return means[static_cast<Index>(i)]; });
    unfinished.resize(std::min(unfinished.size(), kMost));
    for (const std::size_t i : unfinished) {
      const auto row = static_cast<Index>(i);
      loss.process.add(rows_.row(row), 1.0, means[row]);
    }
    for (Index i = 0; i < pending_rows_.rows(); ++i) {
      const MatrixXd row = pending_rows_.row(i);
      loss.process.add(row, 1.0, loss.process.predict_means(row)[0]);
    }
  }
}

void CurveModels::add_pending_to_bounds() {
  for (BoundModel& bound : bounds_) {
    math::CurveProcess& process = bound.model.process;
    for (Index i = 0; i < pending_rows_.rows(); ++i) {
      const MatrixXd row = pending_rows_.row(i);
      process.add(row, 1.0, std::max(process.predict_means(row)[0], *bound.max));
    }
  }
}

std::vector<const math::Posterior*> CurveModels::loss_processes() const {
  std::vector<const math::Posterior*> processes;
  for (const Modelled& loss : losses_) processes.push_back(&loss.process);
  return processes;
}

std::vector<Bound> CurveModels::bounds() const {
  constexpr double kHalfway = 0.5;
  std::vector<Bound> bounds;
  for (const BoundModel& bound : bounds_) {
    bounds.push_back({&bound.model.process, bound.min, bound.max});
  }
  if (success_) bounds.push_back({success_.get(), std::nullopt, kHalfway});
  return bounds;
}

std::vector<double> CurveModels::on_scale(std::span<const double> losses) const {
  std::vector<double> scaled;
  for (std::size_t k = 0; k < losses.size(); ++k) scaled.push_back(losses_[k].scale(losses[k]));
  return scaled;
}

double CurveModels::noise_share() const {
  double share = 0.0;
  for (const Modelled& loss : losses_) {
    share = std::max(share, std::exp(loss.process.hyperparameters().log_noise));
  }
  return share;
}

}  // namespace wattune::samplers
