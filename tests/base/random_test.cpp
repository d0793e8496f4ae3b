#include "wattune/base/random.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace wattune {

TEST(Rng, SameSeedAndStreamGiveTheSameNumbers) {
  Rng first{7, 3};
  Rng second{7, 3};
  for (int i = 0; i < 100; ++i) EXPECT_EQ(first.bits(), second.bits());
}

TEST(Rng, AnotherStreamGivesOtherNumbers) {
  Rng first{7, 3};
  Rng second{7, 4};
  int num_equal = 0;
  for (int i = 0; i < 100; ++i) num_equal += first.bits() == second.bits() ? 1 : 0;
  EXPECT_EQ(num_equal, 0);
}

TEST(Rng, IndexIsUniform) {
  Rng rng{1};
  constexpr int kDraws = 30'000;
  std::vector<int> counts(3);
  for (int i = 0; i < kDraws; ++i) ++counts[rng.index(3)];
  // Six standard deviations of a binomial with p = 1/3; the seed is fixed.
  for (const int count : counts) EXPECT_NEAR(count, kDraws / 3, 6 * std::sqrt(kDraws * 2.0 / 9.0));
}

TEST(Rng, NormalHasMeanZeroAndVarianceOne) {
  Rng rng{1};
  constexpr int kDraws = 30'000;
  double sum = 0.0;
  double sum_of_squares = 0.0;
  for (int i = 0; i < kDraws; ++i) {
    const double z = rng.normal();
    sum += z;
    sum_of_squares += z * z;
  }
  EXPECT_NEAR(sum / kDraws, 0.0, 6.0 / std::sqrt(kDraws));
  EXPECT_NEAR(sum_of_squares / kDraws, 1.0, 6.0 * std::sqrt(2.0 / kDraws));
}

TEST(NormalQuantile, MatchesTables) {
  EXPECT_NEAR(normal_quantile(0.5), 0.0, 1e-12);
  EXPECT_NEAR(normal_quantile(0.975), 1.959963984540054, 1e-9);
  EXPECT_NEAR(normal_quantile(0.001), -3.090232306167814, 1e-9);
}

}  // namespace wattune
