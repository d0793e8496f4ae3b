#include "wattune/math/scalarisation.hpp"

#include <gtest/gtest.h>

#include <array>

namespace wattune::math {

TEST(AugmentedChebyshev, IsTheLargestWeightedLossAndATwentiethOfTheSum) {
  const std::array losses{0.5, 1.0};
  EXPECT_DOUBLE_EQ(augmented_chebyshev(losses, std::array{0.6, 0.4}), 0.4 + 0.05 * 0.7);
  EXPECT_DOUBLE_EQ(augmented_chebyshev(losses, std::array{0.9, 0.1}), 0.45 + 0.05 * 0.55);
}

TEST(AugmentedChebyshev, ADominatedPointIsWorseEvenOnEqualMaxima) {
  const std::array weights{0.5, 0.5};
  EXPECT_LT(augmented_chebyshev(std::array{1.0, 0.2}, weights),
            augmented_chebyshev(std::array{1.0, 0.3}, weights));
}

}  // namespace wattune::math
