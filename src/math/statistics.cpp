#include "wattune/math/statistics.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "wattune/base/require.hpp"

namespace wattune::math {
namespace {

RunningMoments moments_of(std::span<const double> values) {
  RunningMoments moments;
  for (const double value : values) moments.add(value);
  return moments;
}

}  // namespace

void RunningMoments::add(double value) {
  ++count_;
  const double before = value - mean_;
  mean_ += before / static_cast<double>(count_);
  squares_ += before * (value - mean_);
}

double RunningMoments::mean() const {
  WATTUNE_REQUIRE(count_ >= 1);
  return mean_;
}

double RunningMoments::variance() const {
  WATTUNE_REQUIRE(count_ >= 2);
  return squares_ / static_cast<double>(count_ - 1);
}

double mean(std::span<const double> values) {
  return moments_of(values).mean();
}

double variance(std::span<const double> values) {
  return moments_of(values).variance();
}

double quantile(std::span<const double> values, double fraction) {
  WATTUNE_REQUIRE(!values.empty());
  WATTUNE_REQUIRE(fraction >= 0.0 && fraction <= 1.0);
  std::vector<double> sorted(values.begin(), values.end());
  const double position = fraction * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(position);
  const auto place = sorted.begin() + static_cast<std::ptrdiff_t>(below);
  std::nth_element(sorted.begin(), place, sorted.end());
  const double low = *place;
  if (below + 1 == sorted.size()) return low;
  const double high = *std::min_element(place + 1, sorted.end());
  return std::lerp(low, high, position - static_cast<double>(below));
}

double median(std::span<const double> values) {
  return quantile(values, 0.5);
}

double Range::fraction(double value) const {
  return max > min ? (value - min) / (max - min) : 0.0;
}

Range min_max(std::span<const double> values) {
  WATTUNE_REQUIRE(!values.empty());
  const auto [least, greatest] = std::ranges::minmax_element(values);
  return {.min = *least, .max = *greatest};
}

}  // namespace wattune::math
