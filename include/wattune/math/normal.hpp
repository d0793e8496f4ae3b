#pragma once

namespace wattune::math {

// The standard normal distribution, at any finite z.

[[nodiscard]] double normal_density(double z);
[[nodiscard]] double normal_log_density(double z);
/// Probability of lying below z.
[[nodiscard]] double normal_cumulative(double z);
/// Logarithm of normal_cumulative, with full relative precision in both tails: no underflow for
/// very negative z, no cancellation for large z.
[[nodiscard]] double normal_log_cumulative(double z);
/// density / cumulative, the derivative of normal_log_cumulative; about -z for very negative z.
[[nodiscard]] double normal_hazard(double z);

}  // namespace wattune::math
