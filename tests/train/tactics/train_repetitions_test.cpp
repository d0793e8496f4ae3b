#include "tactics/repetitions.hpp"

#include <gtest/gtest.h>

namespace wattune::train {
namespace {

TEST(Repetitions, AreToldByMedianAndQuartilesInAnyOrder) {
  const Spread spread = spread_of({5, 1, 4, 2, 3});

  EXPECT_DOUBLE_EQ(spread.median, 3);
  EXPECT_DOUBLE_EQ(spread.lower_quartile, 2);
  EXPECT_DOUBLE_EQ(spread.upper_quartile, 4);
}

TEST(Repetitions, AreInterpolatedWhereAQuartileLiesBetweenTwo) {
  const Spread spread = spread_of({1, 2});

  EXPECT_DOUBLE_EQ(spread.median, 1.5);
  EXPECT_DOUBLE_EQ(spread.lower_quartile, 1.25);
}

TEST(Repetitions, VaryByStandardDeviationOverMean) {
  EXPECT_DOUBLE_EQ(spread_of({2, 4, 6}).variation, 0.5);  // deviation 2, mean 4
  EXPECT_DOUBLE_EQ(spread_of({7}).variation, 0);
}

}  // namespace
}  // namespace wattune::train
