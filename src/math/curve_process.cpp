#include "wattune/math/curve_process.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "cholesky.hpp"
#include "curve_kernel.hpp"
#include "curve_warp.hpp"
#include "gaussian_kernel.hpp"
#include "solved_norms.hpp"
#include "wattune/base/require.hpp"

namespace wattune::math {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double kSmallestVariance = 1e-10;  // as a share of the prior's
constexpr double kFullResource = 1.0;

}  // namespace

CurveProcess::CurveProcess(CurveShape shape, CurveData data, CurveHyperparameters hyperparameters)
    : shape_(std::move(shape)),
      hyperparameters_(std::move(hyperparameters)),
      trend_(std::exp(hyperparameters_.log_trend)),
      lasting_(lasting_share(hyperparameters_.logit_lasting)),
      noise_(std::exp(hyperparameters_.log_noise)),
      inverse_lengthscales_(
          inverse_lengthscales(shape_.configuration, hyperparameters_.log_lengthscales)),
      resources_(std::move(data.resources)) {
  WATTUNE_REQUIRE(data.values.size() > 0);
  WATTUNE_REQUIRE(data.points.rows() == data.values.size());
  WATTUNE_REQUIRE(resources_.size() == data.values.size());
  WATTUNE_REQUIRE(has_warps_of(hyperparameters_, shape_));
  WATTUNE_REQUIRE(data.points.allFinite() && data.values.allFinite() && resources_.allFinite());
  offset_ = data.values.mean();
  centred_values_ = data.values.array() - offset_;
  scaled_points_ = scaled(data.points);
  factor();
  solve_weights();
  scale_ = profiled_scale(centred_values_, weights_);
}

MatrixXd CurveProcess::scaled(const MatrixXd& points) const {
  if (points.rows() == 0) return {inverse_lengthscales_.size(), 0};
  if (shape_.warped_columns.empty()) return scale_points(points, inverse_lengthscales_);
  return scale_points(warp(points, shape_.warped_columns, hyperparameters_), inverse_lengthscales_);
}

void CurveProcess::unwarp_slopes(const MatrixXd& points, MatrixXd& slopes) const {
  for (std::size_t i = 0; i < shape_.warped_columns.size(); ++i) {
    const auto column = static_cast<Index>(shape_.warped_columns[i]);
    const auto at = static_cast<Index>(i);
    const ColumnWarp warp{hyperparameters_.log_warp_a[at], hyperparameters_.log_warp_b[at]};
    for (Index row = 0; row < points.rows(); ++row) {
      slopes(row, column) *= warp.at(points(row, column)).by_place;
    }
  }
}

void CurveProcess::factor() {
  const MatrixXd base = correlations(shape_.configuration.family, scaled_points_, scaled_points_);
  const MatrixXd along = correlations_of_resources(shape_.resource_family, resources_,
                                                   hyperparameters_.log_resource_length);
  MatrixXd kernel = joint_kernel(base, along, trend_, lasting_);
  kernel.diagonal().array() = 1.0 + trend_ + noise_;
  JitteredFactor result = factor_with_jitter(kernel);
  factor_ = std::move(result.lower);
  jitter_ = result.jitter;
}

void CurveProcess::solve_weights() {
  weights_ = centred_values_;
  factor_.triangularView<Eigen::Lower>().solveInPlace(weights_);
  factor_.transpose().triangularView<Eigen::Upper>().solveInPlace(weights_);
}

VectorXd CurveProcess::resource_correlations(double resource) const {
  const double inverse_length = std::exp(-hyperparameters_.log_resource_length);
  const MatrixXd here = MatrixXd::Constant(1, 1, resource * inverse_length);
  return correlations(shape_.resource_family, resources_.transpose() * inverse_length, here);
}

VectorXd CurveProcess::kept_shares() const {
  return lasting_ + (1.0 - lasting_) * resource_correlations(kFullResource).array();
}

/// [n x m]
MatrixXd CurveProcess::cross(const MatrixXd& scaled_points, double resource) const {
  const VectorXd along = resource_correlations(resource);
  MatrixXd result = correlations(shape_.configuration.family, scaled_points_, scaled_points);
  const VectorXd kept = lasting_ + (1.0 - lasting_) * along.array();
  const VectorXd shared = trend_ * along;
  for (Index column = 0; column < result.cols(); ++column) {
    result.col(column) = result.col(column).cwiseProduct(kept) + shared;
  }
  return result;
}

void CurveProcess::add(const Eigen::RowVectorXd& point, double resource, double value) {
  WATTUNE_REQUIRE(point.allFinite() && std::isfinite(resource) && std::isfinite(value));
  const Index n = centred_values_.size();
  const VectorXd scaled_point = scaled(MatrixXd{point});
  VectorXd row = cross(scaled_point, resource);
  factor_.triangularView<Eigen::Lower>().solveInPlace(row);
  const double pivot = 1.0 + trend_ + noise_ + jitter_ - row.squaredNorm();
  scaled_points_.conservativeResize(Eigen::NoChange, n + 1);
  scaled_points_.col(n) = scaled_point;
  resources_.conservativeResize(n + 1);
  resources_[n] = resource;
  centred_values_.conservativeResize(n + 1);
  centred_values_[n] = value - offset_;
  if (pivot > kSmallestPivot) {
    factor_.conservativeResize(n + 1, n + 1);
    factor_.row(n).head(n) = row;
    factor_(n, n) = std::sqrt(pivot);
  } else {
    factor();
  }
  solve_weights();
}

void CurveProcess::set_values(const VectorXd& values) {
  WATTUNE_REQUIRE(values.size() == centred_values_.size() && values.allFinite());
  offset_ = values.mean();
  centred_values_ = values.array() - offset_;
  solve_weights();
  scale_ = profiled_scale(centred_values_, weights_);
}

VectorXd CurveProcess::smoothed_values() const {
  return offset_ + (centred_values_ - noise_ * weights_).array();
}

std::size_t CurveProcess::num_values() const {
  return static_cast<std::size_t>(centred_values_.size());
}

double CurveProcess::noise_variance() const {
  return noise_ * scale_;
}

Predictions CurveProcess::predict_at(const MatrixXd& points, double resource) const {
  const MatrixXd crossed = cross(scaled(points), resource);
  Predictions result;
  result.means = offset_ + (crossed.transpose() * weights_).array();
  const VectorXd known = solved_squared_norms(factor_, crossed);
  result.variances = scale_ * (1.0 + trend_ - known.array()).max(kSmallestVariance);
  return result;
}

Predictions CurveProcess::predict(const MatrixXd& points) const {
  return predict_at(points, kFullResource);
}

VectorXd CurveProcess::predict_means(const MatrixXd& points) const {
  return offset_ + (cross(scaled(points), kFullResource).transpose() * weights_).array();
}

PredictionGradients CurveProcess::predict_with_gradient(const MatrixXd& points) const {
  const MatrixXd at = scaled(points);
  const VectorXd kept = kept_shares();
  const SlopedCorrelations sloped =
      sloped_correlations(shape_.configuration.family, scaled_points_, at);
  MatrixXd crossed = kept.asDiagonal() * sloped.values;
  crossed.colwise() += trend_ * resource_correlations(kFullResource);
  const MatrixXd slopes = kept.asDiagonal() * sloped.slopes;
  MatrixXd solved = crossed;
  factor_.triangularView<Eigen::Lower>().solveInPlace(solved);
  factor_.transpose().triangularView<Eigen::Upper>().solveInPlace(solved);

  PredictionGradients result;
  result.means = offset_ + (crossed.transpose() * weights_).array();
  const Eigen::ArrayXd variances =
      1.0 + trend_ - crossed.cwiseProduct(solved).colwise().sum().transpose().array();
  result.variances = scale_ * variances.max(kSmallestVariance);
  // The sum over values of slope x factor x (point - the value's point), in units of the points.
  const auto weighted_slopes = [&](const MatrixXd& weighted) -> MatrixXd {
    MatrixXd sum = at * weighted.colwise().sum().asDiagonal();
    sum.noalias() -= scaled_points_ * weighted;
    return (inverse_lengthscales_.asDiagonal() * sum).transpose();
  };
  result.mean_gradients = weighted_slopes(weights_.asDiagonal() * slopes);
  result.variance_gradients = -2.0 * scale_ * weighted_slopes(slopes.cwiseProduct(solved));
  unwarp_slopes(points, result.mean_gradients);
  unwarp_slopes(points, result.variance_gradients);
  for (Index i = 0; i < points.rows(); ++i) {
    if (variances[i] <= kSmallestVariance) result.variance_gradients.row(i).setZero();
  }
  return result;
}

JointPrediction CurveProcess::predict_jointly(const MatrixXd& points) const {
  JointPrediction joint{predict_means(points), {}};
  const MatrixXd at = scaled(points);
  MatrixXd crossed = cross(at, kFullResource);
  factor_.triangularView<Eigen::Lower>().solveInPlace(crossed);
  joint.covariance = correlations(shape_.configuration.family, at, at);
  joint.covariance.array() += trend_;
  joint.covariance.noalias() -= crossed.transpose() * crossed;
  joint.covariance *= scale_;
  return joint;
}

Anchors CurveProcess::anchor(const MatrixXd& points) const {
  Anchors anchors{scaled(points), {}};
  anchors.projections = cross(anchors.scaled_points, kFullResource);
  factor_.triangularView<Eigen::Lower>().solveInPlace(anchors.projections);
  factor_.transpose().triangularView<Eigen::Upper>().solveInPlace(anchors.projections);
  return anchors;
}

MatrixXd CurveProcess::covariance(const Anchors& anchors, const MatrixXd& points) const {
  WATTUNE_REQUIRE(anchors.projections.rows() == centred_values_.size());
  const MatrixXd at = scaled(points);
  MatrixXd result = correlations(shape_.configuration.family, anchors.scaled_points, at);
  result.array() += trend_;
  result.noalias() -= anchors.projections.transpose() * cross(at, kFullResource);
  return scale_ * result;
}

CovarianceGradient CurveProcess::covariance_with_gradient(const Anchors& anchors,
                                                          const Eigen::RowVectorXd& point) const {
  CovarianceGradient result{covariance(anchors, MatrixXd{point}), {}};
  const VectorXd at = scaled(MatrixXd{point});
  const auto family = shape_.configuration.family;
  const VectorXd own = sloped_correlations(family, anchors.scaled_points, at).slopes;
  const VectorXd crossed =
      kept_shares().cwiseProduct(VectorXd{sloped_correlations(family, scaled_points_, at).slopes});
  // Slopes times differences of points, of the anchor itself and of its projection.
  const MatrixXd weighted = crossed.asDiagonal() * anchors.projections;
  MatrixXd sum = at * (own.transpose() - weighted.colwise().sum());
  sum.noalias() -= anchors.scaled_points * own.asDiagonal();
  sum.noalias() += scaled_points_ * weighted;
  result.gradient = scale_ * (inverse_lengthscales_.asDiagonal() * sum).transpose();
  unwarp_slopes(point.replicate(result.gradient.rows(), 1), result.gradient);
  return result;
}

double CurveProcess::smallest_variance() const {
  return kSmallestVariance * scale_;
}

}  // namespace wattune::math
