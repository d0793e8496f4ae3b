#include "../../src/samplers/output_transform.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "wattune/math/statistics.hpp"

namespace wattune::samplers {
namespace {

std::vector<double> all(const OutputTransform& transform, const std::vector<double>& values) {
  std::vector<double> transformed;
  for (const double value : values) transformed.push_back(transform(value));
  return transformed;
}

}  // namespace

TEST(OutputTransform, GivesMeanZeroAndVarianceOne) {
  const std::vector<double> values{3.0, 5.0, 4.0, 8.0, 6.0};
  const auto transformed = all(OutputTransform{values, {}}, values);
  EXPECT_NEAR(math::mean(transformed), 0.0, 1e-12);
  EXPECT_NEAR(math::variance(transformed), 1.0, 1e-12);
}

TEST(OutputTransform, PullsInWhatIsFarOnTheBadSideOnly) {
  const std::vector<double> values{-1000.0, 1.0, 2.0, 3.0, 4.0, 5.0, 1000.0};
  const OutputTransform transform{values, {}};
  // Quartiles 1.5 and 4.5: the cut is at 9.
  EXPECT_DOUBLE_EQ(transform(1000.0), transform(9.0));
  EXPECT_LT(transform(-1000.0), transform(-999.0));
  EXPECT_LT(transform(8.0), transform(9.0));
  EXPECT_GT(transform.uncut(1000.0), transform(1000.0));
}

TEST(OutputTransform, TheCutLeavesAThresholdAlone) {
  const std::vector<double> values{1.0, 2.0, 3.0, 4.0, 5.0, 1000.0};
  const std::vector<double> threshold{50.0};
  const OutputTransform transform{values, {}, threshold};
  EXPECT_LT(transform(49.0), transform(50.0));
  EXPECT_DOUBLE_EQ(transform(1000.0), transform(50.0));
}

TEST(OutputTransform, ALogarithmMakesEqualFactorsEqualSteps) {
  const std::vector<double> joules{1.0, 10.0, 100.0, 1000.0};
  const OutputTransform transform{joules, {.scale = Scale::Log}};
  EXPECT_NEAR(transform(10.0) - transform(1.0), transform(1000.0) - transform(100.0), 1e-12);

  const std::vector<double> losses{-1.0, -10.0, -100.0};
  const OutputTransform negated{losses, {.scale = Scale::NegatedLog}};
  EXPECT_NEAR(negated(-10.0) - negated(-100.0), negated(-1.0) - negated(-10.0), 1e-12);
  EXPECT_LT(negated(-100.0), negated(-1.0));
}

TEST(OutputTransform, WithoutPositiveValuesThereIsNoLogarithm) {
  const std::vector<double> values{0.0, 1.0, 2.0};
  const OutputTransform transform{values, {.scale = Scale::Log}};
  EXPECT_NEAR(transform(2.0) - transform(1.0), transform(1.0) - transform(0.0), 1e-12);
}

TEST(OutputTransform, VarianceGoesThroughToFirstOrder) {
  const std::vector<double> joules{50.0, 100.0, 200.0, 400.0};
  const OutputTransform transform{joules, {.scale = Scale::Log}};
  const double step = 1e-4;
  const double slope = (transform(100.0 + step) - transform(100.0 - step)) / (2.0 * step);
  EXPECT_NEAR(transform.variance(100.0, 9.0), 9.0 * slope * slope, 1e-9);
}

TEST(OutputTransform, HugeOrEqualValuesStayNumbers) {
  const std::vector<double> huge{1e300, -1e300, 1e308, 0.0};
  for (const double value : all(OutputTransform{huge, {}}, huge)) {
    EXPECT_TRUE(std::isfinite(value));
  }
  const std::vector<double> equal(5, 1e300);
  EXPECT_DOUBLE_EQ((OutputTransform{equal, {}}(1e300)), 0.0);
}

}  // namespace wattune::samplers
