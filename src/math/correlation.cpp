#include "wattune/math/correlation.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>

#include "wattune/base/random.hpp"
#include "wattune/base/require.hpp"
#include "wattune/math/statistics.hpp"

namespace wattune::math {
namespace {

constexpr std::size_t kLeastPairs = 4;  // Fisher's interval divides by n - 3

/// Nothing where one side is constant.
std::optional<double> linear(std::span<const double> first, std::span<const double> second) {
  const double first_mean = mean(first);
  const double second_mean = mean(second);
  double both = 0.0;
  double first_squares = 0.0;
  double second_squares = 0.0;
  for (std::size_t i = 0; i < first.size(); ++i) {
    const double x = first[i] - first_mean;
    const double y = second[i] - second_mean;
    both += x * y;
    first_squares += x * x;
    second_squares += y * y;
  }
  const double scale = std::sqrt(first_squares) * std::sqrt(second_squares);
  if (!(scale > 0.0)) return std::nullopt;
  return std::clamp(both / scale, -1.0, 1.0);
}

bool is_constant(std::span<const double> values) {
  const Range range = min_max(values);
  return range.min == range.max;
}

/// `variance` of the correlation's inverse hyperbolic tangent, times n - 3.
Correlation with_interval(double value, double variance, std::size_t count) {
  const double half_width =
      normal_quantile(0.975) * std::sqrt(variance / static_cast<double>(count - kLeastPairs + 1));
  const double z = std::atanh(value);  // infinite for a perfect one: the interval is a point
  return {value, std::tanh(z - half_width), std::tanh(z + half_width)};
}

}  // namespace

std::vector<double> ranks(std::span<const double> values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return values[i]; });
  std::vector<double> result(values.size());
  for (std::size_t begin = 0; begin < order.size();) {
    std::size_t end = begin + 1;
    while (end < order.size() && values[order[end]] == values[order[begin]]) ++end;
    const double shared = 0.5 * static_cast<double>(begin + 1 + end);
    for (std::size_t i = begin; i < end; ++i) result[order[i]] = shared;
    begin = end;
  }
  return result;
}

std::optional<Correlation> pearson(std::span<const double> first, std::span<const double> second) {
  WATTUNE_REQUIRE(first.size() == second.size());
  if (first.size() < kLeastPairs || is_constant(first) || is_constant(second)) return std::nullopt;
  const auto value = linear(first, second);
  if (!value) return std::nullopt;
  return with_interval(*value, 1.0, first.size());
}

std::optional<Correlation> spearman(std::span<const double> first, std::span<const double> second) {
  WATTUNE_REQUIRE(first.size() == second.size());
  if (first.size() < kLeastPairs || is_constant(first) || is_constant(second)) return std::nullopt;
  const auto value = linear(ranks(first), ranks(second));
  if (!value) return std::nullopt;
  return with_interval(*value, 1.0 + *value * *value / 2.0, first.size());
}

}  // namespace wattune::math
