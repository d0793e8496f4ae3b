#include "wattune/math/normal.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace wattune::math {

TEST(Normal, LogCumulativeIsExactInBothTails) {
  // From tables of 50-digit arithmetic.
  const struct {
    double z, log_cumulative;
  } rows[] = {
      {-1000, -500007.826694812184},   {-200, -20006.2172808981904},  {-40.5, -824.745849244038018},
      {-39.5, -784.720879104317577},   {-37, -689.030585576890594},   {-20, -203.917155371097264},
      {-10.5, -58.4041870610732434},   {-9.5, -48.3060192989652303},  {-6, -20.7367689499747057},
      {-5.25, -16.3918800100377932},   {-4.75, -13.7985715931474666}, {-1, -1.84102164500926351},
      {-0.25, -0.913061764811135055},  {0, -0.693147180559945309},    {0.5, -0.368946415288656393},
      {2, -0.0230129093289634885},     {5, -2.86651612963763593e-7},  {9, -1.12858840595384065e-19},
      {30, -4.90671392714818706e-198},
  };
  // Rounding z^2 is worth 1e-13 of a density at z = 30.
  for (const auto& row : rows) {
    EXPECT_NEAR(normal_log_cumulative(row.z) / row.log_cumulative, 1.0, 3e-13) << row.z;
  }
}

TEST(Normal, LogCumulativeIsSmoothWhereItsFormsMeet) {
  for (const double seam : {-40.0, -10.0, -5.0, 0.0}) {
    const double below = std::nextafter(seam, -100.0);
    const double above = std::nextafter(seam, 100.0);
    EXPECT_NEAR(normal_log_cumulative(below) / normal_log_cumulative(above), 1.0, 1e-13) << seam;
    EXPECT_NEAR(normal_hazard(below) / normal_hazard(above), 1.0, 1e-13) << seam;
  }
}

TEST(Normal, HazardIsTheSlopeOfTheLogCumulative) {
  for (double z = -60.0; z <= 6.0; z += 0.37) {
    constexpr double kStep = 1e-5;
    const double slope =
        (normal_log_cumulative(z + kStep) - normal_log_cumulative(z - kStep)) / (2 * kStep);
    // Rounding of the difference: 1e-16 x 1800 / 1e-5 at worst.
    EXPECT_NEAR(normal_hazard(z), slope, 1e-8 + 1e-7 * std::abs(slope)) << z;
  }
}

TEST(Normal, CumulativeIsTheIntegralOfTheDensity) {
  double sum = normal_cumulative(-8.0);
  constexpr double kStep = 1e-3;
  for (int i = 0; i < 16000; ++i) sum += kStep * normal_density(-8.0 + (i + 0.5) * kStep);
  EXPECT_NEAR(sum, normal_cumulative(8.0), 1e-9);
  EXPECT_NEAR(std::log(normal_density(2.5)), normal_log_density(2.5), 1e-14);
}

}  // namespace wattune::math
