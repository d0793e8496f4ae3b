#include "wattune/math/statistics.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace wattune::math {

TEST(RunningMoments, AreExactForLargeValuesThatDifferLittle) {
  RunningMoments moments;
  for (const double value : {1e8 + 1, 1e8 + 2, 1e8 + 3}) moments.add(value);
  EXPECT_DOUBLE_EQ(moments.mean(), 1e8 + 2);
  EXPECT_DOUBLE_EQ(moments.variance(), 1.0);
}

TEST(Statistics, MeanAndSampleVariance) {
  const std::vector<double> values{2, 4, 4, 4, 5, 5, 7, 9};
  EXPECT_DOUBLE_EQ(mean(values), 5.0);
  EXPECT_DOUBLE_EQ(variance(values), 32.0 / 7.0);
}

TEST(Quantile, IsLinearBetweenNeighbours) {
  const std::vector<double> values{4, 1, 3, 2};
  EXPECT_DOUBLE_EQ(quantile(values, 0.0), 1.0);
  EXPECT_DOUBLE_EQ(quantile(values, 0.25), 1.75);
  EXPECT_DOUBLE_EQ(median(values), 2.5);
  EXPECT_DOUBLE_EQ(quantile(values, 1.0), 4.0);
  EXPECT_DOUBLE_EQ(median(std::vector{7.0}), 7.0);
}

TEST(MinMax, GivesTheEndsAndWhereAValueLies) {
  const Range range = min_max(std::vector{3.0, -1.0, 2.0});
  EXPECT_EQ(range, (Range{.min = -1.0, .max = 3.0}));
  EXPECT_DOUBLE_EQ(range.fraction(0.0), 0.25);
  EXPECT_DOUBLE_EQ((Range{.min = 2.0, .max = 2.0}).fraction(2.0), 0.0);
}

}  // namespace wattune::math
