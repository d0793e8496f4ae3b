#include "wattune/strategies/sm2_projection.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace wattune::strategies {
namespace {

struct Fit {
  PowerLaw law;
  double squares = std::numeric_limits<double>::infinity();
};

/// The best a and b for one c. Resources are relative to the last one, so that powers stay small.
Fit fit_with(std::span<const CurvePoint> points, double c) {
  const double last = points.back().resource;
  const auto n = static_cast<double>(points.size());
  double mean_u = 0.0;
  double mean_y = 0.0;
  for (const CurvePoint& point : points) {
    mean_u += std::pow(point.resource / last, -c) / n;
    mean_y += point.loss / n;
  }
  double uu = 0.0;
  double uy = 0.0;
  for (const CurvePoint& point : points) {
    const double u = std::pow(point.resource / last, -c) - mean_u;
    uu += u * u;
    uy += u * (point.loss - mean_y);
  }
  const double slope = uu > 0.0 ? std::max(0.0, uy / uu) : 0.0;
  Fit fit{{mean_y - slope * mean_u, slope * std::pow(last, c), c}, 0.0};
  for (const CurvePoint& point : points) {
    const double off = fit.law.a + slope * std::pow(point.resource / last, -c) - point.loss;
    fit.squares += off * off;
  }
  return fit;
}

}  // namespace

std::optional<double> PowerLaw::resource_at(double target) const {
  if (!(b > 0.0) || !(target > a)) return std::nullopt;
  return std::pow((target - a) / b, -1.0 / c);
}

std::optional<PowerLaw> fit_power_law(std::span<const CurvePoint> points) {
  if (points.size() < 3) return std::nullopt;
  Fit best;
  for (int tenths = 1; tenths <= 20; ++tenths) {
    const Fit fit = fit_with(points, tenths / 10.0);
    if (fit.squares < best.squares) best = fit;
  }
  if (!std::isfinite(best.squares)) return std::nullopt;
  return best.law;
}

}  // namespace wattune::strategies
