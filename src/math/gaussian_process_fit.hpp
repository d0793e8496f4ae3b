#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <optional>

#include "wattune/math/gaussian_process.hpp"

namespace wattune::math {

/// What the density is computed from.
struct FitProblem {
  const KernelShape& shape;              // outlives this
  Eigen::MatrixXd points;                // [n x d]
  Eigen::VectorXd values;                // [n], standardised
  std::optional<Eigen::VectorXd> noise;  // [n], standardised variances
};

/// Standardised by all of the data, of which at most `max_points` are kept.
[[nodiscard]] FitProblem problem_of(const KernelShape& shape, const GpData& data,
                                    const GpFitOptions& options);

/// Log posterior density of the hyperparameters, up to a constant; the gradient is written.
///
/// Takes    packed  log length scales, then the log noise where it is inferred
[[nodiscard]] double log_posterior(const FitProblem& problem, const Eigen::VectorXd& packed,
                                   Eigen::VectorXd& gradient);

}  // namespace wattune::math
