#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "wattune/math/posterior.hpp"

namespace wattune::math {

// Symbols: n observed points, m points to predict, d columns, g groups of columns. Points are rows
// of a matrix in the unit cube. Values are losses in any unit; inside, they are standardised.

enum class KernelFamily : std::uint8_t { Matern52, Rbf };

/// Which correlation two points have, apart from length scales: a function of
/// r^2 = sum over groups of squared distance / (length scale of the group)^2.
struct KernelShape {
  KernelFamily family = KernelFamily::Rbf;
  /// [d] Columns of one group share a length scale (the one-hot columns of a choice, say). Groups
  /// are numbered from 0 without gaps.
  std::vector<std::size_t> group_of_column;

  [[nodiscard]] std::size_t num_groups() const;
};

/// One length scale per column: every column is a group of its own.
[[nodiscard]] KernelShape separate_columns(KernelFamily family, std::size_t num_columns);

struct GpHyperparameters {
  Eigen::VectorXd log_lengthscales;  ///< [g]
  double log_noise = 0.0;            ///< Variance, as a share of the prior's.
  double deviation = 1.0;            ///< Of the prior, as a share of the values': above 0.
};

/// What has been observed.
struct GpData {
  Eigen::MatrixXd points;  ///< [n x d]
  Eigen::VectorXd values;  ///< [n], finite; beyond 1e150 they are taken for that large
  /// [n] Variance of each value's own noise, in squared units of the values, at least 0. With it no
  /// noise is inferred: `log_noise` is left out of the model.
  std::optional<Eigen::VectorXd> noise_variances = std::nullopt;
};

struct GpFitOptions {
  std::size_t max_points = 120;      ///< A subset of this size stands for more points.
  std::size_t max_evaluations = 40;  ///< Of the posterior density, per start.
  std::size_t restarts = 0;          ///< Starts besides the prior's mode.
  double deviation = 1.0;            ///< Of the hyperparameters: given, not fitted.
};

/// A function's value without noise: normal with this mean and variance, which is above 0.
struct Prediction {
  double mean = 0.0;
  double variance = 0.0;
};

/// A Gaussian process over the unit cube whose prior is a constant with variance 1 around it, both
/// after standardising the values: the kernel has no output scale, but what the values are divided
/// by is their standard deviation times a share that is given.
///
/// Any data give a usable process: equal points, equal values, a single point, even none (then the
/// prior, mean 0 and variance 1). Jitter is added to the kernel matrix, ten times more at each
/// step, until it can be factored.
///
/// Threads  const functions: any number
/// Cost     making: O(n^3); memory n^2 numbers
/// Source   Rasmussen, Williams, Gaussian Processes for Machine Learning, 2006, algorithm 2.1; no
///          output scale and the priors: Hvarfner, Hellsten, Nardi, ICML 2024, arXiv:2402.02229
class GaussianProcess final : public Posterior {
 public:
  /// The hyperparameters of largest posterior density, by its gradient, from the prior's mode.
  ///
  /// Priors: length scales LogNormal(sqrt 2 + ln(g) / 2, sqrt 3), at least 0.025; noise
  /// LogNormal(-4, 2), at least 1e-8. Beyond `max_points` the smallest values and an even spread of
  /// the others are used. The same data give the same result.
  ///
  /// Cost     O(max_points^3) for each evaluation
  [[nodiscard]] static GpHyperparameters fit(const KernelShape& shape, const GpData& data,
                                             const GpFitOptions& options = {});

  GaussianProcess(KernelShape shape, GpData data, GpHyperparameters hyperparameters);

  /// Adds one observation; standardisation and hyperparameters stay. An add that would spoil the
  /// factor makes a new one with more jitter.
  ///
  /// Takes    noise_variance  present exactly when the data came with noise variances
  /// Cost     O(n^2); O(n^3) where jitter grows
  void add(const Eigen::RowVectorXd& point, double value,
           std::optional<double> noise_variance = std::nullopt);

  [[nodiscard]] std::size_t num_points() const;
  [[nodiscard]] std::size_t num_columns() const;
  [[nodiscard]] const GpHyperparameters& hyperparameters() const;
  /// The noise that the model adds to each value, in squared units of the values: inferred, or the
  /// mean of the given variances.
  [[nodiscard]] double noise_variance() const;

  /// Logarithm of the density that the model gives to the values together, in their own unit.
  [[nodiscard]] double log_likelihood() const;

  /// No predicted variance is below this: what rounding may leave of one.
  [[nodiscard]] double smallest_variance() const override;

  /// Cost     O(n^2)
  [[nodiscard]] Prediction predict(const Eigen::RowVectorXd& point) const;
  /// Each point for itself.
  ///
  /// Cost     O(m n^2), as matrix products: far less for each point than one by one
  [[nodiscard]] Predictions predict(const Eigen::MatrixXd& points) const override;
  [[nodiscard]] PredictionGradient predict_with_gradient(const Eigen::RowVectorXd& point) const;
  [[nodiscard]] PredictionGradients predict_with_gradient(
      const Eigen::MatrixXd& points) const override;
  /// Means alone.
  ///
  /// Cost     O(m n d)
  [[nodiscard]] Eigen::VectorXd predict_means(const Eigen::MatrixXd& points) const override;
  [[nodiscard]] JointPrediction predict_jointly(const Eigen::MatrixXd& points) const override;
  /// Posterior covariance between the rows of both.
  ///
  /// Gives    [rows of left x rows of right]
  [[nodiscard]] Eigen::MatrixXd covariance(const Eigen::MatrixXd& left,
                                           const Eigen::MatrixXd& right) const;

  /// Valid until the next add().
  [[nodiscard]] Anchors anchor(const Eigen::MatrixXd& points) const override;
  /// Posterior covariance between anchors and points: [b x m].
  ///
  /// Cost     O(m n (b + d))
  [[nodiscard]] Eigen::MatrixXd covariance(const Anchors& anchors,
                                           const Eigen::MatrixXd& points) const override;
  [[nodiscard]] CovarianceGradient covariance_with_gradient(
      const Anchors& anchors, const Eigen::RowVectorXd& point) const override;

 private:
  void factor();
  void solve_weights();
  [[nodiscard]] Eigen::MatrixXd scaled(const Eigen::MatrixXd& points) const;

  KernelShape shape_;
  GpHyperparameters hyperparameters_;
  bool noise_is_given_ = false;
  double offset_ = 0.0;  // value = offset + scale x standardised value
  double scale_ = 1.0;
  double jitter_ = 0.0;
  Eigen::VectorXd inverse_lengthscales_;  // [d]
  Eigen::MatrixXd scaled_points_;         // [d x n], in length scales
  Eigen::VectorXd standard_values_;       // [n]
  Eigen::VectorXd standard_noise_;        // [n], variances
  Eigen::MatrixXd factor_;                // [n x n], lower triangle of the Cholesky factor
  Eigen::VectorXd weights_;               // [n], kernel matrix to the power -1 times values
};

}  // namespace wattune::math
