#include "wattune/math/knee.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace wattune::math {
using Front = std::vector<std::array<double, 2>>;

TEST(KneePoint, IsTheOneFurthestBelowTheLineBetweenTheEnds) {
  EXPECT_EQ(knee_point(Front{{0, 10}, {1, 3}, {4, 2}, {10, 0}}), 1u);
}

TEST(KneePoint, DoesNotDependOnUnitsOrOrder) {
  // The same front as above, the first loss in thousandths, the second in thousands, mixed up.
  EXPECT_EQ(knee_point(Front{{0.004, 2000}, {0.01, 0}, {0.001, 3000}, {0, 10000}}), 2u);
}

TEST(KneePoint, IsNothingWithoutABend) {
  EXPECT_EQ(knee_point(Front{{0, 2}, {1, 1}, {2, 0}}), std::nullopt);
  EXPECT_EQ(knee_point(Front{{0, 2}, {1.5, 1}, {2, 0}}), std::nullopt);
  EXPECT_EQ(knee_point(Front{{0, 2}, {2, 0}}), std::nullopt);
  EXPECT_EQ(knee_point(Front{{1, 1}, {1, 1}, {1, 1}}), std::nullopt);
}

}  // namespace wattune::math
