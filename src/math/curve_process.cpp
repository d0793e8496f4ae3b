#include "wattune/math/curve_process.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "cholesky.hpp"
#include "curve_kernel.hpp"
#include "gaussian_kernel.hpp"
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
  return scale_points(points, inverse_lengthscales_);
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

/// [n x m]
MatrixXd CurveProcess::cross(const MatrixXd& scaled_points, double resource) const {
  const VectorXd along = resource_correlations(resource);
  MatrixXd result = correlations(shape_.configuration.family, scaled_points_, scaled_points);
  const VectorXd kept = lasting_ + (1.0 - lasting_) * along.array();
  result = kept.asDiagonal() * result;
  result.colwise() += trend_ * along;
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

std::size_t CurveProcess::num_values() const {
  return static_cast<std::size_t>(centred_values_.size());
}

double CurveProcess::noise_variance() const {
  return noise_ * scale_;
}

Predictions CurveProcess::predict_at(const MatrixXd& points, double resource) const {
  MatrixXd crossed = cross(scaled(points), resource);
  Predictions result;
  result.means = offset_ + (crossed.transpose() * weights_).array();
  factor_.triangularView<Eigen::Lower>().solveInPlace(crossed);
  result.variances =
      scale_ *
      (1.0 + trend_ - crossed.colwise().squaredNorm().transpose().array()).max(kSmallestVariance);
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
  const VectorXd along = resource_correlations(kFullResource);
  const VectorXd kept = lasting_ + (1.0 - lasting_) * along.array();
  SlopedCorrelations sloped = sloped_correlations(shape_.configuration.family, scaled_points_, at);
  MatrixXd crossed = kept.asDiagonal() * sloped.values;
  crossed.colwise() += trend_ * along;
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
  for (Index i = 0; i < points.rows(); ++i) {
    if (variances[i] <= kSmallestVariance) result.variance_gradients.row(i).setZero();
  }
  return result;
}

MatrixXd CurveProcess::covariance(const MatrixXd& left, const MatrixXd& right) const {
  const MatrixXd scaled_left = scaled(left);
  const MatrixXd scaled_right = scaled(right);
  MatrixXd result = correlations(shape_.configuration.family, scaled_left, scaled_right);
  result.array() += trend_;
  MatrixXd left_cross = cross(scaled_left, kFullResource);
  MatrixXd right_cross = cross(scaled_right, kFullResource);
  factor_.triangularView<Eigen::Lower>().solveInPlace(left_cross);
  factor_.triangularView<Eigen::Lower>().solveInPlace(right_cross);
  result.noalias() -= left_cross.transpose() * right_cross;
  return scale_ * result;
}

}  // namespace wattune::math
