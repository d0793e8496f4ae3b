#pragma once

#include <Eigen/Core>

namespace wattune::math {

// Symbols: m points, rows of d columns.

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
  /// Between the rows of both: [rows of left x rows of right].
  [[nodiscard]] virtual Eigen::MatrixXd covariance(const Eigen::MatrixXd& left,
                                                   const Eigen::MatrixXd& right) const = 0;

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
