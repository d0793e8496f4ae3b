#pragma once

#include <cstddef>
#include <optional>
#include <span>

namespace wattune::math {

/// A mean and how sure it is.
struct MeanInterval {
  std::size_t count = 0;
  double mean = 0.0;
  std::optional<double> deviation;   ///< Of the sample (n - 1); from two values on.
  std::optional<double> half_width;  ///< Of the 95 % interval around the mean; from two values on.
};

/// Mean, standard deviation and 95 % interval of values that vary normally and independently.
/// Requires one value.
///
/// Source   Student, Biometrika 6(1), 1908, doi:10.1093/biomet/6.1.1
[[nodiscard]] MeanInterval mean_interval(std::span<const double> values);

/// The quantile of Student's t distribution that leaves 2.5 % above it. Requires one degree of
/// freedom.
[[nodiscard]] double student_t_975(std::size_t degrees_of_freedom);

}  // namespace wattune::math
