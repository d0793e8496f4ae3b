#include "wattune/math/hypervolume_improvement.hpp"

#include <algorithm>
#include <cmath>

#include "infinity.hpp"
#include "log_sum.hpp"
#include "wattune/base/require.hpp"
#include "wattune/math/improvement.hpp"
#include "wattune/math/normal.hpp"
#include "wattune/math/pareto.hpp"

namespace wattune::math {
namespace {

// Below, "length" of a strip is what lies between max(lower, loss) and upper; its expectation is
// the difference of the expected improvements on both edges, the integral of the cumulative
// distribution between them.

AcquisitionValue expected_length(const AcquisitionValue& to_lower,
                                 const AcquisitionValue& to_upper) {
  return {to_upper.value - to_lower.value, to_upper.d_mean - to_lower.d_mean,
          to_upper.d_deviation - to_lower.d_deviation};
}

/// ln(e^upper - e^lower) for lower <= upper.
double log_difference(double lower, double upper) {
  const double gap = lower - upper;
  return upper + (gap > -0.7 ? std::log(-std::expm1(gap)) : std::log1p(-std::exp(gap)));
}

/// Logarithm of the expected length, and its derivatives, however small it is.
AcquisitionValue log_expected_length(double mean, double deviation, double lower, double upper) {
  if (lower == -kInfinity) return log_expected_improvement(mean, deviation, upper);
  const double z_lower = (lower - mean) / deviation;
  const double z_upper = (upper - mean) / deviation;
  const double furthest = 1.0 + std::max(std::abs(z_lower), std::abs(z_upper));
  const double to_lower = log_expected_improvement(mean, deviation, lower).value;
  const double to_upper = log_expected_improvement(mean, deviation, upper).value;
  const double narrow = 1e-4 + 1e-13 * furthest * furthest;  // less would drown in rounding
  if ((z_upper - z_lower) * furthest < narrow || !(to_upper > to_lower)) {
    // The distribution hardly changes across it: relative error below 1e-9 where it matters.
    const AcquisitionValue middle =
        log_probability_below(mean, deviation, lower + 0.5 * (upper - lower));
    return {middle.value + std::log(upper - lower), middle.d_mean, middle.d_deviation};
  }
  const double value = log_difference(to_lower, to_upper);
  const double cumulative =
      log_difference(normal_log_cumulative(z_lower), normal_log_cumulative(z_upper));
  const double density_lower = normal_log_density(z_lower);
  const double density_upper = normal_log_density(z_upper);
  const double density = std::exp(log_difference(std::min(density_lower, density_upper),
                                                 std::max(density_lower, density_upper)) -
                                  value);
  return {value, -std::exp(cumulative - value), density_upper > density_lower ? density : -density};
}

}  // namespace

PairImprovement::PairImprovement(std::span<const std::vector<double>> front,
                                 std::array<double, 2> reference) {
  WATTUNE_REQUIRE(std::isfinite(reference[0]) && std::isfinite(reference[1]));
  std::vector<std::array<double, 2>> points;
  for (const std::vector<double>& point : front) {
    WATTUNE_REQUIRE(point.size() == 2);
    if (point[0] < reference[0] && point[1] < reference[1]) points.push_back({point[0], point[1]});
  }
  std::ranges::sort(points);
  double lower = -kInfinity;
  double top = reference[1];
  for (const auto& [first, second] : points) {
    if (second >= top) continue;
    if (first > lower) strips_.push_back({lower, first, top});
    lower = first;
    top = second;
  }
  strips_.push_back({lower, reference[0], top});
}

PairImprovement::Sum PairImprovement::sum_strips(const std::array<double, 2>& means,
                                                 const std::array<double, 2>& deviations) const {
  PairAcquisition sum;
  double magnitude = 0.0;
  AcquisitionValue to_lower;
  for (const Strip& strip : strips_) {
    const AcquisitionValue to_upper = expected_improvement(means[0], deviations[0], strip.upper);
    const AcquisitionValue length = expected_length(to_lower, to_upper);
    const AcquisitionValue height = expected_improvement(means[1], deviations[1], strip.top);
    sum.value += length.value * height.value;
    sum.d_mean[0] += length.d_mean * height.value;
    sum.d_deviation[0] += length.d_deviation * height.value;
    sum.d_mean[1] += length.value * height.d_mean;
    sum.d_deviation[1] += length.value * height.d_deviation;
    magnitude += to_upper.value * height.value;
    to_lower = to_upper;
  }
  return {sum, magnitude};
}

PairAcquisition PairImprovement::expected(const std::array<double, 2>& means,
                                          const std::array<double, 2>& deviations) const {
  return sum_strips(means, deviations).acquisition;
}

PairAcquisition PairImprovement::log_expected(const std::array<double, 2>& means,
                                              const std::array<double, 2>& deviations) const {
  // Nearly everywhere the plain sum has lost nothing to underflow or cancellation.
  const auto [plain, magnitude] = sum_strips(means, deviations);
  if (plain.value < 1e-200 || plain.value < 1e-6 * magnitude) {
    return sum_logarithms(means, deviations);
  }
  PairAcquisition result{std::log(plain.value), {}, {}};
  for (std::size_t k = 0; k < 2; ++k) {
    result.d_mean[k] = plain.d_mean[k] / plain.value;
    result.d_deviation[k] = plain.d_deviation[k] / plain.value;
  }
  return result;
}

PairAcquisition PairImprovement::sum_logarithms(const std::array<double, 2>& means,
                                                const std::array<double, 2>& deviations) const {
  LogSum total;
  PairAcquisition sum;  // derivatives in units of the largest term so far
  for (const Strip& strip : strips_) {
    const AcquisitionValue length =
        log_expected_length(means[0], deviations[0], strip.lower, strip.upper);
    const AcquisitionValue height = log_expected_improvement(means[1], deviations[1], strip.top);
    const auto [kept, weight] = total.add(length.value + height.value);
    sum.d_mean = {kept * sum.d_mean[0] + weight * length.d_mean,
                  kept * sum.d_mean[1] + weight * height.d_mean};
    sum.d_deviation = {kept * sum.d_deviation[0] + weight * length.d_deviation,
                       kept * sum.d_deviation[1] + weight * height.d_deviation};
  }
  sum.value = total.value();
  for (std::size_t k = 0; k < 2; ++k) {
    sum.d_mean[k] /= total.scaled_sum();
    sum.d_deviation[k] /= total.scaled_sum();
  }
  return sum;
}

}  // namespace wattune::math
