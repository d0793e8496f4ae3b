#pragma once

#include <Eigen/Core>
#include <span>

#include "wattune/math/curve_process.hpp"

namespace wattune::math {

/// A column's place on its learned scale, and derivatives of that.
struct Warped {
  double value = 0.0;
  double by_place = 0.0;
  double by_log_a = 0.0;
  double by_log_b = 0.0;
};

/// x becomes 1 - (1 - x^a)^b, which bends one end of [0, 1] or both.
///
/// Takes    places outside of [1e-7, 1 - 1e-7] for its ends, where slopes are still finite
/// Source   Kumaraswamy, J. Hydrology 46, 1980
class ColumnWarp {
 public:
  ColumnWarp(double log_a, double log_b);

  [[nodiscard]] Warped at(double place) const;
  [[nodiscard]] double value(double place) const;

 private:
  double a_;
  double b_;
};

/// The points with their warped columns on the learned scale.
[[nodiscard]] Eigen::MatrixXd warp(const Eigen::MatrixXd& points,
                                   std::span<const std::size_t> columns,
                                   const CurveHyperparameters& hyperparameters);

/// Is there one warp for each warped column?
[[nodiscard]] bool has_warps_of(const CurveHyperparameters& hyperparameters,
                                const CurveShape& shape);

}  // namespace wattune::math
