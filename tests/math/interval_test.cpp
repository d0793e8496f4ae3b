#include "wattune/math/interval.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "wattune/base/random.hpp"

namespace wattune::math {

TEST(StudentT, HasThePublishedQuantiles) {
  EXPECT_NEAR(student_t_975(1), 12.706, 5e-4);
  EXPECT_NEAR(student_t_975(2), 4.303, 5e-4);
  EXPECT_NEAR(student_t_975(9), 2.262, 5e-4);
  EXPECT_NEAR(student_t_975(100000), 1.960, 5e-4);
}

TEST(MeanInterval, OfThreeValues) {
  const MeanInterval interval = mean_interval(std::array{9.0, 10.0, 11.0});
  EXPECT_EQ(interval.count, 3U);
  EXPECT_EQ(interval.mean, 10.0);
  EXPECT_NEAR(interval.deviation.value(), 1.0, 1e-12);
  EXPECT_NEAR(interval.half_width.value(), 4.303 / std::sqrt(3.0), 5e-4);
}

TEST(MeanInterval, OneValueHasNeitherDeviationNorInterval) {
  const MeanInterval interval = mean_interval(std::array{9.0});
  EXPECT_EQ(interval.mean, 9.0);
  EXPECT_EQ(interval.deviation, std::nullopt);
  EXPECT_EQ(interval.half_width, std::nullopt);
}

// 95 % of 4,000 intervals hold the truth to within 1.4 %, four standard deviations of that share.
TEST(MeanInterval, HoldsTheTruthInNineteenOfTwentyCases) {
  Rng rng(1908);
  constexpr int kNumCases = 4000;
  int num_held = 0;
  for (int i = 0; i < kNumCases; ++i) {
    std::array<double, 4> values{};
    for (double& value : values) {
      value = 0.0;  // a sum of twelve even numbers is about normal, with a variance of 1
      for (int k = 0; k < 12; ++k) value += rng.uniform() - 0.5;
    }
    const MeanInterval interval = mean_interval(values);
    num_held += std::abs(interval.mean) <= *interval.half_width ? 1 : 0;
  }
  EXPECT_NEAR(num_held / static_cast<double>(kNumCases), 0.95, 0.014);
}

}  // namespace wattune::math
