#include "wattune/math/rank_tests.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace wattune::math {
namespace {

using Groups = std::vector<std::vector<double>>;

/// Two groups of which every value of the second lies above every value of the first.
Groups separated(int size) {
  Groups groups(2);
  for (int i = 0; i < size; ++i) {
    groups[0].push_back(i);
    groups[1].push_back(size + i);
  }
  return groups;
}

}  // namespace

// The two examples in the manual of scipy.stats.kruskal 1.11.
TEST(KruskalWallis, MatchesAPublishedExampleWithoutTies) {
  const auto test = kruskal_wallis(Groups{{1, 3, 5, 7, 9}, {2, 4, 6, 8, 10}});
  ASSERT_TRUE(test);
  EXPECT_NEAR(test->h, 0.2727272727272734, 1e-12);
  EXPECT_NEAR(test->p, 0.6015081344405895, 1e-12);
  EXPECT_EQ(test->num_groups, 2U);
  EXPECT_EQ(test->count, 10U);
}

TEST(KruskalWallis, CorrectsForTies) {
  const auto test = kruskal_wallis(Groups{{1, 1, 1}, {2, 2, 2}, {2, 2}});
  ASSERT_TRUE(test);
  EXPECT_NEAR(test->h, 7.0, 1e-12);
  EXPECT_NEAR(test->p, 0.0301973834223185, 1e-12);
}

// Yarally et al. (CAIN 2023) print H = 2303.25 for the convolution layers on both data sets: the
// ceiling 3 n^2 / (4 (n + 1)) of two groups of 1536 that do not overlap.
TEST(KruskalWallis, ReachesTheCeilingThatAPaperPrintsForGroupsThatDoNotOverlap) {
  const auto test = kruskal_wallis(separated(1536));
  ASSERT_TRUE(test);
  EXPECT_NEAR(test->h, 3.0 * 3072.0 * 3072.0 / (4.0 * 3073.0), 1e-9);
  EXPECT_NEAR(test->h, 2303.25, 0.005);
  EXPECT_LT(test->p, 0.001);
}

TEST(KruskalWallis, SaysNothingWhereThereIsNothingToCompare) {
  EXPECT_FALSE(kruskal_wallis(Groups{{1, 2, 3}, {}}));
  EXPECT_FALSE(kruskal_wallis(Groups{{4, 4}, {4, 4}}));
  EXPECT_FALSE(kruskal_wallis(Groups{}));
}

// Their eta squared counts the 8 cells of the design as groups, not the 2 levels of the factor.
TEST(EtaSquared, GivesThePrintedValuesWithThePapersEightGroups) {
  EXPECT_NEAR(eta_squared(481.8, 8, 3072), 0.155, 5e-4);
  EXPECT_NEAR(eta_squared(2303.25, 8, 3072), 0.749, 5e-4);
  EXPECT_NEAR(eta_squared(176.5, 8, 3072), 0.055, 5e-4);
  EXPECT_NEAR(eta_squared(496.8, 8, 3072), 0.160, 5e-4);
  EXPECT_NEAR(eta_squared(106.7, 8, 3072), 0.033, 5e-4);
}

TEST(EtaSquared, IsLargerWithTheTwoLevelsOfTheFactor) {
  EXPECT_NEAR(eta_squared(481.8, 2, 3072), 0.157, 5e-4);
  EXPECT_NEAR(eta_squared(2303.25, 2, 3072), 0.750, 5e-4);
  EXPECT_NEAR(eta_squared(176.5, 2, 3072), 0.057, 5e-4);
  EXPECT_NEAR(eta_squared(496.8, 2, 3072), 0.161, 5e-4);
  EXPECT_NEAR(eta_squared(106.7, 2, 3072), 0.034, 5e-4);
}

TEST(CliffsDelta, CountsPairs) {
  EXPECT_DOUBLE_EQ(cliffs_delta(std::vector{4.0, 5.0}, std::vector{1.0, 2.0, 3.0}), 1.0);
  EXPECT_DOUBLE_EQ(cliffs_delta(std::vector{1.0}, std::vector{2.0}), -1.0);
  // Of six pairs three are larger, one is smaller, two are equal.
  EXPECT_DOUBLE_EQ(cliffs_delta(std::vector{1.0, 2.0, 3.0}, std::vector{1.0, 2.0}), 2.0 / 6.0);
}

TEST(Holm, MultipliesTheSmallestMostAndNeverFalls) {
  const std::vector<double> corrected = holm(std::vector{0.01, 0.04, 0.03, 0.005});
  EXPECT_THAT(corrected, ::testing::Pointwise(::testing::DoubleNear(1e-12),
                                              std::vector{0.03, 0.06, 0.06, 0.02}));
  EXPECT_DOUBLE_EQ(holm(std::vector{0.7, 0.9}).front(), 1.0);
}

// The example in the manual of scipy.stats.kendalltau.
TEST(KendallTau, MatchesAPublishedExampleWithTies) {
  const auto tau = kendall_tau(std::vector{12.0, 2.0, 1.0, 12.0, 2.0},  //
                               std::vector{1.0, 4.0, 7.0, 1.0, 0.0});
  ASSERT_TRUE(tau);
  EXPECT_NEAR(*tau, -0.47140452079103173, 1e-12);
}

TEST(KendallTau, IsNotKnownForAConstantSide) {
  EXPECT_FALSE(kendall_tau(std::vector{1.0, 2.0}, std::vector{3.0, 3.0}));
  EXPECT_FALSE(kendall_tau(std::vector{1.0}, std::vector{3.0}));
}

}  // namespace wattune::math
