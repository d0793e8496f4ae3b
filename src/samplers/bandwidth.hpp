#pragma once

#include <cstddef>
#include <span>

#include "good_density.hpp"

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

/// Variance of the trials' places on an axis; the uniform one's where fewer than two have it.
[[nodiscard]] double variance_on(std::size_t axis_index, std::span<const GoodTrial> trials);

/// The largest number of a fixed ladder with rungs a tenth apart that is not above `count`: what
/// the bandwidth of many kernels is made for, so that it changes seldom.
[[nodiscard]] std::size_t rung_below(std::size_t count);
/// The next of the ladder.
[[nodiscard]] std::size_t rung_above(std::size_t rung);

}  // namespace wattune::samplers
