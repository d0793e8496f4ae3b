#include "wattune/math/improvement.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

#include "support/finite_difference.hpp"
#include "wattune/base/random.hpp"

namespace wattune::math {
namespace {

using Acquisition = AcquisitionValue (*)(double, double, double);

struct Named {
  const char* name;
  Acquisition function;
};

constexpr Named kAll[] = {{"expected improvement", expected_improvement},
                          {"log expected improvement", log_expected_improvement},
                          {"probability of improvement", probability_of_improvement},
                          {"lower confidence bound", lower_confidence_bound},
                          {"log probability below", log_probability_below},
                          {"log probability above", log_probability_above}};

double mean_over_samples(double mean, double deviation,
                         const std::function<double(double)>& function) {
  constexpr int kSamples = 200'000;
  Rng rng{17};
  double sum = 0.0;
  for (int i = 0; i < kSamples; ++i) sum += function(mean + deviation * rng.normal());
  return sum / kSamples;
}

}  // namespace

TEST(Improvement, LogExpectedImprovementIsExactFarIntoTheTail) {
  // From 60-digit arithmetic.
  const struct {
    double mean, deviation, best, expected;
  } rows[] = {{0, 1, 0, -0.918938533204672742},     {2, 0.5, 1, -5.46193070447705947},
              {10, 1, 0, -55.5531220361223559},     {5.5, 1, 0, -19.5430714528241054},
              {4.5, 1, 0, -14.1804883818683403},    {40, 1, 0, -808.29856835661996},
              {1000, 0.5, 0, -2000016.81389138285}, {-3, 0.1, 2, 1.60943791243410037}};
  for (const auto& row : rows) {
    EXPECT_NEAR(log_expected_improvement(row.mean, row.deviation, row.best).value / row.expected,
                1.0, 1e-14)
        << row.mean;
  }
}

TEST(Improvement, EveryGradientAgreesWithFiniteDifferences) {
  Rng rng{1};
  for (int i = 0; i < 100; ++i) {
    const double mean = rng.uniform(-3.0, 12.0);
    const double deviation = std::exp(rng.uniform(-1.5, 1.5));
    const double best = rng.uniform(-2.0, 2.0);
    for (const auto& [name, function] : kAll) {
      const AcquisitionValue value = function(mean, deviation, best);
      const double step = 1e-3 * deviation;
      const double by_mean = test::derivative_of(
          [&](double x) { return function(x, deviation, best).value; }, mean, step);
      const double by_deviation = test::derivative_of(
          [&](double x) { return function(mean, x, best).value; }, deviation, step);
      EXPECT_NEAR(value.d_mean, by_mean, 1e-7 * (1e-3 + std::abs(by_mean))) << name;
      EXPECT_NEAR(value.d_deviation, by_deviation, 1e-7 * (1e-3 + std::abs(by_deviation))) << name;
    }
  }
}

TEST(Improvement, ClosedFormsAgreeWithSampling) {
  const double mean = 0.3;
  const double deviation = 0.8;
  const double best = -0.2;
  // Standard errors over 200,000 samples are below 0.0012; the tolerance is four of them.
  EXPECT_NEAR(expected_improvement(mean, deviation, best).value,
              mean_over_samples(mean, deviation, [&](double x) { return std::max(best - x, 0.0); }),
              0.004);
  const double below = mean_over_samples(mean, deviation, [&](double x) { return x < best; });
  EXPECT_NEAR(probability_of_improvement(mean, deviation, best).value, below, 0.005);
  EXPECT_NEAR(std::exp(log_probability_below(mean, deviation, best).value), below, 0.005);
  EXPECT_NEAR(std::exp(log_probability_above(mean, deviation, best).value), 1.0 - below, 0.005);
}

TEST(Improvement, TheLogarithmIsTheLogarithm) {
  for (double mean = -2.0; mean < 12.0; mean += 0.31) {
    const double plain = expected_improvement(mean, 0.7, 0.1).value;
    EXPECT_NEAR(log_expected_improvement(mean, 0.7, 0.1).value, std::log(plain),
                1e-12 * (1.0 + std::abs(std::log(plain))))
        << mean;
  }
}

TEST(Improvement, ExtremeInputsStayFinite) {
  for (const double mean : {-1e300, -1.0, 0.0, 1.0, 1e8, 1e300}) {
    for (const double deviation : {1e-300, 1e-12, 1.0, 1e12}) {
      for (const auto& [name, function] : kAll) {
        const AcquisitionValue value = function(mean, deviation, 0.5);
        EXPECT_TRUE(std::isfinite(value.value)) << name << ' ' << mean << ' ' << deviation;
        EXPECT_FALSE(std::isnan(value.d_mean)) << name << ' ' << mean << ' ' << deviation;
        EXPECT_FALSE(std::isnan(value.d_deviation)) << name << ' ' << mean << ' ' << deviation;
      }
    }
  }
}

TEST(Improvement, LowerMeansAndWiderDeviationsAreWorthMore) {
  EXPECT_GT(log_expected_improvement(1.0, 0.1, 0.0).value,
            log_expected_improvement(2.0, 0.1, 0.0).value);
  EXPECT_GT(log_expected_improvement(2.0, 0.2, 0.0).value,
            log_expected_improvement(2.0, 0.1, 0.0).value);
  EXPECT_EQ(lower_confidence_bound(2.0, 0.5, 3.0).value, 0.5);
}

}  // namespace wattune::math
