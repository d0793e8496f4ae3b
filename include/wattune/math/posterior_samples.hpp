#pragma once

#include <Eigen/Core>
#include <cstddef>

#include "wattune/math/gaussian_process.hpp"

namespace wattune::math {

// Symbols: s samples, b baseline points, m candidates, d columns.

/// Joint draws of a process at fixed baseline points, extended to one candidate after another.
///
/// Each sample is one function: what it gives at a candidate agrees with what it gave at the
/// baseline. Smooth in the candidate, because the normals stay.
///
/// Takes    baseline  [b x d], may have no rows;  normals  [s x (b + 1)] standard normals, the last
///          column for the candidate
/// Cost     making: O(b n^2 + b^3 + s b^2); a candidate: O(n^2 + n b + b^2 + s b)
class PosteriorSamples {
 public:
  /// `process` must outlive the object.
  PosteriorSamples(const GaussianProcess& process, const Eigen::MatrixXd& baseline,
                   const Eigen::MatrixXd& normals);

  /// [s x b]
  [[nodiscard]] const Eigen::MatrixXd& at_baseline() const;

  /// A candidate's samples and how they move with it.
  struct Candidate {
    Eigen::VectorXd samples;           ///< [s]
    Eigen::MatrixXd sample_gradients;  ///< [s x d]
  };
  /// Samples at each of the points, each for itself: [s x m].
  [[nodiscard]] Eigen::MatrixXd at(const Eigen::MatrixXd& points) const;
  [[nodiscard]] Candidate with_gradient(const Eigen::RowVectorXd& point) const;

 private:
  const GaussianProcess& process_;
  Anchors anchors_;
  double variance_unit_ = 1.0;        // of the covariance at the baseline
  Eigen::MatrixXd factor_;            // [b x b], lower triangle, of that covariance in its unit
  Eigen::MatrixXd baseline_normals_;  // [s x b]
  Eigen::VectorXd own_normals_;       // [s]
  Eigen::MatrixXd baseline_samples_;  // [s x b]
};

}  // namespace wattune::math
