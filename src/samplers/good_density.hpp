#pragma once

#include <span>

#include "product_kernels.hpp"

namespace wattune::samplers {

/// What a density of the good keeps of a trial.
struct GoodTrial {
  Places places;
  double weight = 1.0;  ///< Of its kernel, against the prior's.
};

/// Density of the few good trials over all axes at once: bandwidths follow their places.
[[nodiscard]] ProductKernels good_density(std::span<const Axis> axes,
                                          std::span<const GoodTrial> trials, double prior_weight);

}  // namespace wattune::samplers
