#pragma once

#include <Eigen/Core>

#include "wattune/math/gaussian_process.hpp"

namespace wattune::math {

// Symbols: scaled points are columns in units of their length scales, [d x n]; r^2 is the squared
// distance of two of them.

/// [d] One over the length scale of each column's group.
[[nodiscard]] Eigen::VectorXd inverse_lengthscales(const KernelShape& shape,
                                                   const Eigen::VectorXd& log_lengthscales);

/// [d x n] of points that are rows [n x d]. The middle of the cube becomes the origin, which keeps
/// distances of near points precise.
[[nodiscard]] Eigen::MatrixXd scale_points(const Eigen::MatrixXd& points,
                                           const Eigen::VectorXd& inverse_lengthscales);

/// Correlations between the columns of both: [columns of left x columns of right].
[[nodiscard]] Eigen::MatrixXd correlations(KernelFamily family, const Eigen::MatrixXd& left,
                                           const Eigen::MatrixXd& right);

struct SlopedCorrelations {
  Eigen::MatrixXd values;
  Eigen::MatrixXd slopes;  ///< Twice the derivative by r^2: times (z - z') it is that by z.
};

[[nodiscard]] SlopedCorrelations sloped_correlations(KernelFamily family,
                                                     const Eigen::MatrixXd& left,
                                                     const Eigen::MatrixXd& right);

}  // namespace wattune::math
