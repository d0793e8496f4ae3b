#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "good_density.hpp"

namespace wattune::samplers {

/// Density of the good trials on one axis alone, exact; candidates' coordinates are drawn from it.
///
/// A mixture of the kernels of the trials that have the axis and the uniform prior.
class GoodAxisDensity {
 public:
  /// Takes    trials  kept by reference
  GoodAxisDensity(const Axis& axis, std::size_t axis_index, std::span<const GoodTrial> trials,
                  double prior_weight);

  /// At a place that is active.
  [[nodiscard]] double density(const Place& at) const;
  [[nodiscard]] double draw(Rng& rng) const;

 private:
  void fill_cells();
  void fill_lanes();

  const Axis* axis_;
  double prior_weight_;
  double total_weight_;
  double bandwidth_ = 1.0;
  std::vector<const Place*> centres_;
  std::vector<double> weights_;     // by kernel
  std::vector<Axis::Tails> tails_;  // by kernel
  std::vector<float> coordinates_;  // Gaussian: by kernel, in whole lanes
  std::vector<float> heights_;      // Gaussian: of each kernel at its centre times its weight
  std::vector<double> cell_sums_;   // Cells, Unordered: sum of all kernels by cell
};

}  // namespace wattune::samplers
