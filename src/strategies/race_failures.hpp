#pragma once

#include <Eigen/Core>

namespace wattune::strategies {

/// How often trials fail near a configuration: the share of failures among all trials, each
/// weighted by its nearness, and one imagined trial that went well.
///
/// Source   Nadaraya, Theory Probab. Appl. 9, 1964, and Watson, Sankhya A 26, 1964: kernel average
class RaceFailures {
 public:
  /// Takes    good, failed  rows of features: [. x d]; either may be empty
  RaceFailures(Eigen::MatrixXd good, Eigen::MatrixXd failed);

  /// Logarithm of the probability that a trial does not fail: [m].
  [[nodiscard]] Eigen::VectorXd log_success(const Eigen::MatrixXd& rows) const;

 private:
  Eigen::MatrixXd good_;
  Eigen::MatrixXd failed_;
};

}  // namespace wattune::strategies
