#include "wattune/math/ped_anova.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <numeric>
#include <vector>

#include "wattune/math/sobol.hpp"

namespace wattune::math {
namespace {

std::vector<std::size_t> rows_where(std::size_t num_rows, auto condition) {
  std::vector<std::size_t> rows;
  for (std::size_t row = 0; row < num_rows; ++row) {
    if (condition(row)) rows.push_back(row);
  }
  return rows;
}

/// Every combination of two choices out of 2 and 4, `times` times.
RegressionData all_choices(std::size_t times) {
  RegressionData data{{{2}, {4}}, {}, {}};
  for (std::size_t i = 0; i < 8 * times; ++i) {
    data.inputs.push_back(static_cast<double>(i % 2));
    data.inputs.push_back(static_cast<double>(i / 2 % 4));
    data.targets.push_back(i % 8 == 0 ? 0.0 : 1.0);
  }
  return data;
}

RegressionData sobol_sample(std::size_t num_features, std::uint32_t num_rows, auto function) {
  RegressionData data{std::vector<Feature>(num_features), {}, {}};
  const SobolSequence points{num_features, 4};
  for (std::uint32_t i = 0; i < num_rows; ++i) {
    const auto point = points.point(i);
    data.inputs.insert(data.inputs.end(), point.begin(), point.end());
    data.targets.push_back(function(std::span<const double>{point}));
  }
  return data;
}

// One choice of k is good: sum over choices of (p / p0 - 1)^2 p0 = (k - 1)^2 / k + (k - 1) / k.
TEST(PedAnova, ChoicesHaveTheDivergenceOfTheirFrequencies) {
  const RegressionData data = all_choices(500);
  const auto all = rows_where(data.num_rows(), [](std::size_t) { return true; });
  const auto good = rows_where(data.num_rows(), [&](std::size_t row) { return row % 8 == 0; });
  const auto divergences = pearson_divergences(data, all, good);
  // One row more is spread over all choices: a bias of 2 / 501.
  EXPECT_NEAR(divergences[0], 1.0, 0.01);
  EXPECT_NEAR(divergences[1], 3.0, 0.02);
}

TEST(PedAnova, SharesAreThoseOfTheDivergences) {
  const auto shares = ped_anova(all_choices(200), {.num_good = 200, .num_resamples = 16}, 1);
  ASSERT_TRUE(shares);
  EXPECT_NEAR((*shares)[0].mean, 0.25, 0.01);
  EXPECT_NEAR((*shares)[1].mean, 0.75, 0.01);
}

// The good ones fill [0, 1/4) of the first feature: divergence 3 against a uniform density, less
// what the kernels wash out at the edge; the second is spread alike.
TEST(PedAnova, ANumberThatDecidesHasTheDivergenceOfTheGoodPart) {
  const auto data = sobol_sample(2, 1024, [](auto x) { return x[0]; });
  const auto all = rows_where(1024, [](std::size_t) { return true; });
  const auto good = rows_where(1024, [&](std::size_t row) { return data.targets[row] < 0.25; });
  const auto divergences = pearson_divergences(data, all, good);
  EXPECT_NEAR(divergences[0], 3.0, 0.3);
  EXPECT_NEAR(divergences[1], 0.0, 0.01);
}

TEST(PedAnova, EqualFeaturesHaveEqualShares) {
  const auto shares = ped_anova(sobol_sample(3, 2048, [](auto x) { return x[0] + x[1]; }),
                                {.num_good = 204, .num_resamples = 16}, 1);
  ASSERT_TRUE(shares);
  EXPECT_NEAR((*shares)[0].mean, 0.5, 0.03);
  EXPECT_NEAR((*shares)[1].mean, 0.5, 0.03);
  EXPECT_LT((*shares)[2].mean, 0.02);
}

// A feature that matters only among the good ones: x1 decides where x0 < 0.5, which all good have.
TEST(PedAnova, IsAboutTheGoodOnesAlone) {
  const auto target = [](auto x) { return x[0] < 0.5 ? 0.01 * x[1] : 10.0; };
  const auto data = sobol_sample(2, 1024, target);
  const auto shares = ped_anova(data, {.num_good = 51, .num_resamples = 16}, 1);
  ASSERT_TRUE(shares);
  EXPECT_GT((*shares)[1].mean, 0.8);  // 9 against 1
}

TEST(PedAnova, TheSpreadHoldsTheShareAndTheSeedFixesIt) {
  const auto data = sobol_sample(2, 60, [](auto x) { return x[0] + 0.5 * x[1]; });
  const auto one = ped_anova(data, {.num_good = 6}, 3);
  const auto same = ped_anova(data, {.num_good = 6}, 3);
  ASSERT_TRUE(one && same);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_LE((*one)[i].low, (*one)[i].mean);
    EXPECT_GE((*one)[i].high, (*one)[i].mean);
    EXPECT_GT((*one)[i].high, (*one)[i].low);
    EXPECT_EQ((*one)[i].low, (*same)[i].low);
  }
}

}  // namespace
}  // namespace wattune::math
