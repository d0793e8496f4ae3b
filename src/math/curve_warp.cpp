#include "curve_warp.hpp"

#include <algorithm>
#include <cmath>

namespace wattune::math {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;

constexpr double kNearest = 1e-7;  // to the ends

double inside(double place) {
  return std::clamp(place, kNearest, 1.0 - kNearest);
}

}  // namespace

ColumnWarp::ColumnWarp(double log_a, double log_b) : a_(std::exp(log_a)), b_(std::exp(log_b)) {
}

double ColumnWarp::value(double place) const {
  const double power = std::exp(a_ * std::log(inside(place)));
  return 1.0 - std::exp(b_ * std::log1p(-power));
}

Warped ColumnWarp::at(double place) const {
  const double x = inside(place);
  const double log_x = std::log(x);
  const double power = std::exp(a_ * log_x);   // x^a
  const double log_rest = std::log1p(-power);  // of 1 - x^a
  const double rest = std::exp(b_ * log_rest);
  const double slope = a_ * b_ * power * std::exp((b_ - 1.0) * log_rest);  // by log x
  return {1.0 - rest, slope / x, slope * log_x, -b_ * rest * log_rest};
}

MatrixXd warp(const MatrixXd& points, std::span<const std::size_t> columns,
              const CurveHyperparameters& hyperparameters) {
  MatrixXd warped = points;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const auto at = static_cast<Index>(i);
    const ColumnWarp column{hyperparameters.log_warp_a[at], hyperparameters.log_warp_b[at]};
    for (double& place : warped.col(static_cast<Index>(columns[i]))) place = column.value(place);
  }
  return warped;
}

bool has_warps_of(const CurveHyperparameters& hyperparameters, const CurveShape& shape) {
  const auto num_warped = static_cast<Index>(shape.warped_columns.size());
  return hyperparameters.log_warp_a.size() == num_warped &&
         hyperparameters.log_warp_b.size() == num_warped;
}

}  // namespace wattune::math
