#pragma once

#include <Eigen/Core>

namespace wattune::math {

/// Smaller pivots are taken for rounding: the matrix gets more jitter.
inline constexpr double kSmallestPivot = 1e-11;

/// A Cholesky factor, and what had to be added to the diagonal for it.
struct JitteredFactor {
  Eigen::MatrixXd lower;  ///< [n x n]; only the lower triangle counts
  double jitter = 0.0;
};

/// Factors a symmetric matrix whose diagonal is about 1, with as little jitter as it takes.
[[nodiscard]] JitteredFactor factor_with_jitter(const Eigen::MatrixXd& matrix);

/// Inverse of the matrix whose factor this is; both triangles are set.
[[nodiscard]] Eigen::MatrixXd inverse_from_factor(const Eigen::MatrixXd& lower);

}  // namespace wattune::math
