#include "wattune/math/improvement.hpp"

#include <algorithm>
#include <cmath>

#include "normal_tail.hpp"
#include "wattune/base/require.hpp"
#include "wattune/math/normal.hpp"

namespace wattune::math {
namespace {

// z = (best - mean) / deviation; h(z) = density(z) + z cumulative(z), so that the expected
// improvement is deviation h(z). With x = -z and K of the tail, h = density K / (x + K).

/// Bounded so that its square is finite.
double standardise(double difference, double deviation) {
  WATTUNE_REQUIRE(deviation > 0.0);
  constexpr double kFurthest = 1e150;
  return std::clamp(difference / deviation, -kFurthest, kFurthest);
}

}  // namespace

AcquisitionValue expected_improvement(double mean, double deviation, double best) {
  const double z = standardise(best - mean, deviation);
  const double density = normal_density(z);
  const double cumulative = normal_cumulative(z);
  double h = density + z * cumulative;
  if (z < -kTail) {
    const double excess = tail_excess(-z);
    h = density * excess / (excess - z);
  }
  return {deviation * h, -cumulative, density};
}

AcquisitionValue log_expected_improvement(double mean, double deviation, double best) {
  const double z = standardise(best - mean, deviation);
  const double log_deviation = std::log(deviation);
  if (z < -kTail) {
    const double excess = tail_excess(-z);
    const double hazard = excess - z;
    return {log_deviation + normal_log_density(z) + std::log(excess / hazard),
            -1.0 / (excess * deviation), hazard / (excess * deviation)};
  }
  const double density = normal_density(z);
  const double cumulative = normal_cumulative(z);
  const double h = density + z * cumulative;
  return {log_deviation + std::log(h), -cumulative / (h * deviation), density / (h * deviation)};
}

AcquisitionValue probability_of_improvement(double mean, double deviation, double best) {
  const double z = standardise(best - mean, deviation);
  const double slope = normal_density(z) / deviation;
  return {normal_cumulative(z), -slope, -z * slope};
}

AcquisitionValue lower_confidence_bound(double mean, double deviation, double weight) {
  return {mean - weight * deviation, 1.0, -weight};
}

AcquisitionValue log_probability_below(double mean, double deviation, double threshold) {
  const double z = standardise(threshold - mean, deviation);
  const double slope = normal_hazard(z) / deviation;
  return {normal_log_cumulative(z), -slope, -z * slope};
}

AcquisitionValue log_probability_above(double mean, double deviation, double threshold) {
  const AcquisitionValue mirrored = log_probability_below(-mean, deviation, -threshold);
  return {mirrored.value, -mirrored.d_mean, mirrored.d_deviation};
}

}  // namespace wattune::math
