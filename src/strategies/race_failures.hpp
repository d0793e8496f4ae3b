#pragma once

#include <Eigen/Core>
#include <optional>

#include "samplers/features.hpp"
#include "wattune/math/gaussian_process.hpp"

namespace wattune::strategies {

/// Where trials fail: a Gaussian process of 0 (it went well so far) and 1 (it failed), whose sign
/// around one half decides.
///
/// Cost     O(n^3) to make where any failed, of the latest trials at most 80 of each kind
/// Source   classification by regression: Rasmussen, Williams, Gaussian Processes for Machine
///          Learning, 2006, section 6.5
/// Differs  hyperparameters are given, not fitted: failures are few
class RaceFailures {
 public:
  /// Takes    good, failed  rows of features in the order of the trials; either may be empty
  RaceFailures(const samplers::Features& features, const Eigen::MatrixXd& good,
               const Eigen::MatrixXd& failed);

  /// Logarithm of the probability that a trial does not fail: [m].
  [[nodiscard]] Eigen::VectorXd log_success(const Eigen::MatrixXd& rows) const;

 private:
  std::optional<math::GaussianProcess> process_;  // nothing where none failed
};

}  // namespace wattune::strategies
