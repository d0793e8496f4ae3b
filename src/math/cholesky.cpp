#include "cholesky.hpp"

#include <Eigen/Cholesky>

#include "wattune/base/require.hpp"

namespace wattune::math {

JitteredFactor factor_with_jitter(const Eigen::MatrixXd& matrix) {
  constexpr double kFirstJitter = 1e-10;
  JitteredFactor factor;
  if (matrix.rows() == 0) return factor;
  for (;;) {
    factor.lower = matrix;
    factor.lower.diagonal().array() += factor.jitter;
    const Eigen::LLT<Eigen::Ref<Eigen::MatrixXd>> decomposition{factor.lower};
    if (decomposition.info() == Eigen::Success &&
        factor.lower.diagonal().cwiseAbs2().minCoeff() > kSmallestPivot) {
      return factor;
    }
    factor.jitter = factor.jitter == 0.0 ? kFirstJitter : 10.0 * factor.jitter;
    WATTUNE_REQUIRE(factor.jitter < 1e6);
  }
}

Eigen::MatrixXd inverse_from_factor(const Eigen::MatrixXd& lower) {
  Eigen::MatrixXd half = Eigen::MatrixXd::Identity(lower.rows(), lower.cols());
  lower.triangularView<Eigen::Lower>().solveInPlace(half);
  Eigen::MatrixXd inverse = Eigen::MatrixXd::Zero(lower.rows(), lower.cols());
  inverse.selfadjointView<Eigen::Lower>().rankUpdate(half.transpose());
  inverse.triangularView<Eigen::StrictlyUpper>() = inverse.transpose();
  return inverse;
}

}  // namespace wattune::math
