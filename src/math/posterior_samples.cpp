#include "wattune/math/posterior_samples.hpp"

#include <algorithm>
#include <cmath>

#include "cholesky.hpp"
#include "wattune/base/require.hpp"

namespace wattune::math {
namespace {

/// Of a candidate's variance: less is left by rounding where the baseline tells all.
constexpr double kSmallestShare = 1e-10;

}  // namespace

// With L the factor of the baseline's covariance, normals z of the baseline and a = L^-1 times the
// candidate's covariance with it, a candidate's sample is mean + a'z + sqrt(variance - a'a) times
// its own normal.

PosteriorSamples::PosteriorSamples(const GaussianProcess& process, const Eigen::MatrixXd& baseline,
                                   const Eigen::MatrixXd& normals)
    : process_{process},
      anchors_{process.anchor(baseline)},
      baseline_normals_{normals.leftCols(baseline.rows())},
      own_normals_{normals.rightCols(1)} {
  WATTUNE_REQUIRE(normals.cols() == baseline.rows() + 1);
  if (baseline.rows() == 0) {
    baseline_samples_.resize(normals.rows(), 0);
    return;
  }
  const JointPrediction joint = process.predict_jointly(baseline);
  // The diagonal of what is factored is about 1, as its jitter wants it.
  variance_unit_ = std::max(joint.covariance.diagonal().maxCoeff(), process.smallest_variance());
  factor_ = factor_with_jitter(joint.covariance / variance_unit_).lower;
  const auto lower = factor_.triangularView<Eigen::Lower>();
  baseline_samples_ =
      std::sqrt(variance_unit_) * (lower * baseline_normals_.transpose()).transpose();
  baseline_samples_.rowwise() += joint.mean.transpose();
}

const Eigen::MatrixXd& PosteriorSamples::at_baseline() const {
  return baseline_samples_;
}

Eigen::MatrixXd PosteriorSamples::at(const Eigen::MatrixXd& points) const {
  const Predictions predicted = process_.predict(points);
  Eigen::ArrayXd left = predicted.variances.array();
  Eigen::MatrixXd samples = Eigen::MatrixXd::Zero(own_normals_.size(), points.rows());
  if (factor_.rows() > 0) {
    Eigen::MatrixXd explained = process_.covariance(anchors_, points) / std::sqrt(variance_unit_);
    factor_.triangularView<Eigen::Lower>().solveInPlace(explained);
    left -= explained.colwise().squaredNorm().transpose().array();
    samples.noalias() = baseline_normals_ * explained;
  }
  const Eigen::ArrayXd deviations = left.max(kSmallestShare * predicted.variances.array()).sqrt();
  samples.noalias() += own_normals_ * deviations.matrix().transpose();
  samples.rowwise() += predicted.means.transpose();
  return samples;
}

PosteriorSamples::Candidate PosteriorSamples::with_gradient(const Eigen::RowVectorXd& point) const {
  const PredictionGradient predicted = process_.predict_with_gradient(point);
  Candidate candidate{Eigen::VectorXd::Constant(own_normals_.size(), predicted.mean), {}};
  double left = predicted.variance;
  Eigen::VectorXd left_gradient = predicted.variance_gradient;
  Eigen::MatrixXd explained_gradient;  // [b x d]
  if (factor_.rows() > 0) {
    const double unit = std::sqrt(variance_unit_);
    const CovarianceGradient covariance = process_.covariance_with_gradient(anchors_, point);
    Eigen::VectorXd explained = covariance.values / unit;
    explained_gradient = covariance.gradient / unit;
    const auto lower = factor_.triangularView<Eigen::Lower>();
    lower.solveInPlace(explained);
    lower.solveInPlace(explained_gradient);
    left -= explained.squaredNorm();
    left_gradient -= 2.0 * explained_gradient.transpose() * explained;
    candidate.samples.noalias() += baseline_normals_ * explained;
  }
  const double smallest = kSmallestShare * predicted.variance;
  if (left <= smallest) {
    left = smallest;
    left_gradient = kSmallestShare * predicted.variance_gradient;
  }
  const double deviation = std::sqrt(left);
  candidate.samples += deviation * own_normals_;
  candidate.sample_gradients = own_normals_ * (left_gradient.transpose() / (2.0 * deviation));
  candidate.sample_gradients.rowwise() += predicted.mean_gradient.transpose();
  if (factor_.rows() > 0) candidate.sample_gradients += baseline_normals_ * explained_gradient;
  return candidate;
}

}  // namespace wattune::math
