#pragma once

#include <Eigen/Core>
#include <cmath>

#include "gaussian_kernel.hpp"

namespace wattune::math {

// Parts of CurveProcess's covariance, in units of its scale.

[[nodiscard]] inline double lasting_share(double logit) {
  return 1.0 / (1.0 + std::exp(-logit));
}

/// [n x n]
[[nodiscard]] inline Eigen::MatrixXd correlations_of_resources(KernelFamily family,
                                                               const Eigen::VectorXd& resources,
                                                               double log_length) {
  const Eigen::MatrixXd scaled = resources.transpose() * std::exp(-log_length);
  return correlations(family, scaled, scaled);
}

/// Without noise: [n x n].
[[nodiscard]] inline Eigen::MatrixXd joint_kernel(const Eigen::MatrixXd& base,
                                                  const Eigen::MatrixXd& along, double trend,
                                                  double lasting) {
  return trend * along.array() + base.array() * (lasting + (1.0 - lasting) * along.array());
}

/// The scale of largest likelihood; not 0 where the values do not differ.
[[nodiscard]] inline double profiled_scale(const Eigen::VectorXd& centred_values,
                                           const Eigen::VectorXd& weights) {
  constexpr double kSmallestScale = 1e-12;
  return std::max(kSmallestScale,
                  centred_values.dot(weights) / static_cast<double>(centred_values.size()));
}

}  // namespace wattune::math
