#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "axis.hpp"

namespace wattune::samplers {

/// What a density of the good keeps of a trial.
struct GoodTrial {
  Places places;
  double weight = 1.0;  ///< Of its kernel, against the prior's.
};

/// Density of the few good trials over all axes at once, exact.
///
/// A mixture of product kernels and the uniform prior. A kernel that lacks an axis is uniform
/// there; a point that lacks an axis is not judged by it.
class GoodDensity {
 public:
  GoodDensity(std::span<const Axis> axes, std::span<const GoodTrial> trials, double prior_weight);

  [[nodiscard]] double log_density(const Places& at) const;

 private:
  [[nodiscard]] double log_product(std::size_t trial_index, const Places& at) const;

  std::span<const Axis> axes_;
  std::span<const GoodTrial> trials_;
  double prior_weight_;
  double total_weight_;
  std::vector<double> bandwidths_;  // by axis
  std::vector<double> scales_;      // by axis: of a Gaussian exponent; 0 on cells
  std::vector<double> log_norms_;   // [num_trials x num_axes]
};

}  // namespace wattune::samplers
