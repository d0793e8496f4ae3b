#pragma once

#include <algorithm>
#include <cmath>

namespace wattune::test {

/// Derivative of a function of one number by central differences, with one step of Richardson's
/// extrapolation: the error is of fourth order in the step.
template <typename Function>
double derivative_of(const Function& function, double at, double step) {
  const auto central = [&](double h) { return (function(at + h) - function(at - h)) / (2.0 * h); };
  return (4.0 * central(0.5 * step) - central(step)) / 3.0;
}

}  // namespace wattune::test
