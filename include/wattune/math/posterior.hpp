#pragma once

#include <Eigen/Core>

namespace wattune::math {

// Symbols: n observations, m points, b anchors; points are rows of d columns.

struct Predictions {
  Eigen::VectorXd means;      ///< [m]
  Eigen::VectorXd variances;  ///< [m], above 0
};

/// As Predictions, with derivatives.
struct PredictionGradients {
  Eigen::VectorXd means;               ///< [m]
  Eigen::VectorXd variances;           ///< [m]
  Eigen::MatrixXd mean_gradients;      ///< [m x d]
  Eigen::MatrixXd variance_gradients;  ///< [m x d]
};

struct PredictionGradient {
  double mean = 0.0;
  double variance = 0.0;
  Eigen::VectorXd mean_gradient;      ///< [d]
  Eigen::VectorXd variance_gradient;  ///< [d]
};

struct JointPrediction {
  Eigen::VectorXd mean;        ///< [m]
  Eigen::MatrixXd covariance;  ///< [m x m], symmetric, positive semidefinite up to rounding
};

/// Fixed points whose covariance with one point after another is asked for.
struct Anchors {
  Eigen::MatrixXd scaled_points;  ///< [d x b], in length scales
  Eigen::MatrixXd projections;    ///< [n x b], kernel matrix to the power -1 times correlations
};

/// Covariance of one point with each anchor.
struct CovarianceGradient {
  Eigen::VectorXd values;    ///< [b]
  Eigen::MatrixXd gradient;  ///< [b x d], by the point
};

/// A function that is known as far as a normal distribution goes: all that an acquisition asks.
///
/// Threads  const functions: any number
class Posterior {
 public:
  virtual ~Posterior() = default;

  /// Of the function without noise, each point for itself.
  [[nodiscard]] virtual Predictions predict(const Eigen::MatrixXd& points) const = 0;
  [[nodiscard]] virtual PredictionGradients predict_with_gradient(
      const Eigen::MatrixXd& points) const = 0;
  /// Means alone.
  [[nodiscard]] virtual Eigen::VectorXd predict_means(const Eigen::MatrixXd& points) const = 0;
  [[nodiscard]] virtual JointPrediction predict_jointly(const Eigen::MatrixXd& points) const = 0;
  /// Valid until what is known grows.
  [[nodiscard]] virtual Anchors anchor(const Eigen::MatrixXd& points) const = 0;
  /// Between anchors and points: [b x m].
  [[nodiscard]] virtual Eigen::MatrixXd covariance(const Anchors& anchors,
                                                   const Eigen::MatrixXd& points) const = 0;
  [[nodiscard]] virtual CovarianceGradient covariance_with_gradient(
      const Anchors& anchors, const Eigen::RowVectorXd& point) const = 0;
  /// No predicted variance is below this: what rounding may leave of one.
  [[nodiscard]] virtual double smallest_variance() const = 0;

 protected:
  Posterior() = default;
  Posterior(const Posterior&) = default;
  Posterior(Posterior&&) = default;
  Posterior& operator=(const Posterior&) = default;
  Posterior& operator=(Posterior&&) = default;
};

/// Of one point.
[[nodiscard]] inline PredictionGradient predict_one_with_gradient(const Posterior& posterior,
                                                                  const Eigen::RowVectorXd& point) {
  const PredictionGradients one = posterior.predict_with_gradient(Eigen::MatrixXd{point});
  return {one.means[0], one.variances[0], one.mean_gradients.row(0), one.variance_gradients.row(0)};
}

}  // namespace wattune::math
