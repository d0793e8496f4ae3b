#pragma once

#include <cstddef>
#include <optional>
#include <span>

namespace wattune::math {

/// A straight line through points, and how surely its slope is known.
struct LineFit {
  std::size_t count = 0;
  double intercept = 0.0;
  double slope = 0.0;
  double slope_half_width = 0.0;  ///< Of the 95 % interval around the slope.
  double r_squared = 0.0;         ///< Part of the variance that the line explains.
  double largest_residual = 0.0;  ///< Farthest that a point lies above or below the line.
};

/// The line of least squares; its interval is Student's, for residuals that vary normally.
///
/// Takes    both of one length, finite
/// Gives    nothing for fewer than three points, or where one side is constant
[[nodiscard]] std::optional<LineFit> fit_line(std::span<const double> x, std::span<const double> y);

/// y = factor * x ^ exponent.
struct PowerLaw {
  std::size_t count = 0;
  double factor = 0.0;
  double exponent = 0.0;
  double half_width = 0.0;  ///< Of the 95 % interval around the exponent.
  double r_squared = 0.0;   ///< Of the logarithms.
};

/// The line of least squares through the logarithms.
///
/// Gives    as `fit_line`; nothing either where a value is not above 0
[[nodiscard]] std::optional<PowerLaw> fit_power_law(std::span<const double> x,
                                                    std::span<const double> y);

}  // namespace wattune::math
