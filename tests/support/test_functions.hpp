#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <span>
#include <string>
#include <vector>

#include "support/spaces.hpp"

// Functions with known optima, to be minimised, for tests of samplers.

namespace wattune::fake {

/// On the unit square; three minima of 0.397887.
inline double branin(std::span<const double> unit) {
  constexpr double kPi = std::numbers::pi;
  const double x = 15.0 * unit[0] - 5.0;
  const double y = 15.0 * unit[1];
  const double bent = y - 5.1 / (4.0 * kPi * kPi) * x * x + 5.0 / kPi * x - 6.0;
  return bent * bent + 10.0 * (1.0 - 1.0 / (8.0 * kPi)) * std::cos(x) + 10.0;
}

/// On the unit cube of six dimensions; minimum -3.32237.
inline double hartmann6(std::span<const double> unit) {
  constexpr std::array<double, 4> kAlpha{1.0, 1.2, 3.0, 3.2};
  constexpr double kA[4][6] = {{10, 3, 17, 3.5, 1.7, 8},
                               {0.05, 10, 17, 0.1, 8, 14},
                               {3, 3.5, 1.7, 10, 17, 8},
                               {17, 8, 0.05, 10, 0.1, 14}};
  constexpr double kP[4][6] = {{0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886},
                               {0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991},
                               {0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.6650},
                               {0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381}};
  double value = 0.0;
  for (std::size_t i = 0; i < 4; ++i) {
    double exponent = 0.0;
    for (std::size_t j = 0; j < 6; ++j) {
      exponent += kA[i][j] * (unit[j] - kP[i][j]) * (unit[j] - kP[i][j]);
    }
    value -= kAlpha[i] * std::exp(-exponent);
  }
  return value;
}

/// Two losses; the front is f2 = 1 - sqrt(f1) where all coordinates but the first are 0.
inline std::vector<double> zdt1(std::span<const double> unit) {
  double sum = 0.0;
  for (const double x : unit.subspan(1)) sum += x;
  const double g = 1.0 + 9.0 * sum / static_cast<double>(unit.size() - 1);
  return {unit[0], g * (1.0 - std::sqrt(unit[0] / g))};
}

/// As a training might be tuned: the optimizer decides which of two learning rates and whether a
/// momentum there is; a layer count and a width matter too.
inline space::Space training_like_space() {
  using space::Choice;
  const space::Condition if_sgd{"optimizer", space::Comparison::In, {Choice{std::string{"sgd"}}}};
  const space::Condition if_adam{"optimizer", space::Comparison::In, {Choice{std::string{"adam"}}}};
  return space::Space{
      {parameter("optimizer", space::ChoiceDomain{{std::string{"sgd"}, std::string{"adam"},
                                                   std::string{"rmsprop"}, std::string{"none"}},
                                                  false}),
       parameter("sgd_lr", space::FloatDomain{1e-4, 10.0, true, std::nullopt}, {if_sgd}),
       parameter("momentum", space::FloatDomain{0.0, 0.99, false, std::nullopt}, {if_sgd}),
       parameter("adam_lr", space::FloatDomain{1e-6, 0.1, true, std::nullopt}, {if_adam}),
       parameter("layers", space::IntDomain{1, 8, false, 1}),
       parameter("width", space::IntDomain{16, 1024, true, 1}),
       parameter("augment", space::ChoiceDomain{{false, true}, false})}};
}

/// Minimum 0 at sgd, lr 0.3, momentum 0.9, 4 layers, width 256, augment.
inline double training_like_loss(const space::Configuration& configuration) {
  const auto square = [](double x) { return x * x; };
  const auto number = [&](std::size_t i) { return std::get<double>(configuration[i]); };
  const auto integer = [&](std::size_t i) {
    return static_cast<double>(std::get<std::int64_t>(configuration[i]));
  };
  double loss = 3.0;
  const auto optimizer = std::get<space::ChoiceIndex>(configuration[0]).index;
  if (optimizer == 0) {
    loss = square(std::log10(number(1) / 0.3)) + square(2.0 * (number(2) - 0.9));
  } else if (optimizer == 1) {
    loss = 0.3 + square(std::log10(number(3) / 1e-3));
  }
  loss += 0.1 * std::abs(integer(4) - 4.0) + 0.5 * square(std::log2(integer(5) / 256.0) / 4.0);
  return loss + (std::get<space::ChoiceIndex>(configuration[6]).index == 1 ? 0.0 : 0.2);
}

}  // namespace wattune::fake
