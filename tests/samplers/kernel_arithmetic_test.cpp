#include "../../src/samplers/kernel_arithmetic.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "wattune/base/random.hpp"

namespace wattune::samplers {
namespace {

double normal_cdf(double z) {
  return 0.5 * std::erfc(-z / std::numbers::sqrt2);
}

}  // namespace

TEST(GaussianTails, EqualTheErrorFunction) {
  std::vector<float> centres;
  for (int i = 0; i <= 100; ++i) centres.push_back(static_cast<float>(i) / 100.0F);
  std::vector<float> below_0(centres.size());
  std::vector<float> below_1(centres.size());
  for (const double bandwidth : {0.01, 0.07, 0.3, 1.0}) {
    gaussian_tails(centres, static_cast<float>(bandwidth), below_0, below_1);
    for (std::size_t i = 0; i < centres.size(); ++i) {
      const auto centre = static_cast<double>(centres[i]);
      EXPECT_NEAR(below_0[i], normal_cdf(-centre / bandwidth), 1e-6) << centre;
      EXPECT_NEAR(below_1[i], normal_cdf((1.0 - centre) / bandwidth), 1e-6) << centre;
    }
  }
}

TEST(GaussianTails, DoNotDependOnWhatStandsBeside) {
  std::vector<float> centres;
  for (int i = 0; i < 37; ++i) centres.push_back(static_cast<float>(i) / 37.0F);
  std::vector<float> below_0(centres.size());
  std::vector<float> below_1(centres.size());
  gaussian_tails(centres, 0.1F, below_0, below_1);
  for (std::size_t i = 0; i < centres.size(); ++i) {
    float low = 0.0F;
    float high = 0.0F;
    gaussian_tails({&centres[i], 1}, 0.1F, {&low, 1}, {&high, 1});
    EXPECT_EQ(low, below_0[i]);
    EXPECT_EQ(high, below_1[i]);
  }
}

TEST(NormalQuantiles, EqualThoseInDoublePrecision) {
  std::vector<float> probabilities{2.9e-7F, 1e-6F, 1e-4F, 0.0013F, 0.0014F, 0.9986F, 0.9987F};
  for (int i = 1; i < 1000; ++i) probabilities.push_back(static_cast<float>(i) / 1000.0F);
  std::vector<float> quantiles(probabilities.size());
  normal_quantiles(probabilities, quantiles);
  for (std::size_t i = 0; i < probabilities.size(); ++i) {
    const auto probability = static_cast<double>(probabilities[i]);
    EXPECT_NEAR(quantiles[i], normal_quantile(probability), 1e-5) << probability;
  }
}

TEST(NormalQuantiles, AreFiniteAtTheEnds) {
  const std::vector<float> probabilities{0.0F, 1.0F};
  std::vector<float> quantiles(2);
  normal_quantiles(probabilities, quantiles);
  EXPECT_LT(quantiles[0], -5.0F);
  EXPECT_GT(quantiles[0], -6.0F);
  EXPECT_GT(quantiles[1], 5.0F);
  EXPECT_LT(quantiles[1], 6.0F);
}

TEST(AddRounded, IsTheSameInAnyOrder) {
  Rng rng{5};
  std::vector<double> terms(50);
  for (double& term : terms) term = rng.uniform();
  std::vector<double> factors(200);
  for (double& factor : factors) factor = 1e10 * rng.uniform();
  std::vector<double> forwards(50, 0.0);
  std::vector<double> backwards(50, 0.0);
  for (std::size_t i = 0; i < factors.size(); ++i) {
    add_rounded(forwards, terms, factors[i], 3.0);
    for (int times = 0; times < 3; ++times) {
      add_rounded(backwards, terms, factors[factors.size() - 1 - i], 1.0);
    }
  }
  EXPECT_EQ(forwards, backwards);
  EXPECT_NE(forwards, std::vector<double>(50, 0.0));
  for (const double factor : factors) add_rounded(forwards, terms, factor, -3.0);
  EXPECT_EQ(forwards, std::vector<double>(50, 0.0));
}

}  // namespace wattune::samplers
