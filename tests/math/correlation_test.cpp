#include "wattune/math/correlation.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <vector>

#include "wattune/base/random.hpp"

namespace wattune::math {
namespace {

TEST(Correlation, EqualValuesShareTheMeanOfTheirRanks) {
  EXPECT_EQ(ranks(std::array{3.0, 1.0, 3.0, 2.0}), (std::vector<double>{3.5, 1.0, 3.5, 2.0}));
}

TEST(Correlation, OfRanksByHand) {
  // Differences of ranks 1, 1, 1, 1, 0: 1 - 6 * 4 / (5 * 24).
  const auto rho =
      spearman(std::array{1.0, 2.0, 3.0, 4.0, 5.0}, std::array{20.0, 10.0, 40.0, 30.0, 50.0});
  ASSERT_TRUE(rho);
  EXPECT_NEAR(rho->value, 0.8, 1e-12);
  // z = 1.0986, half width 1.959964 sqrt(1.32 / 2).
  EXPECT_NEAR(rho->low, std::tanh(1.098612 - 1.592281), 1e-5);
  EXPECT_NEAR(rho->high, std::tanh(1.098612 + 1.592281), 1e-5);
}

TEST(Correlation, OfRanksSeesOnlyTheOrder) {
  const std::array x{0.1, 0.2, 0.5, 0.7, 0.9};
  std::vector<double> steep;
  for (const double value : x) steep.push_back(std::exp(20.0 * value));
  EXPECT_DOUBLE_EQ(spearman(x, steep)->value, 1.0);
  EXPECT_LT(pearson(x, steep)->value, 0.9);
}

TEST(Correlation, APerfectOneHasNoWidth) {
  const auto r = pearson(std::array{1.0, 2.0, 3.0, 4.0}, std::array{-2.0, -4.0, -6.0, -8.0});
  ASSERT_TRUE(r);
  EXPECT_DOUBLE_EQ(r->value, -1.0);
  EXPECT_NEAR(r->low, -1.0, 1e-9);
  EXPECT_NEAR(r->high, -1.0, 1e-9);
}

TEST(Correlation, IsNotKnownForThreePairsOrAConstantSide) {
  EXPECT_FALSE(spearman(std::array{1.0, 2.0, 3.0}, std::array{1.0, 2.0, 3.0}));
  EXPECT_FALSE(pearson(std::array{1.0, 2.0, 3.0, 4.0}, std::array{0.1, 0.1, 0.1, 0.1}));
  EXPECT_FALSE(spearman(std::array{0.1, 0.1, 0.1, 0.1}, std::array{1.0, 2.0, 3.0, 4.0}));
}

// 2000 draws of 30 normal pairs with r = 0.6: the limits are four standard errors of the count.
TEST(Correlation, IntervalsHoldTheTruthInNinetyFiveOfAHundredSamples) {
  constexpr double kTruth = 0.6;
  // Of ranks, for normal pairs: 6 / pi asin(r / 2).
  const double rank_truth = 6.0 / M_PI * std::asin(kTruth / 2.0);
  Rng rng{11};
  int num_linear = 0;
  int num_ranks = 0;
  for (int draw = 0; draw < 2000; ++draw) {
    std::vector<double> x;
    std::vector<double> y;
    for (int i = 0; i < 30; ++i) {
      x.push_back(rng.normal());
      y.push_back(kTruth * x.back() + std::sqrt(1.0 - kTruth * kTruth) * rng.normal());
    }
    const Correlation r = *pearson(x, y);
    const Correlation rho = *spearman(x, y);
    num_linear += r.low <= kTruth && kTruth <= r.high ? 1 : 0;
    num_ranks += rho.low <= rank_truth && rank_truth <= rho.high ? 1 : 0;
  }
  EXPECT_NEAR(num_linear, 1900, 40);
  EXPECT_NEAR(num_ranks, 1900, 40);
}

}  // namespace
}  // namespace wattune::math
