#include "wattune/math/pay_back.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace wattune::math {

// What notes on ECOpt report: a search of 18.61 Wh, 2.67 tokens per joule found, 38 times those of
// the start, break-even after 4,802 tokens.
TEST(UsesToPayBack, GivesTheBreakEvenOfAPublishedSearch) {
  const double search_j = 18.61 * 3600.0;
  const auto tokens = uses_to_pay_back(search_j, 38.0 / 2.67 - 1.0 / 2.67);
  ASSERT_TRUE(tokens);
  EXPECT_NEAR(*tokens, 4802.0, 0.02 * 4802.0);  // 38 is rounded
}

TEST(UsesToPayBack, NeverPaysWithoutASaving) {
  EXPECT_FALSE(uses_to_pay_back(100.0, 0.0));
  EXPECT_FALSE(uses_to_pay_back(100.0, -1.0));
  EXPECT_DOUBLE_EQ(*uses_to_pay_back(100.0, 8.0), 12.5);
}

TEST(SavingTogether, SetsOneTrainingAgainstTheSumOfMany) {
  EXPECT_DOUBLE_EQ(*saving_together(60.0, std::vector{40.0, 40.0}), 0.25);
  EXPECT_DOUBLE_EQ(*saving_together(100.0, std::vector{40.0, 40.0}), -0.25);
  EXPECT_FALSE(saving_together(1.0, std::vector<double>{}));
}

TEST(PlateauRound, IsTheFirstAfterWhichLessThanTheGainFollows) {
  const std::vector<double> accuracy{0.60, 0.58, 0.85, 0.851, 0.80, 0.8515};
  EXPECT_EQ(plateau_round(accuracy, 0.002), 3U);
  EXPECT_EQ(plateau_round(accuracy, 0.001), 4U);
  EXPECT_EQ(plateau_round(accuracy, 0.0001), 6U);
  EXPECT_FALSE(plateau_round({}, 0.1));
}

}  // namespace wattune::math
