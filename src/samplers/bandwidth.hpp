#pragma once

#include <cstddef>

#include "axis.hpp"

namespace wattune::samplers {

/// Bandwidth for an axis of a density of `num_kernels` kernels over `num_axes` axes whose places
/// vary by `variance` (of the unit interval).
///
/// Source   Scott's rule with the lower limit of Bergstra et al., 2011 ("magic clipping")
/// Differs  the variance is mixed with that of one place drawn uniformly
[[nodiscard]] double bandwidth_of(const Axis& axis, std::size_t num_kernels, std::size_t num_axes,
                                  double variance);

/// Variance of a uniform coordinate: what a density is taken to have where nothing is measured.
inline constexpr double kUniformVariance = 1.0 / 12.0;

}  // namespace wattune::samplers
