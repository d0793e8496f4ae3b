#include "wattune/math/line_fit.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace wattune::math {

// Anscombe, The American Statistician 27(1), 1973: the first set. Intercept 3.00, slope 0.500,
// R^2 0.667, standard error of the slope 0.118; t of 9 degrees is 2.262.
TEST(LineFit, MatchesAPublishedRegression) {
  const std::vector<double> x{10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5};
  const std::vector<double> y{8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68};
  const auto fit = fit_line(x, y);
  ASSERT_TRUE(fit);
  EXPECT_NEAR(fit->intercept, 3.0001, 1e-4);
  EXPECT_NEAR(fit->slope, 0.5001, 1e-4);
  EXPECT_NEAR(fit->r_squared, 0.6665, 1e-4);
  EXPECT_NEAR(fit->slope_half_width, 0.1179 * 2.2622, 2e-4);
  EXPECT_NEAR(fit->largest_residual, 1.9213, 1e-3);  // at x = 13
}

TEST(LineFit, NeedsThreePointsThatDiffer) {
  EXPECT_FALSE(fit_line(std::vector{1.0, 2.0}, std::vector{1.0, 2.0}));
  EXPECT_FALSE(fit_line(std::vector{1.0, 1.0, 1.0}, std::vector{1.0, 2.0, 3.0}));
  EXPECT_FALSE(fit_line(std::vector{1.0, 2.0, 3.0}, std::vector{2.0, 2.0, 2.0}));
}

TEST(PowerLaw, FindsTheLawThatMadeThePoints) {
  const std::vector<double> x{1.0, 10.0, 100.0, 1000.0};
  std::vector<double> y;
  for (const double value : x) y.push_back(5.0 * std::pow(value, -0.5));
  const auto law = fit_power_law(x, y);
  ASSERT_TRUE(law);
  EXPECT_NEAR(law->factor, 5.0, 1e-9);
  EXPECT_NEAR(law->exponent, -0.5, 1e-12);
  EXPECT_NEAR(law->half_width, 0.0, 1e-9);
  EXPECT_NEAR(law->r_squared, 1.0, 1e-12);
}

TEST(PowerLaw, RefusesWhatHasNoLogarithm) {
  EXPECT_FALSE(fit_power_law(std::vector{0.0, 1.0, 2.0}, std::vector{1.0, 2.0, 3.0}));
}

}  // namespace wattune::math
