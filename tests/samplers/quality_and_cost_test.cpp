#include "../../src/samplers/quality_and_cost.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace wattune::samplers {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;
using trial::Direction;

/// Accuracies of 0.8, 0.9 and 0.9 for 100, 200 and 400 J, as losses.
const std::vector<std::vector<double>> kLosses{{-0.8, 100.0}, {-0.9, 200.0}, {-0.9, 400.0}};

std::vector<trial::Objective> accuracy_and_energy() {
  return {{trial::measure_from_text("accuracy"), Direction::Maximize},
          {trial::measure_from_text("energy"), Direction::Minimize}};
}

}  // namespace

TEST(QualityAndCost, AWeightedSumIsOfBothScaledToTheirRange) {
  const auto scalars = scalar_losses(kLosses, accuracy_and_energy(),
                                     {.kind = ScalarisationKind::Weighted, .weight = 0.75});
  EXPECT_THAT(scalars, ElementsAre(DoubleNear(0.75, 1e-12), DoubleNear(0.25 / 3.0, 1e-12),
                                   DoubleNear(0.25, 1e-12)));
}

TEST(QualityAndCost, AProductIsQualityTimesAPowerOfTheCost) {
  const auto scalars =
      scalar_losses(kLosses, accuracy_and_energy(),
                    {.kind = ScalarisationKind::Product, .exponent = -0.07, .target = 200.0});
  EXPECT_THAT(scalars,
              ElementsAre(DoubleNear(-0.8 * std::pow(0.5, -0.07), 1e-12), DoubleNear(-0.9, 1e-12),
                          DoubleNear(-0.9 * std::pow(2.0, -0.07), 1e-12)));
}

TEST(QualityAndCost, AProductPenalisesTheCostOfAMinimisedQualityToo) {
  const auto objectives =
      std::vector<trial::Objective>{{trial::measure_from_text("error"), Direction::Minimize},
                                    {trial::measure_from_text("energy"), Direction::Minimize}};
  const std::vector<std::vector<double>> losses{{0.1, 100.0}, {0.1, 200.0}};
  const auto scalars =
      scalar_losses(losses, objectives, {.kind = ScalarisationKind::Product, .target = 100.0});
  EXPECT_LT(scalars[0], scalars[1]);
}

TEST(QualityAndCost, BeyondAHardLimitEverythingIsWorseThanWithinIt) {
  const auto scalars = scalar_losses(kLosses, accuracy_and_energy(),
                                     {.kind = ScalarisationKind::HardLimit, .target = 150.0});
  EXPECT_EQ(scalars[0], -0.8);
  EXPECT_GT(scalars[1], -0.8);
  EXPECT_GT(scalars[2], scalars[1]);
}

TEST(QualityAndCost, AHarmonicMeanWantsBoth) {
  const std::vector<std::vector<double>> losses{{-1.0, 4.0}, {-0.5, 2.0}, {0.0, 0.0}};
  const auto scalars = scalar_losses(losses, accuracy_and_energy(),
                                     {.kind = ScalarisationKind::Harmonic, .weight = 0.5});
  EXPECT_NEAR(scalars[1], -0.5, 1e-12);
  EXPECT_GT(scalars[0], -0.01);
  EXPECT_GT(scalars[2], -0.01);
}

TEST(QualityAndCost, AMaximisedCostIsThrift) {
  const auto objectives = std::vector<trial::Objective>{
      {trial::measure_from_text("accuracy"), Direction::Maximize},
      {trial::measure_from_text("samples_per_joule"), Direction::Maximize}};
  const std::vector<std::vector<double>> losses{{-0.9, -10.0}, {-0.9, -5.0}};
  const auto scalars =
      scalar_losses(losses, objectives, {.kind = ScalarisationKind::Product, .target = 10.0});
  EXPECT_NEAR(scalars[0], -0.9, 1e-12);
  EXPECT_NEAR(scalars[1], -0.9 * std::pow(2.0, -0.07), 1e-12);
}

}  // namespace wattune::samplers
