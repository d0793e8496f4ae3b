#include "wattune/math/curve_forecast.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <functional>

#include "wattune/base/random.hpp"

namespace wattune::math {
namespace {

constexpr int kSteps = 50;

/// A family of curves: loss at a share of the training, for one draw of its parameters.
using Family = std::function<std::function<double(double)>(Rng&)>;

std::function<double(double)> power_law(Rng& rng) {
  const double end = rng.uniform(0.1, 0.5);
  const double fall = std::abs(rng.normal()) * 0.1 + 0.3;
  const double c = rng.uniform(0.3, 1.5);
  const double first = std::pow(1.0 / kSteps, -c);
  return [=](double u) { return end + fall * (std::pow(u, -c) - 1.0) / (first - 1.0); };
}

std::function<double(double)> exponential(Rng& rng) {
  const double end = rng.uniform(0.1, 0.5);
  const double fall = std::abs(rng.normal()) * 0.1 + 0.3;
  const double k = rng.uniform(2.0, 20.0);
  return [=](double u) { return end + fall * (std::exp(-k * u) - std::exp(-k)); };
}

std::function<double(double)> logarithmic(Rng& rng) {
  const double end = rng.uniform(0.1, 0.5);
  const double fall = std::abs(rng.normal()) * 0.05 + 0.1;
  return [=](double u) { return end - fall * std::log(u) / 2.0; };
}

std::function<double(double)> any_of_them(Rng& rng) {
  switch (rng.index(3)) {
    case 0:
      return power_law(rng);
    case 1:
      return exponential(rng);
    default:
      return logarithmic(rng);
  }
}

struct Trials {
  std::array<int, 10> num{};      // by tenth of the probability that was told
  std::array<int, 10> num_met{};  // how often it came so
  double squared_errors = 0.0;
  double squared_errors_of_last = 0.0;
};

/// Forecasts of 4,000 curves known up to a fifth, two fifths or three fifths of the training: the
/// probability of ending above a bar near the end, and whether it came so.
Trials forecasts_of(const Family& family, double noise) {
  Rng rng{7};
  CurvePrior prior;
  double sum = 0.0;
  double sum_of_squares = 0.0;
  constexpr int kLearnt = 20;
  for (int i = 0; i < kLearnt; ++i) {
    const auto curve = family(rng);
    const double fall = curve(1.0 / kSteps) - curve(1.0);
    sum += fall;
    sum_of_squares += fall * fall;
  }
  prior.mean_fall = sum / kLearnt;
  prior.sd_fall = std::sqrt(sum_of_squares / kLearnt - prior.mean_fall * prior.mean_fall +
                            prior.mean_fall * prior.mean_fall / 16.0);
  Trials trials;
  for (int i = 0; i < 4000; ++i) {
    const auto curve = family(rng);
    std::vector<double> shares;
    std::vector<double> losses;
    for (int step = 1; step <= kSteps / 5 * (1 + i % 3); ++step) {
      shares.push_back(static_cast<double>(step) / kSteps);
      losses.push_back(curve(shares.back()) + noise * rng.normal());
    }
    const CurveForecast forecast = forecast_curve(shares, losses, prior);
    const double end = curve(1.0) + noise * rng.normal();
    const double bar = forecast.mean() + rng.normal() * 0.05;
    const double probability = forecast.probability_above(bar);
    const auto tenth = std::min<std::size_t>(9, static_cast<std::size_t>(probability * 10.0));
    ++trials.num[tenth];
    trials.num_met[tenth] += end >= bar ? 1 : 0;
    trials.squared_errors += std::pow(end - forecast.mean(), 2.0);
    trials.squared_errors_of_last += std::pow(end - losses.back(), 2.0);
  }
  return trials;
}

double share_met(const Trials& trials, std::size_t tenth) {
  return static_cast<double>(trials.num_met[tenth]) / trials.num[tenth];
}

TEST(CurveForecast, IsCalibratedOnCurvesOfManyKinds) {
  const Trials trials = forecasts_of(any_of_them, 0.01);
  for (std::size_t tenth = 0; tenth < 10; ++tenth) {
    ASSERT_GT(trials.num[tenth], 130);  // an error of 0.12 is almost three deviations of that
    EXPECT_NEAR(share_met(trials, tenth), (static_cast<double>(tenth) + 0.5) / 10.0, 0.12)
        << trials.num[tenth];
  }
  EXPECT_LT(trials.squared_errors, 0.3 * trials.squared_errors_of_last);
}

TEST(CurveForecast, IsRightWhereItIsSureOnCurvesOfEveryKind) {
  // What it is used for: a trial is stopped where 0.95 are told.
  for (const Family& family : {Family{power_law}, Family{exponential}, Family{logarithmic}}) {
    const Trials trials = forecasts_of(family, 0.01);
    EXPECT_GT(share_met(trials, 9), 0.93);
    EXPECT_LT(share_met(trials, 0), 0.08);
    EXPECT_LT(trials.squared_errors, 0.4 * trials.squared_errors_of_last);
  }
}

TEST(CurveForecast, FindsTheEndOfAPowerLaw) {
  std::vector<double> shares;
  std::vector<double> losses;
  for (int step = 1; step <= 20; ++step) {
    shares.push_back(step / 100.0);
    losses.push_back(0.3 + 0.01 / shares.back());
  }
  const CurveForecast forecast = forecast_curve(shares, losses, {1.0, 0.3});
  EXPECT_NEAR(forecast.mean(), 0.31, 0.005);
  EXPECT_GT(forecast.probability_above(0.29), 0.95);
  EXPECT_LT(forecast.probability_above(0.33), 0.05);
}

TEST(CurveForecast, KnowsLittleAfterTwoPoints) {
  const std::vector<double> shares{0.01, 0.02};
  const std::vector<double> losses{1.0, 0.9};
  const CurveForecast forecast = forecast_curve(shares, losses, {0.5, 0.2});
  EXPECT_GT(forecast.probability_above(0.3), 0.5);
  EXPECT_LT(forecast.probability_above(0.3), 0.999);
  EXPECT_GT(forecast.probability_above(0.7), 0.01);
}

TEST(CurveForecast, DoesNotMindWhereLossesLie) {
  const std::vector<double> shares{0.1, 0.2, 0.3, 0.4};
  const std::vector<double> near{1.0, 0.8, 0.7, 0.65};
  std::vector<double> far;
  for (const double loss : near) far.push_back(1000.0 + 10.0 * loss);
  const double one = forecast_curve(shares, near, {0.4, 0.1}).probability_above(0.6);
  const double other = forecast_curve(shares, far, {4.0, 1.0}).probability_above(1006.0);
  EXPECT_NEAR(one, other, 1e-6);
}

}  // namespace
}  // namespace wattune::math
