#include "wattune/math/gaussian_process.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "cholesky.hpp"
#include "gaussian_kernel.hpp"
#include "standardisation.hpp"
#include "wattune/base/require.hpp"

namespace wattune::math {
namespace {

/// As a share of the prior's variance: what rounding leaves of a variance is not below it.
constexpr double kSmallestVariance = 1e-10;
/// So many points are predicted at once: their columns stay in the second cache.
constexpr Eigen::Index kBlock = 128;

Eigen::VectorXd standard_noise_of(const GpData& data, const GpHyperparameters& hyperparameters,
                                  const Standardisation& standard) {
  if (data.noise_variances) return standardised_variances(*data.noise_variances, standard);
  return Eigen::VectorXd::Constant(data.values.size(), std::exp(hyperparameters.log_noise));
}

}  // namespace

GaussianProcess::GaussianProcess(KernelShape shape, GpData data, GpHyperparameters hyperparameters)
    : shape_{std::move(shape)},
      hyperparameters_{std::move(hyperparameters)},
      noise_is_given_{data.noise_variances.has_value()},
      inverse_lengthscales_{inverse_lengthscales(shape_, hyperparameters_.log_lengthscales)} {
  WATTUNE_REQUIRE(data.points.rows() == data.values.size());
  WATTUNE_REQUIRE(data.points.allFinite() && data.values.allFinite());
  WATTUNE_REQUIRE(hyperparameters_.deviation > 0.0);
  if (noise_is_given_) {
    WATTUNE_REQUIRE(data.noise_variances->size() == data.values.size());
    WATTUNE_REQUIRE((data.noise_variances->array() >= 0.0).all());
  }
  const Standardisation standard = standardisation_of(data.values, hyperparameters_.deviation);
  offset_ = standard.offset;
  scale_ = standard.scale;
  standard_values_ = standardised(data.values, standard);
  standard_noise_ = standard_noise_of(data, hyperparameters_, standard);
  scaled_points_ = scaled(data.points);
  factor();
  solve_weights();
}

Eigen::MatrixXd GaussianProcess::scaled(const Eigen::MatrixXd& points) const {
  if (points.rows() == 0) return {inverse_lengthscales_.size(), 0};
  return scale_points(points, inverse_lengthscales_);
}

void GaussianProcess::factor() {
  Eigen::MatrixXd kernel = correlations(shape_.family, scaled_points_, scaled_points_);
  kernel.diagonal().array() = 1.0 + standard_noise_.array();
  JitteredFactor result = factor_with_jitter(kernel);
  factor_ = std::move(result.lower);
  jitter_ = result.jitter;
}

void GaussianProcess::solve_weights() {
  weights_ = standard_values_;
  solve_lower(factor_, weights_);
  solve_upper(factor_, weights_);
}

void GaussianProcess::add(const Eigen::RowVectorXd& point, double value,
                          std::optional<double> noise_variance) {
  WATTUNE_REQUIRE(noise_variance.has_value() == noise_is_given_);
  WATTUNE_REQUIRE(point.allFinite() && std::isfinite(value));
  const Eigen::Index n = standard_values_.size();
  const Eigen::VectorXd scaled_point = scaled(point);
  const double noise = noise_variance
                           ? standardised_variances(Eigen::VectorXd::Constant(1, *noise_variance),
                                                    {offset_, scale_})[0]
                           : std::exp(hyperparameters_.log_noise);
  Eigen::VectorXd row = correlations(shape_.family, scaled_points_, scaled_point);
  solve_lower(factor_, row);
  const double pivot = 1.0 + noise + jitter_ - row.squaredNorm();

  scaled_points_.conservativeResize(Eigen::NoChange, n + 1);
  scaled_points_.col(n) = scaled_point;
  standard_values_.conservativeResize(n + 1);
  standard_values_[n] = standardised(Eigen::VectorXd::Constant(1, value), {offset_, scale_})[0];
  standard_noise_.conservativeResize(n + 1);
  standard_noise_[n] = noise;
  if (pivot > kSmallestPivot) {
    factor_.conservativeResize(n + 1, n + 1);
    factor_.row(n).head(n) = row;
    factor_(n, n) = std::sqrt(pivot);
  } else {
    factor();
  }
  solve_weights();
}

std::size_t GaussianProcess::num_points() const {
  return static_cast<std::size_t>(standard_values_.size());
}

std::size_t GaussianProcess::num_columns() const {
  return static_cast<std::size_t>(inverse_lengthscales_.size());
}

const GpHyperparameters& GaussianProcess::hyperparameters() const {
  return hyperparameters_;
}

double GaussianProcess::noise_variance() const {
  const double standard = noise_is_given_ ? (num_points() == 0 ? 0.0 : standard_noise_.mean())
                                          : std::exp(hyperparameters_.log_noise);
  return standard * scale_ * scale_;
}

double GaussianProcess::log_likelihood() const {
  const auto n = static_cast<double>(num_points());
  return -0.5 * standard_values_.dot(weights_) - factor_.diagonal().array().log().sum() -
         n * (0.5 * std::log(2.0 * std::numbers::pi) + std::log(scale_));
}

double GaussianProcess::smallest_variance() const {
  return kSmallestVariance * scale_ * scale_;
}

Prediction GaussianProcess::predict(const Eigen::RowVectorXd& point) const {
  const Predictions one = predict(Eigen::MatrixXd{point});
  return {one.means[0], one.variances[0]};
}

Predictions GaussianProcess::predict(const Eigen::MatrixXd& points) const {
  Predictions result{Eigen::VectorXd(points.rows()), Eigen::VectorXd(points.rows())};
  for (Eigen::Index first = 0; first < points.rows(); first += kBlock) {
    const Eigen::Index count = std::min(kBlock, points.rows() - first);
    Eigen::MatrixXd cross =
        correlations(shape_.family, scaled_points_, scaled(points.middleRows(first, count)));
    result.means.segment(first, count).noalias() = cross.transpose() * weights_;
    solve_lower(factor_, cross);
    result.variances.segment(first, count) =
        (1.0 - cross.colwise().squaredNorm().array()).max(kSmallestVariance);
  }
  result.means = offset_ + scale_ * result.means.array();
  result.variances *= scale_ * scale_;
  return result;
}

Eigen::VectorXd GaussianProcess::predict_means(const Eigen::MatrixXd& points) const {
  const Eigen::MatrixXd cross = correlations(shape_.family, scaled_points_, scaled(points));
  return offset_ + scale_ * (cross.transpose() * weights_).array();
}

PredictionGradient GaussianProcess::predict_with_gradient(const Eigen::RowVectorXd& point) const {
  return predict_one_with_gradient(*this, point);
}

PredictionGradients GaussianProcess::predict_with_gradient(const Eigen::MatrixXd& points) const {
  const Eigen::MatrixXd at = scaled(points);
  const SlopedCorrelations cross = sloped_correlations(shape_.family, scaled_points_, at);
  // The inverse of the kernel matrix times the correlations.
  Eigen::MatrixXd solved = cross.values;
  solve_lower(factor_, solved);
  solve_upper(factor_, solved);
  PredictionGradients result;
  result.means = offset_ + scale_ * (cross.values.transpose() * weights_).array();
  const Eigen::ArrayXd standard_variances =
      1.0 - cross.values.cwiseProduct(solved).colwise().sum().transpose().array();
  result.variances = (scale_ * scale_) * standard_variances.max(kSmallestVariance);

  // The sum over observed points of slope x factor x (point - observed point), in x units.
  const auto weighted_slopes = [&](const Eigen::MatrixXd& weighted) -> Eigen::MatrixXd {
    Eigen::MatrixXd sum = at * weighted.colwise().sum().asDiagonal();
    sum.noalias() -= scaled_points_ * weighted;
    return (inverse_lengthscales_.asDiagonal() * sum).transpose();
  };
  result.mean_gradients = scale_ * weighted_slopes(weights_.asDiagonal() * cross.slopes);
  result.variance_gradients =
      (-2.0 * scale_ * scale_) * weighted_slopes(cross.slopes.cwiseProduct(solved));
  for (Eigen::Index i = 0; i < points.rows(); ++i) {
    if (standard_variances[i] <= kSmallestVariance) result.variance_gradients.row(i).setZero();
  }
  return result;
}

JointPrediction GaussianProcess::predict_jointly(const Eigen::MatrixXd& points) const {
  return {predict_means(points), covariance(points, points)};
}

Eigen::MatrixXd GaussianProcess::covariance(const Eigen::MatrixXd& left,
                                            const Eigen::MatrixXd& right) const {
  const Eigen::MatrixXd scaled_left = scaled(left);
  const Eigen::MatrixXd scaled_right = scaled(right);
  Eigen::MatrixXd result = correlations(shape_.family, scaled_left, scaled_right);
  Eigen::MatrixXd left_cross = correlations(shape_.family, scaled_points_, scaled_left);
  Eigen::MatrixXd right_cross = correlations(shape_.family, scaled_points_, scaled_right);
  solve_lower(factor_, left_cross);
  solve_lower(factor_, right_cross);
  result.noalias() -= left_cross.transpose() * right_cross;
  return (scale_ * scale_) * result;
}

Anchors GaussianProcess::anchor(const Eigen::MatrixXd& points) const {
  Anchors anchors{scaled(points), {}};
  anchors.projections = correlations(shape_.family, scaled_points_, anchors.scaled_points);
  solve_lower(factor_, anchors.projections);
  solve_upper(factor_, anchors.projections);
  return anchors;
}

Eigen::MatrixXd GaussianProcess::covariance(const Anchors& anchors,
                                            const Eigen::MatrixXd& points) const {
  WATTUNE_REQUIRE(anchors.projections.rows() == standard_values_.size());
  const Eigen::MatrixXd at = scaled(points);
  Eigen::MatrixXd result = correlations(shape_.family, anchors.scaled_points, at);
  result.noalias() -=
      anchors.projections.transpose() * correlations(shape_.family, scaled_points_, at);
  return (scale_ * scale_) * result;
}

CovarianceGradient GaussianProcess::covariance_with_gradient(
    const Anchors& anchors, const Eigen::RowVectorXd& point) const {
  WATTUNE_REQUIRE(anchors.projections.rows() == standard_values_.size());
  const Eigen::VectorXd at = scaled(point);
  const SlopedCorrelations own = sloped_correlations(shape_.family, anchors.scaled_points, at);
  const SlopedCorrelations cross = sloped_correlations(shape_.family, scaled_points_, at);
  CovarianceGradient result;
  result.values = own.values - anchors.projections.transpose() * cross.values;
  // Slopes times differences of points, of the anchor itself and of its projection.
  const Eigen::MatrixXd weighted = cross.slopes.col(0).asDiagonal() * anchors.projections;
  Eigen::MatrixXd sum = at * (own.slopes.transpose() - weighted.colwise().sum());
  sum.noalias() -= anchors.scaled_points * own.slopes.col(0).asDiagonal();
  sum.noalias() += scaled_points_ * weighted;
  result.values *= scale_ * scale_;
  result.gradient = (scale_ * scale_) * (inverse_lengthscales_.asDiagonal() * sum).transpose();
  return result;
}

}  // namespace wattune::math
