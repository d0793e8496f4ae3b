#include "wattune/math/minimize.hpp"

#include <nlopt.h>

#include <cmath>
#include <limits>
#include <memory>

#include "wattune/base/require.hpp"

namespace wattune::math {
namespace {

struct Walk {
  const DifferentiableFunction& function;
  nlopt_opt handle;
  Eigen::VectorXd point;
  Eigen::VectorXd gradient;
  Minimum best;

  double evaluate(const double* at, double* slope) {
    point = Eigen::Map<const Eigen::VectorXd>(at, point.size());
    const double value = function(point, gradient);
    ++best.evaluations;
    if (!std::isfinite(value) || !gradient.allFinite()) {
      nlopt_force_stop(handle);
      return std::numeric_limits<double>::max();
    }
    if (slope != nullptr) Eigen::Map<Eigen::VectorXd>(slope, point.size()) = gradient;
    if (value < best.value) {
      best.value = value;
      best.point = point;
    }
    return value;
  }
};

double evaluate_walk(unsigned /*size*/, const double* point, double* gradient, void* walk) {
  return static_cast<Walk*>(walk)->evaluate(point, gradient);
}

using Optimiser = std::unique_ptr<nlopt_opt_s, void (*)(nlopt_opt)>;

Optimiser make_optimiser(const Bounds& bounds, const MinimizeOptions& options) {
  Optimiser handle{nlopt_create(NLOPT_LD_LBFGS, static_cast<unsigned>(bounds.lower.size())),
                   nlopt_destroy};
  WATTUNE_REQUIRE(handle != nullptr);
  nlopt_set_lower_bounds(handle.get(), bounds.lower.data());
  nlopt_set_upper_bounds(handle.get(), bounds.upper.data());
  nlopt_set_maxeval(handle.get(), static_cast<int>(options.max_evaluations));
  nlopt_set_ftol_rel(handle.get(), options.relative_tolerance);
  return handle;
}

}  // namespace

Bounds unit_bounds(std::size_t dimension) {
  const auto size = static_cast<Eigen::Index>(dimension);
  return {Eigen::VectorXd::Zero(size), Eigen::VectorXd::Ones(size)};
}

Minimum minimize(const DifferentiableFunction& function, const Eigen::VectorXd& start,
                 const Bounds& bounds, const MinimizeOptions& options) {
  WATTUNE_REQUIRE(start.size() > 0 && start.allFinite() && options.max_evaluations > 0);
  WATTUNE_REQUIRE((bounds.lower.array() <= bounds.upper.array()).all());
  const Optimiser handle = make_optimiser(bounds, options);
  Eigen::VectorXd point = start.cwiseMax(bounds.lower).cwiseMin(bounds.upper);
  Walk walk{function,
            handle.get(),
            point,
            Eigen::VectorXd(point.size()),
            {point, std::numeric_limits<double>::infinity(), 0}};
  nlopt_set_min_objective(handle.get(), evaluate_walk, &walk);
  double value = 0.0;
  // Its answer (out of evaluations, rounding, no descent) changes nothing: the best point counts.
  static_cast<void>(nlopt_optimize(handle.get(), point.data(), &value));
  return walk.best;
}

}  // namespace wattune::math
