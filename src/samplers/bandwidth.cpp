#include "bandwidth.hpp"

#include <algorithm>
#include <cmath>

#include "wattune/math/statistics.hpp"

namespace wattune::samplers {

double bandwidth_of(const Axis& axis, std::size_t num_kernels, std::size_t num_axes,
                    double variance) {
  const auto n = static_cast<double>(num_kernels);
  if (axis.kind() == AxisKind::Unordered) return 1.0 / (n + 1.0);
  const double pooled = (n * variance + kUniformVariance) / (n + 1.0);
  const double scott =
      1.059 * std::sqrt(pooled) * std::pow(n, -1.0 / (static_cast<double>(num_axes) + 4.0));
  const double least = 1.0 / std::min(100.0, 1.0 + n);
  return std::clamp(scott, least, 1.0);
}

double variance_on(std::size_t axis_index, std::span<const GoodTrial> trials) {
  math::RunningMoments moments;
  for (const GoodTrial& trial : trials) {
    const Place& place = trial.places[axis_index];
    if (place.is_active) moments.add(place.coordinate);
  }
  return moments.count() < 2 ? kUniformVariance : moments.variance();
}

std::size_t rung_above(std::size_t rung) {
  return rung + std::max<std::size_t>(1, rung / 10);
}

std::size_t rung_below(std::size_t count) {
  std::size_t rung = 1;
  while (rung_above(rung) <= count) rung = rung_above(rung);
  return rung;
}

}  // namespace wattune::samplers
