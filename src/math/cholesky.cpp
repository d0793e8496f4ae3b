#include "cholesky.hpp"

#include <Eigen/Cholesky>
#include <algorithm>

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

void solve_lower(const Eigen::MatrixXd& lower, Eigen::Ref<Eigen::MatrixXd> right_hand_sides) {
  if (lower.rows() == 0) return;
  const auto triangle = lower.triangularView<Eigen::Lower>();
  if (right_hand_sides.cols() == 1) {
    Eigen::Map<Eigen::VectorXd> column{right_hand_sides.data(), right_hand_sides.rows()};
    triangle.solveInPlace(column);
  } else {
    triangle.solveInPlace(right_hand_sides);
  }
}

void solve_upper(const Eigen::MatrixXd& lower, Eigen::Ref<Eigen::MatrixXd> right_hand_sides) {
  if (lower.rows() == 0) return;
  const auto triangle = lower.transpose().triangularView<Eigen::Upper>();
  if (right_hand_sides.cols() == 1) {
    Eigen::Map<Eigen::VectorXd> column{right_hand_sides.data(), right_hand_sides.rows()};
    triangle.solveInPlace(column);
  } else {
    triangle.solveInPlace(right_hand_sides);
  }
}

namespace {

constexpr Eigen::Index kBlockSize = 32;

/// Inverse of a lower triangular matrix, block row by block row; the upper triangle is zero.
Eigen::MatrixXd inverse_of_lower(const Eigen::MatrixXd& lower) {
  Eigen::MatrixXd inverse = Eigen::MatrixXd::Zero(lower.rows(), lower.cols());
  for (Eigen::Index first = 0; first < lower.rows(); first += kBlockSize) {
    const Eigen::Index size = std::min(kBlockSize, lower.rows() - first);
    auto own = inverse.block(first, first, size, size);
    own.setIdentity();
    lower.block(first, first, size, size).triangularView<Eigen::Lower>().solveInPlace(own);
    if (first == 0) continue;
    const Eigen::MatrixXd left = lower.block(first, 0, size, first) *
                                 inverse.topLeftCorner(first, first).triangularView<Eigen::Lower>();
    inverse.block(first, 0, size, first).noalias() -= own.triangularView<Eigen::Lower>() * left;
  }
  return inverse;
}

}  // namespace

Eigen::MatrixXd inverse_from_factor(const Eigen::MatrixXd& lower) {
  const Eigen::MatrixXd half = inverse_of_lower(lower);
  Eigen::MatrixXd inverse = Eigen::MatrixXd::Zero(lower.rows(), lower.cols());
  for (Eigen::Index first = 0; first < lower.rows(); first += kBlockSize) {
    // What follows in these rows is zero.
    const Eigen::Index size = std::min(kBlockSize, lower.rows() - first);
    const Eigen::Index end = first + size;
    inverse.topLeftCorner(end, end).selfadjointView<Eigen::Lower>().rankUpdate(
        half.block(first, 0, size, end).transpose());
  }
  inverse.triangularView<Eigen::StrictlyUpper>() = inverse.transpose();
  return inverse;
}

}  // namespace wattune::math
