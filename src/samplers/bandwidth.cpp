#include "bandwidth.hpp"

#include <algorithm>
#include <cmath>

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
  std::size_t count = 0;
  double sum = 0.0;
  double squares = 0.0;  // of distances from the middle, so that few digits are lost
  for (const GoodTrial& trial : trials) {
    const Place& place = trial.places[axis_index];
    if (!place.is_active) continue;
    const double distance = static_cast<double>(place.coordinate) - 0.5;
    ++count;
    sum += distance;
    squares += distance * distance;
  }
  if (count < 2) return kUniformVariance;
  const auto n = static_cast<double>(count);
  return std::max(0.0, (squares - sum * sum / n) / (n - 1.0));
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
