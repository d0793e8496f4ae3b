#pragma once

#include <cmath>
#include <cstddef>
#include <numbers>

namespace wattune::math {

/// Densities are those of the quantity itself, written as functions of its logarithm: the mode is
/// that of the quantity.
struct LogNormal {
  double location;
  double deviation;

  [[nodiscard]] double log_mode() const { return location - deviation * deviation; }
  /// Up to a constant.
  [[nodiscard]] double log_density(double log_value) const {
    const double z = (log_value - location) / deviation;
    return -log_value - 0.5 * z * z;
  }
  [[nodiscard]] double log_density_slope(double log_value) const {
    return -1.0 - (log_value - location) / (deviation * deviation);
  }
};

inline constexpr double kSmallestLengthscale = 0.025;
inline constexpr double kLargestLengthscale = 1e4;
inline constexpr double kSmallestNoise = 1e-8;
inline constexpr double kLargestNoise = 10.0;

[[nodiscard]] inline LogNormal lengthscale_prior(std::size_t num_groups) {
  return {std::numbers::sqrt2 + 0.5 * std::log(static_cast<double>(num_groups)),
          std::numbers::sqrt3};
}

[[nodiscard]] inline LogNormal noise_prior() {
  return {-4.0, 2.0};
}

}  // namespace wattune::math
