#include "wattune/strategies/sm2_projection.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace wattune::strategies {
namespace {

std::vector<CurvePoint> points_of(double a, double b, double c) {
  std::vector<CurvePoint> points;
  for (const double x : {100.0, 200.0, 300.0, 500.0, 800.0}) {
    points.push_back({x, a + b * std::pow(x, -c)});
  }
  return points;
}

TEST(FitPowerLaw, FindsTheCurveThatThePointsLieOn) {
  const auto law = fit_power_law(points_of(0.1, 5.0, 0.5));
  ASSERT_TRUE(law);
  EXPECT_NEAR(law->a, 0.1, 1e-9);
  EXPECT_NEAR(law->b, 5.0, 1e-7);
  EXPECT_NEAR(law->c, 0.5, 1e-12);
  // 0.1 + 5 / sqrt(x) = 0.2 at x = 2500.
  EXPECT_NEAR(law->resource_at(0.2).value(), 2'500.0, 1e-3);
}

TEST(FitPowerLaw, NeverReachesWhatLiesBelowItsEnd) {
  const auto law = fit_power_law(points_of(0.1, 5.0, 0.5));
  ASSERT_TRUE(law);
  EXPECT_FALSE(law->resource_at(0.1));
  EXPECT_FALSE(law->resource_at(0.05));
}

TEST(FitPowerLaw, ATrainingThatGetsWorseIsTakenForFlat) {
  const std::vector<CurvePoint> rising{{100.0, 0.1}, {200.0, 0.2}, {300.0, 0.3}};
  const auto law = fit_power_law(rising);
  ASSERT_TRUE(law);
  EXPECT_EQ(law->b, 0.0);
  EXPECT_NEAR(law->a, 0.2, 1e-12);
  EXPECT_FALSE(law->resource_at(0.15));
}

TEST(FitPowerLaw, NeedsThreePoints) {
  const std::vector<CurvePoint> two{{100.0, 0.5}, {200.0, 0.4}};
  EXPECT_FALSE(fit_power_law(two));
}

}  // namespace
}  // namespace wattune::strategies
