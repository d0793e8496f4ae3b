#include "race_model.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "wattune/math/statistics.hpp"

namespace wattune::strategies {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::RowVectorXd;
using Eigen::VectorXd;

math::CurveShape shape_of(const samplers::Features& features, const space::Space& space,
                          bool is_warped) {
  math::CurveShape shape{features.shape(math::KernelFamily::Matern52), math::KernelFamily::Rbf};
  for (std::size_t i = 0; is_warped && i < space.size(); ++i) {
    if (const auto column = features.ordered_column(i)) shape.warped_columns.push_back(*column);
  }
  return shape;
}

/// The median of how far failed trials had got: who has not come so far has not shown that it does
/// not fail.
double usual_failure_step(const trial::History& history) {
  std::vector<double> steps;
  for (const trial::Trial& trial : history.trials()) {
    const bool has_failed = trial.state() == trial::TrialState::Failed;
    if (has_failed && trial.purpose() == trial::Purpose::Search) steps.push_back(trial.step());
  }
  return steps.empty() ? 0.0 : math::median(steps);
}

/// Weights of several losses that add to 1; the same for every loss where there is one.
VectorXd direction(std::size_t num_losses, Rng& rng) {
  VectorXd weights(static_cast<Index>(num_losses));
  for (double& weight : weights) weight = -std::log(1.0 - rng.uniform());
  return weights / std::max(weights.sum(), std::numeric_limits<double>::min());
}

}  // namespace

RaceModel::RaceModel(const trial::Problem& problem, const samplers::Features& features,
                     const RaceTuning& tuning)
    : problem_(problem), features_(features), tuning_(tuning) {
  const math::CurveShape shape = shape_of(features, problem.space, tuning.warp);
  for (const trial::Objective& objective : problem.objectives) {
    losses_.emplace_back(shape,
                         accumulates(objective.measure) ? samplers::CurveScale::Shape::Logarithmic
                                                        : samplers::CurveScale::Shape::Squashed,
                         tuning);
  }
  for (const trial::Constraint& constraint : problem.constraints) {
    limits_.emplace_back(constraint, shape, tuning);
  }
}

void RaceModel::read(const trial::History& history, const std::vector<CurveValue>& values) {
  for (; num_values_seen_ < values.size(); ++num_values_seen_) {
    const CurveValue& value = values[num_values_seen_];
    const RowVectorXd row = features_.row(history.trials()[value.trial].configuration());
    for (std::size_t k = 0; k < losses_.size(); ++k) {
      losses_[k].add(row, value.place, value.losses[k]);
    }
    for (std::size_t c = 0; c < limits_.size(); ++c) {
      if (value.bounded[c]) limits_[c].add(row, value.place, *value.bounded[c]);
    }
    seen_.push_back(value.losses);
    is_feasible_.push_back(violation_of(problem_.constraints, value) > 0.0 ? 0 : 1);
  }
}

void RaceModel::update(const trial::History& history, const std::vector<CurveValue>& values) {
  read(history, values);
  if (!is_ready()) return;
  for (RaceCurves& curves : losses_) curves.update();
  for (RaceLimit& limit : limits_) limit.update();
  believe(history);
  worth_.reset();
  auto points = feasible_points();
  if (points.empty()) return;
  std::ranges::copy(believed_ends_, std::back_inserter(points));
  worth_.emplace(std::move(points), tuning_.lead_share * lead_);
}

/// How far the best forecast is ahead of the fourth best; 0 with several losses.
double RaceModel::lead_of(const MatrixXd& rows) const {
  if (losses_.size() > 1 || rows.rows() < 2) return 0.0;
  VectorXd ends = process(0).predict_means(rows);
  const auto follower = std::min<Index>(ends.size() - 1, static_cast<Index>(tuning_.follower));
  std::partial_sort(ends.begin(), ends.begin() + follower + 1, ends.end());
  return ends[follower] - ends[0];
}

void RaceModel::believe(const trial::History& history) {
  const double far_enough = usual_failure_step(history);
  std::vector<RowVectorXd> running;
  std::vector<RowVectorXd> begun;  // and have not failed
  std::vector<RowVectorXd> good;
  std::vector<RowVectorXd> failed;
  for (const trial::Trial& trial : history.trials()) {
    if (trial.purpose() != trial::Purpose::Search) continue;
    const RowVectorXd row = features_.row(trial.configuration());
    const bool has_failed = trial.state() == trial::TrialState::Failed;
    if (trial.is_running()) running.push_back(row);
    if (has_failed) failed.push_back(row);
    if (has_failed || trial.reports().empty()) continue;
    begun.push_back(row);
    if (trial.step() >= far_enough) good.push_back(row);
  }
  const auto rows_of = [&](const std::vector<RowVectorXd>& list) {
    MatrixXd rows(static_cast<Index>(list.size()), static_cast<Index>(features_.num_columns()));
    for (std::size_t i = 0; i < list.size(); ++i) rows.row(static_cast<Index>(i)) = list[i];
    return rows;
  };
  failures_.emplace(features_, rows_of(good), rows_of(failed));
  believed_.clear();
  believed_ends_.assign(running.size(), {});
  lead_ = lead_of(rows_of(begun));
  if (running.empty()) return;
  for (const RaceCurves& curves : losses_) {
    math::CurveProcess process = curves.process();
    for (std::size_t i = 0; i < running.size(); ++i) {
      const double end = process.predict_means(MatrixXd{running[i]})[0];
      process.add(running[i], 1.0, end);
      believed_ends_[i].push_back(end);
    }
    believed_.push_back(std::move(process));
  }
}

const math::CurveProcess& RaceModel::process(std::size_t k) const {
  return believed_.empty() ? losses_[k].process() : believed_[k];
}

/// Losses of the values that keep the constraints, on the scale of the processes; of a single loss
/// the lowest is enough.
std::vector<LossPoint> RaceModel::feasible_points() const {
  if (losses_.size() == 1) {
    const auto best = losses_.front().best(is_feasible_);
    if (!best) return {};
    return {LossPoint{*best}};
  }
  std::vector<LossPoint> points;
  for (std::size_t i = 0; i < seen_.size(); ++i) {
    if (is_feasible_[i] == 0) continue;
    LossPoint point;
    for (std::size_t k = 0; k < losses_.size(); ++k) {
      point.push_back(losses_[k].on_scale(seen_[i][k]));
    }
    points.push_back(std::move(point));
  }
  return points;
}

VectorXd RaceModel::log_feasibility(const MatrixXd& rows) const {
  VectorXd logs = failures_->log_success(rows);
  for (const RaceLimit& limit : limits_) logs += limit.log_kept(rows);
  return logs;
}

VectorXd RaceModel::log_worth(const MatrixXd& rows) const {
  VectorXd logs = log_feasibility(rows);
  if (!worth_) return logs;
  MatrixXd means(rows.rows(), static_cast<Index>(losses_.size()));
  MatrixXd deviations = means;
  for (std::size_t k = 0; k < losses_.size(); ++k) {
    const math::Predictions predicted = process(k).predict(rows);
    means.col(static_cast<Index>(k)) = predicted.means;
    deviations.col(static_cast<Index>(k)) = predicted.variances.cwiseSqrt();
  }
  return logs + worth_->logs(means, deviations);
}

std::vector<std::size_t> RaceModel::best_rows(const MatrixXd& rows, std::size_t count,
                                              Rng& rng) const {
  if (rows.rows() == 0) return {};
  MatrixXd means(rows.rows(), static_cast<Index>(losses_.size()));
  for (std::size_t k = 0; k < losses_.size(); ++k) {
    means.col(static_cast<Index>(k)) = process(k).predict_means(rows);
  }
  means.colwise() -= log_feasibility(rows);
  std::vector<std::size_t> best;
  if (losses_.size() > 1) {
    for (std::size_t i = 0; i < count; ++i) {
      Index row = 0;
      (means * direction(losses_.size(), rng)).minCoeff(&row);
      best.push_back(static_cast<std::size_t>(row));
    }
    return best;
  }
  best.resize(static_cast<std::size_t>(rows.rows()));
  std::iota(best.begin(), best.end(), std::size_t{0});
  std::ranges::stable_sort(best, {},
                           [&](std::size_t i) { return means(static_cast<Index>(i), 0); });
  best.resize(std::min(best.size(), count));
  return best;
}

}  // namespace wattune::strategies
