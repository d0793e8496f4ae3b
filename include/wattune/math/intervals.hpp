#pragma once

#include <cstddef>
#include <optional>
#include <span>

namespace wattune::math {

/// The value that Student's t with so many degrees of freedom stays below with this probability.
///
/// Takes    probability  inside (0, 1); degrees  at least 1
/// Source   Student, Biometrika 6(1), 1908, doi:10.2307/2331554
[[nodiscard]] double student_t_quantile(double probability, double degrees);

/// A mean, how far values scatter around it, and where it lies with 95 % confidence.
struct MeanInterval {
  std::size_t count = 0;
  double mean = 0.0;
  std::optional<double> deviation;   ///< Of the sample (n - 1); from two values on.
  std::optional<double> half_width;  ///< Of the 95 % interval around the mean; from two values on.
};

/// Mean, standard deviation and 95 % interval of values that vary normally and independently.
/// Requires one value.
[[nodiscard]] MeanInterval mean_interval(std::span<const double> values);

/// A ratio and its 95 % interval.
struct RatioInterval {
  double ratio = 1.0;
  double low = 1.0;
  double high = 1.0;
};

/// Ratio of second to first over pairs: the t interval of the mean logarithm, taken back.
///
/// Takes    both of one length, everything above 0
/// Gives    nothing for fewer than two pairs
[[nodiscard]] std::optional<RatioInterval> paired_ratio(std::span<const double> first,
                                                        std::span<const double> second);

}  // namespace wattune::math
