#include "wattune/math/scalarisation.hpp"

#include <algorithm>
#include <limits>

#include "wattune/base/require.hpp"

namespace wattune::math {

double augmented_chebyshev(std::span<const double> losses, std::span<const double> weights) {
  WATTUNE_REQUIRE(!losses.empty() && losses.size() == weights.size());
  constexpr double kShareOfSum = 0.05;
  double largest = -std::numeric_limits<double>::infinity();
  double sum = 0.0;
  for (std::size_t k = 0; k < losses.size(); ++k) {
    largest = std::max(largest, weights[k] * losses[k]);
    sum += weights[k] * losses[k];
  }
  return largest + kShareOfSum * sum;
}

}  // namespace wattune::math
