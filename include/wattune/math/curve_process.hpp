#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <vector>

#include "wattune/math/gaussian_process.hpp"
#include "wattune/math/posterior.hpp"

namespace wattune::math {

// Symbols: n values seen on curves, m points to predict, d columns, g groups of columns, w warped
// columns. Points are rows in the unit cube; a resource is a place in [0, 1] on a logarithmic
// scale, 1 a full training.

/// Which correlations points and resources have.
struct CurveShape {
  KernelShape configuration;  ///< Of the points.
  KernelFamily resource_family = KernelFamily::Rbf;
  /// Columns in [0, 1] whose scale is learned: x becomes 1 - (1 - x^a)^b.
  std::vector<std::size_t> warped_columns = {};
};

struct CurveHyperparameters {
  Eigen::VectorXd log_lengthscales;  ///< [g] Of the points.
  double log_resource_length = 0.0;
  double log_trend = 0.0;      ///< Variance of what all curves share, by that of configurations.
  double logit_lasting = 0.0;  ///< Share of a configuration's part that no resource changes.
  double log_noise = 0.0;      ///< Variance, by that of configurations.
  Eigen::VectorXd log_warp_a = {};  ///< [w] Of the warped columns, in their order.
  Eigen::VectorXd log_warp_b = {};  ///< [w]
};

/// Values that were seen on the way to a full training.
struct CurveData {
  Eigen::MatrixXd points;     ///< [n x d] One curve has the same point in several rows.
  Eigen::VectorXd resources;  ///< [n]
  Eigen::VectorXd values;     ///< [n], finite
};

struct CurveFitOptions {
  std::size_t max_rows = 120;        ///< A subset of this size stands for more.
  std::size_t max_evaluations = 25;  ///< Of the posterior density.
};

/// A logarithm and its derivatives: length scales, then resource length, trend, lasting, noise,
/// then log_warp_a and log_warp_b.
struct CurveDensity {
  double value = 0.0;
  Eigen::VectorXd gradient;  ///< [g + 4 + 2 w]
};

/// One Gaussian process over configurations and the resource of a training: a curve that is known
/// in part tells of its own end and of its neighbours' ends.
///
/// Covariance of two places, with correlations k of points and r of resources:
///   scale x (trend r + k (lasting + (1 - lasting) r) + noise where it is the same value)
/// The scale is the one of largest likelihood. As a Posterior it speaks of the full resource.
///
/// Threads  const functions: any number
/// Cost     making: O(n^3)
/// Source   Swersky, Snoek, Adams, 2014, arXiv:1406.3896 (freeze-thaw); Klein et al., AISTATS 2017,
///          arXiv:1605.07079 (one process over both); warp: Snoek, Swersky, Zemel, Adams, ICML
///          2014, arXiv:1402.0929, with Kumaraswamy's distribution function; the kernel and its
///          priors are our own
class CurveProcess final : public Posterior {
 public:
  /// The hyperparameters of largest posterior density, by its gradient, from the prior's middle.
  ///
  /// Priors, normal: log lengths (ln 0.7, 0.7), more by half a logarithm of g / 7 beyond 7 groups;
  /// log resource length (ln 0.4, 0.4); log trend (ln 0.5, 0.7); logit lasting (0, 1); log noise
  /// (ln 0.001, 1.5); log warps (0, 0.4). The same data give the same result.
  [[nodiscard]] static CurveHyperparameters fit(const CurveShape& shape, const CurveData& data,
                                                const CurveFitOptions& options = {});
  /// Log posterior density of hyperparameters, up to a constant; the scale is profiled out.
  [[nodiscard]] static CurveDensity log_density(const CurveShape& shape, const CurveData& data,
                                                const CurveHyperparameters& hyperparameters);

  CurveProcess(CurveShape shape, CurveData data, CurveHyperparameters hyperparameters);

  /// Adds one value; scale and hyperparameters stay.
  ///
  /// Cost     O(n^2)
  void add(const Eigen::RowVectorXd& point, double resource, double value);

  /// Other values at the same places, in the order in which they came; the scale follows.
  ///
  /// Cost     O(n^2)
  void set_values(const Eigen::VectorXd& values);

  [[nodiscard]] std::size_t num_values() const;
  /// What the values are without their noise: [n].
  [[nodiscard]] Eigen::VectorXd smoothed_values() const;
  [[nodiscard]] const CurveHyperparameters& hyperparameters() const { return hyperparameters_; }
  /// The noise of a value, in squared units of the values.
  [[nodiscard]] double noise_variance() const;

  /// At any resource.
  [[nodiscard]] Predictions predict_at(const Eigen::MatrixXd& points, double resource) const;

  [[nodiscard]] Predictions predict(const Eigen::MatrixXd& points) const override;
  [[nodiscard]] PredictionGradients predict_with_gradient(
      const Eigen::MatrixXd& points) const override;
  [[nodiscard]] Eigen::VectorXd predict_means(const Eigen::MatrixXd& points) const override;
  [[nodiscard]] JointPrediction predict_jointly(const Eigen::MatrixXd& points) const override;
  [[nodiscard]] Anchors anchor(const Eigen::MatrixXd& points) const override;
  [[nodiscard]] Eigen::MatrixXd covariance(const Anchors& anchors,
                                           const Eigen::MatrixXd& points) const override;
  [[nodiscard]] CovarianceGradient covariance_with_gradient(
      const Anchors& anchors, const Eigen::RowVectorXd& point) const override;
  [[nodiscard]] double smallest_variance() const override;

 private:
  void factor();
  void solve_weights();
  [[nodiscard]] Eigen::VectorXd resource_correlations(double resource) const;
  [[nodiscard]] Eigen::MatrixXd cross(const Eigen::MatrixXd& scaled_points, double resource) const;
  /// Factors of what the points contribute to cross(): [n].
  [[nodiscard]] Eigen::VectorXd kept_shares() const;
  [[nodiscard]] Eigen::MatrixXd scaled(const Eigen::MatrixXd& points) const;
  /// Turns derivatives by warped points into those by points: both [m x d].
  void unwarp_slopes(const Eigen::MatrixXd& points, Eigen::MatrixXd& slopes) const;

  CurveShape shape_;
  CurveHyperparameters hyperparameters_;
  double trend_ = 0.0;
  double lasting_ = 0.0;
  double noise_ = 0.0;
  double offset_ = 0.0;
  double scale_ = 1.0;  // variance
  double jitter_ = 0.0;
  Eigen::VectorXd inverse_lengthscales_;  // [d]
  Eigen::MatrixXd scaled_points_;         // [d x n], in length scales
  Eigen::VectorXd resources_;             // [n]
  Eigen::VectorXd centred_values_;        // [n]
  Eigen::MatrixXd factor_;                // [n x n], lower triangle of the Cholesky factor
  Eigen::VectorXd weights_;               // [n], covariance matrix to the power -1 times values
};

}  // namespace wattune::math
