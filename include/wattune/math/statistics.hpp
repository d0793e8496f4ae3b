#pragma once

#include <cstddef>
#include <span>

namespace wattune::math {

/// Mean and variance of a stream of values, exact for values that differ little from each other.
///
/// Source   Welford, Technometrics 4(3), 1962, doi:10.2307/1266577
class RunningMoments {
 public:
  void add(double value);

  [[nodiscard]] std::size_t count() const { return count_; }
  [[nodiscard]] double mean() const;      ///< Requires one value.
  [[nodiscard]] double variance() const;  ///< Of the sample (n - 1); requires two values.

 private:
  std::size_t count_ = 0;
  double mean_ = 0.0;
  double squares_ = 0.0;
};

/// Requires one value.
[[nodiscard]] double mean(std::span<const double> values);
/// Of the sample (n - 1); requires two values.
[[nodiscard]] double variance(std::span<const double> values);

/// Value below which a fraction of the values lies, linear between neighbours (Hyndman and Fan's
/// definition 7). Requires one value and 0 <= fraction <= 1.
[[nodiscard]] double quantile(std::span<const double> values, double fraction);
[[nodiscard]] double median(std::span<const double> values);

struct Range {
  double min = 0.0;
  double max = 0.0;

  /// Where the value lies between min and max, 0 to 1; 0 where both are equal.
  [[nodiscard]] double fraction(double value) const;
  bool operator==(const Range&) const = default;
};

/// Requires one value.
[[nodiscard]] Range min_max(std::span<const double> values);

}  // namespace wattune::math
