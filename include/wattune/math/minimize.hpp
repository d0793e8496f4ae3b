#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <functional>

namespace wattune::math {

/// Value at a point; writes the gradient, which comes with the right size.
using DifferentiableFunction =
    std::function<double(const Eigen::VectorXd& point, Eigen::VectorXd& gradient)>;

/// Where a search may go.
struct Bounds {
  Eigen::VectorXd lower;
  Eigen::VectorXd upper;
};

/// Of the unit cube.
[[nodiscard]] Bounds unit_bounds(std::size_t dimension);

struct MinimizeOptions {
  std::size_t max_evaluations = 50;
  double relative_tolerance =
      1e-6;  ///< Stops when a step changes the value by less than this share.
};

struct Minimum {
  Eigen::VectorXd point;  ///< The best one seen, inside the bounds.
  double value = 0.0;
  std::size_t evaluations = 0;
};

/// Walks downhill from the start until nothing is gained or the evaluations are spent.
///
/// Takes    start  moved into the bounds where outside
/// Errors   a value or gradient that is not finite ends the walk; the best point so far is given
/// Source   Liu, Nocedal, Math. Program. 45, 1989 (L-BFGS), as in NLopt (its bounded form is
///          Luksan's)
[[nodiscard]] Minimum minimize(const DifferentiableFunction& function, const Eigen::VectorXd& start,
                               const Bounds& bounds, const MinimizeOptions& options = {});

}  // namespace wattune::math
