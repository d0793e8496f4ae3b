#include "wattune/math/functional_anova.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <functional>
#include <numbers>
#include <numeric>
#include <vector>

#include "wattune/math/sobol.hpp"

namespace wattune::math {
namespace {

using Function = std::function<double(std::span<const double>)>;

/// The function's values at the middles of n^d equal boxes.
std::vector<Leaf> grid(std::size_t num_features, std::size_t n, const Function& function) {
  std::vector<Leaf> leaves;
  const auto num_leaves =
      static_cast<std::size_t>(std::llround(std::pow(n, static_cast<double>(num_features))));
  for (std::size_t index = 0; index < num_leaves; ++index) {
    Leaf leaf;
    std::vector<double> middle;
    for (std::size_t i = 0, rest = index; i < num_features; ++i, rest /= n) {
      const double low = static_cast<double>(rest % n) / static_cast<double>(n);
      const double high = static_cast<double>(rest % n + 1) / static_cast<double>(n);
      leaf.sides.push_back({low, high, {}});
      middle.push_back(std::midpoint(low, high));
    }
    leaf.value = function(middle);
    leaves.push_back(leaf);
  }
  return leaves;
}

RegressionData sobol_sample(std::size_t num_features, std::uint32_t num_rows,
                            const Function& function) {
  RegressionData data{std::vector<Feature>(num_features), {}, {}};
  const SobolSequence points{num_features, 4};
  for (std::uint32_t i = 0; i < num_rows; ++i) {
    const auto point = points.point(i);
    data.inputs.insert(data.inputs.end(), point.begin(), point.end());
    data.targets.push_back(function(point));
  }
  return data;
}

double sum_of(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

double ishigami(std::span<const double> unit) {
  const auto x = [&](std::size_t i) { return std::numbers::pi * (2.0 * unit[i] - 1.0); };
  return std::sin(x(0)) + 7.0 * std::pow(std::sin(x(1)), 2) +
         0.1 * std::pow(x(2), 4) * std::sin(x(0));
}

TEST(FunctionalAnova, PairsAreNumberedRowByRow) {
  EXPECT_EQ(pair_index(0, 1, 4), 0U);
  EXPECT_EQ(pair_index(0, 3, 4), 2U);
  EXPECT_EQ(pair_index(1, 2, 4), 3U);
  EXPECT_EQ(pair_index(2, 3, 4), 5U);
}

// Var(3 x) : Var(x) : Var(0) = 9 : 1 : 0 on any grid of equal cells.
TEST(FunctionalAnova, AnAdditiveFunctionHasNoInteraction) {
  const std::vector<Feature> features(3);
  const auto shares =
      variance_shares(features, grid(3, 5, [](auto x) { return 100.0 + 3.0 * x[0] - x[1]; }));
  ASSERT_TRUE(shares);
  EXPECT_NEAR(shares->single[0], 0.9, 1e-12);
  EXPECT_NEAR(shares->single[1], 0.1, 1e-12);
  EXPECT_NEAR(shares->single[2], 0.0, 1e-12);
  EXPECT_NEAR(sum_of(shares->pairs), 0.0, 1e-12);
}

// The four cells of "one or the other": no side tells anything alone.
TEST(FunctionalAnova, ExclusiveOrIsAllInteraction) {
  const std::vector<Feature> features(2);
  const auto shares = variance_shares(
      features, grid(2, 2, [](auto x) { return (x[0] < 0.5) != (x[1] < 0.5) ? 1.0 : 0.0; }));
  ASSERT_TRUE(shares);
  EXPECT_NEAR(shares->single[0], 0.0, 1e-15);
  EXPECT_NEAR(shares->single[1], 0.0, 1e-15);
  EXPECT_NEAR(shares->pairs[0], 1.0, 1e-15);
}

// Product of g_i with mean 1 and variance v_i: a set's variance is the product of its v_i (Sobol,
// 1993). g_i = 1 + a_i s with s = +1 or -1 on halves has v_i = a_i^2.
TEST(FunctionalAnova, AProductFunctionHasTheIndicesOfSobol) {
  const std::array a{1.0, 0.5, 0.25};
  const std::vector<Feature> features(3);
  const auto shares = variance_shares(features, grid(3, 2, [&](auto x) {
                                        double product = 1.0;
                                        for (std::size_t i = 0; i < 3; ++i) {
                                          product *= 1.0 + (x[i] < 0.5 ? a[i] : -a[i]);
                                        }
                                        return product;
                                      }));
  ASSERT_TRUE(shares);
  const double variance = 2.0 * 1.25 * 1.0625 - 1.0;
  EXPECT_NEAR(shares->single[0], 1.0 / variance, 1e-12);
  EXPECT_NEAR(shares->single[1], 0.25 / variance, 1e-12);
  EXPECT_NEAR(shares->single[2], 0.0625 / variance, 1e-12);
  EXPECT_NEAR(shares->pairs[pair_index(0, 1, 3)], 0.25 / variance, 1e-12);
  EXPECT_NEAR(shares->pairs[pair_index(0, 2, 3)], 0.0625 / variance, 1e-12);
  EXPECT_NEAR(shares->pairs[pair_index(1, 2, 3)], 0.015625 / variance, 1e-12);
  // The rest is what the three do together.
  EXPECT_NEAR(1.0 - sum_of(shares->single) - sum_of(shares->pairs), 0.015625 / variance, 1e-12);
}

TEST(FunctionalAnova, WeighsLeavesByTheirVolume) {
  const std::vector<Feature> features(2);
  // 1 on a tenth of the space in the first feature: variance 0.09, all of it the first one's.
  std::vector<Leaf> leaves(2);
  leaves[0] = {1.0, {{0.0, 0.1, {}}, {}}};
  leaves[1] = {0.0, {{0.1, 1.0, {}}, {}}};
  const auto shares = variance_shares(features, leaves);
  ASSERT_TRUE(shares);
  EXPECT_NEAR(shares->single[0], 1.0, 1e-12);
  EXPECT_NEAR(shares->single[1], 0.0, 1e-12);
}

TEST(FunctionalAnova, TakesChoicesByTheirNumber) {
  // f = [choice is 0] + x over two halves; choices 3: variance 2/9 against 1/16.
  const std::vector<Feature> features{{3}, {}};
  std::vector<Leaf> leaves;
  for (const bool is_first : {true, false}) {
    for (const double low : {0.0, 0.5}) {
      leaves.push_back({(is_first ? 1.0 : 0.0) + (low + 0.25),
                        {{0.0, 1.0, {is_first, !is_first, !is_first}}, {low, low + 0.5, {}}}});
    }
  }
  const auto shares = variance_shares(features, leaves);
  ASSERT_TRUE(shares);
  const double total = 2.0 / 9.0 + 1.0 / 16.0;
  EXPECT_NEAR(shares->single[0], 2.0 / 9.0 / total, 1e-12);
  EXPECT_NEAR(shares->single[1], 1.0 / 16.0 / total, 1e-12);
  EXPECT_NEAR(shares->pairs[0], 0.0, 1e-12);
}

TEST(FunctionalAnova, AConstantFunctionHasNoShares) {
  const std::vector<Feature> features(1);
  EXPECT_FALSE(variance_shares(features, grid(1, 3, [](auto) { return 0.1; })));
  RegressionData data = sobol_sample(2, 32, [](auto) { return 0.3; });
  EXPECT_FALSE(functional_anova(RegressionForest{data, {}, 1}));
}

// Ishigami and Homma, 1990, with a = 7, b = 0.1: S1 = 0.3139, S2 = 0.4424, S3 = 0, S13 = 0.2437.
// The middles of 14 cells cut the tops off x^4: an error of (1/14)^2 times some.
TEST(FunctionalAnova, OnAFineGridIshigamiHasItsKnownIndices) {
  const std::vector<Feature> features(3);
  const auto shares = variance_shares(features, grid(3, 14, ishigami));
  ASSERT_TRUE(shares);
  EXPECT_NEAR(shares->single[0], 0.3139, 0.015);
  EXPECT_NEAR(shares->single[1], 0.4424, 0.015);
  EXPECT_NEAR(shares->single[2], 0.0, 1e-9);
  EXPECT_NEAR(shares->pairs[pair_index(0, 2, 3)], 0.2437, 0.015);
  EXPECT_NEAR(shares->pairs[pair_index(0, 1, 3)], 0.0, 1e-9);
}

// A forest of boxes smooths the waves, most of all the fastest, those of x1: its shares come near
// the indices as rows are added (0.23 of 0.44 at 256 rows, 0.38 here, 0.42 at 16384).
TEST(FunctionalAnova, AForestFindsTheIndicesOfIshigami) {
  const RegressionForest forest{
      sobol_sample(3, 4096, ishigami), {.num_trees = 4, .max_sample = 4096}, 1};
  const auto shares = functional_anova(forest);
  ASSERT_TRUE(shares);
  EXPECT_NEAR(shares->single[0].mean, 0.3139, 0.05);
  EXPECT_NEAR(shares->single[1].mean, 0.4424, 0.07);
  EXPECT_NEAR(shares->single[2].mean, 0.0, 0.03);
  EXPECT_NEAR(shares->pairs[pair_index(0, 2, 3)].mean, 0.2437, 0.05);
  EXPECT_LT(shares->pairs[pair_index(1, 2, 3)].mean, 0.03);
  EXPECT_LE(shares->single[0].low, shares->single[0].mean);
  EXPECT_GE(shares->single[0].high, shares->single[0].mean);
  EXPECT_LT(shares->single[0].high - shares->single[0].low, 0.2);
}

TEST(FunctionalAnova, FewRowsSpreadMoreThanMany) {
  const auto width = [](std::uint32_t num_rows) {
    const auto data = sobol_sample(3, num_rows, [](auto x) { return 2.0 * x[0] + x[1]; });
    const auto shares = functional_anova(RegressionForest{data, {}, 1});
    return shares->single[0].high - shares->single[0].low;
  };
  EXPECT_GT(width(16), 1.5 * width(256));
}

}  // namespace
}  // namespace wattune::math
