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

  /// At the places of the axis; where one is not active, anything.
  ///
  /// Takes    densities  [num_points], written
  void find_densities(std::span<const Places> points, std::span<double> densities) const;
  /// Coordinates drawn from it.
  ///
  /// Takes    coordinates  [num_draws x stride], of which the first of each row are written
  void draw(Rng& rng, std::span<double> coordinates, std::size_t stride) const;

 private:
  [[nodiscard]] std::vector<float> kernel_sums(std::span<const Places> points) const;
  [[nodiscard]] std::size_t draw_kernel(Rng& rng) const;
  void find_tails();
  void fill_cells();
  void fill_heights();

  const Axis* axis_;
  std::size_t axis_index_;
  double prior_weight_;
  double total_weight_;
  double bandwidth_ = 1.0;
  std::vector<const Place*> centres_;
  std::vector<double> weights_;        // by kernel
  std::vector<double> weights_up_to_;  // sums of these, by kernel
  std::vector<float> coordinates_;     // by kernel
  std::vector<float> below_0_;         // what of each kernel's Gaussian lies there
  std::vector<float> below_1_;
  std::vector<float> heights_;     // Gaussian: of each kernel at its centre times its weight
  std::vector<double> cell_sums_;  // Cells, Unordered: sum of all kernels by cell
};

}  // namespace wattune::samplers
