#pragma once

#include <cstddef>

namespace wattune::math {

/// From here on below zero the tail's own expansion is used.
inline constexpr double kTail = 5.0;

/// K of the continued fraction of the normal tail: with x = -z > 0, density(z) / cumulative(z) is
/// x + K, and K = 1 / (x + 2 / (x + 3 / (x + ...))), about 1 / x.
///
/// All terms are positive, so nothing cancels where x + K or K alone is needed. Relative error
/// below 1e-14 from x = kTail on.
[[nodiscard]] inline double tail_excess(double x) {
  constexpr std::size_t kLevels = 30;
  const std::size_t levels = x > 40.0 ? 7 : x > 10.0 ? 15 : kLevels;
  double fraction = 0.0;
  for (std::size_t level = levels; level >= 2; --level) {
    fraction = static_cast<double>(level) / (x + fraction);
  }
  return 1.0 / (x + fraction);
}

}  // namespace wattune::math
