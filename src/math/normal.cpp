#include "wattune/math/normal.hpp"

#include <cmath>
#include <numbers>

#include "normal_tail.hpp"

namespace wattune::math {
namespace {

constexpr double kLogRootTwoPi = 0.91893853320467274178;
constexpr double kInverseRootTwoPi = 0.39894228040143267794;

}  // namespace

double normal_density(double z) {
  return kInverseRootTwoPi * std::exp(-0.5 * z * z);
}

double normal_log_density(double z) {
  return -0.5 * z * z - kLogRootTwoPi;
}

double normal_cumulative(double z) {
  return 0.5 * std::erfc(-z / std::numbers::sqrt2);
}

double normal_log_cumulative(double z) {
  if (z < -kTail) return normal_log_density(z) - std::log(-z + tail_excess(-z));
  if (z < 0.0) return std::log(normal_cumulative(z));
  return std::log1p(-normal_cumulative(-z));
}

double normal_hazard(double z) {
  if (z < -kTail) return -z + tail_excess(-z);
  return normal_density(z) / normal_cumulative(z);
}

}  // namespace wattune::math
