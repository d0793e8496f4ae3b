#include "wattune/math/signed_rank.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace wattune::math {

TEST(SignedRank, GivesTheProbabilityOfAllSignsAlike) {
  const std::vector<double> low{1.0, 2.0, 3.0, 4.0, 5.0};
  const std::vector<double> high{1.1, 2.2, 3.3, 4.4, 5.5};
  const SignedRank test = signed_rank_test(low, high);
  EXPECT_EQ(test.count, 5U);
  EXPECT_EQ(test.rank_sum, 0.0);
  EXPECT_DOUBLE_EQ(test.p_first_less, 1.0 / 32.0);
  EXPECT_DOUBLE_EQ(test.p_first_greater, 1.0);
  EXPECT_DOUBLE_EQ(test.p_two_sided, 2.0 / 32.0);
  EXPECT_DOUBLE_EQ(signed_rank_test(high, low).p_first_greater, 1.0 / 32.0);
}

TEST(SignedRank, CountsSignsByHandForThreePairs) {
  // Differences 1, -2, 3: of the eight sums 0, 1, 2, 3, 3, 4, 5, 6 six are at most 4, three at
  // least.
  const SignedRank test = signed_rank_test(std::vector{1.0, 0.0, 3.0}, std::vector{0.0, 2.0, 0.0});
  EXPECT_EQ(test.rank_sum, 4.0);
  EXPECT_DOUBLE_EQ(test.p_first_less, 6.0 / 8.0);
  EXPECT_DOUBLE_EQ(test.p_first_greater, 3.0 / 8.0);
  EXPECT_DOUBLE_EQ(test.p_two_sided, 6.0 / 8.0);
}

TEST(SignedRank, LeavesOutEqualPairsAndSharesRanks) {
  // Sizes 1, 1, 2 have ranks 1.5, 1.5, 3; sums 0, 1.5 (twice), 3 (twice), 4.5 (twice), 6.
  const SignedRank test =
      signed_rank_test(std::vector{1.0, 5.0, 0.0, 2.0}, std::vector{0.0, 5.0, 1.0, 0.0});
  EXPECT_EQ(test.count, 3U);
  EXPECT_EQ(test.rank_sum, 4.5);
  EXPECT_DOUBLE_EQ(test.p_first_greater, 3.0 / 8.0);
}

TEST(SignedRank, SaysNothingOfEqualSamples) {
  const std::vector<double> values{1.0, 2.0};
  EXPECT_EQ(signed_rank_test(values, values).p_two_sided, 1.0);
}

TEST(SignedRank, MatchesPublishedExactProbabilities) {
  // Depression scores of nine patients: Hollander, Wolfe, Nonparametric Statistical Methods, 1973.
  const std::vector<double> before{1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30};
  const std::vector<double> after{0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29};
  const SignedRank test = signed_rank_test(before, after);
  EXPECT_EQ(test.rank_sum, 40.0);
  EXPECT_DOUBLE_EQ(test.p_two_sided, 0.0390625);
  EXPECT_DOUBLE_EQ(test.p_first_greater, 0.01953125);
  EXPECT_DOUBLE_EQ(test.p_first_less, 0.986328125);
}

TEST(SignedRank, IsNormalForManyPairs) {
  std::vector<double> first;
  std::vector<double> second;
  for (int i = 1; i <= 40; ++i) {
    first.push_back(i);
    second.push_back(i + i * 7 % 11 - 4);
  }
  const SignedRank test = signed_rank_test(first, second);
  EXPECT_EQ(test.count, 37U);
  EXPECT_EQ(test.rank_sum, 207.5);
  EXPECT_NEAR(test.p_two_sided, 0.02974080607531612, 1e-12);
  EXPECT_NEAR(test.p_first_less, 0.01487040303765806, 1e-12);
  EXPECT_NEAR(test.p_first_greater, 0.9856896479936766, 1e-12);
}

TEST(FractionalRanks, SharesTheMeanOfEqualValues) {
  EXPECT_EQ(fractional_ranks(std::vector{3.0, 1.0, 3.0, 2.0, 3.0}),
            (std::vector{4.0, 1.0, 4.0, 2.0, 4.0}));
}

}  // namespace wattune::math
