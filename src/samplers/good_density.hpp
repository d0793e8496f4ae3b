#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "axis.hpp"

namespace wattune::samplers {

/// Places of one configuration, by parameter.
using Places = std::vector<Place>;

/// Density of the few good trials over some axes, exact; candidates are drawn from it.
///
/// A mixture of product kernels and the uniform prior. A kernel that lacks an axis is uniform
/// there; a point that lacks an axis is not judged by it. Where a drawn kernel lacks an axis, the
/// draw takes another kernel that has it.
class GoodDensity {
 public:
  /// Takes    axes     all of the space
  ///          members  which of them this density is over
  ///          kernels  places of the good trials
  GoodDensity(std::span<const Axis> axes, std::span<const std::size_t> members,
              std::span<const Places* const> kernels, double prior_weight);

  [[nodiscard]] double log_density(const Places& at) const;
  /// Writes the member axes' coordinates of one draw.
  void draw(std::span<double> point, Rng& rng) const;

 private:
  struct Kernel {
    const Places* places;
    std::vector<double> log_norms;  // by member
  };

  /// Where some kernel lies that has the axis; null for the prior.
  [[nodiscard]] const Place* any_active(std::size_t member, Rng& rng) const;
  [[nodiscard]] double log_product(const Kernel& kernel, const Places& at) const;

  std::span<const Axis> axes_;
  std::span<const std::size_t> members_;
  double prior_weight_;
  std::vector<double> bandwidths_;  // by member
  std::vector<Kernel> kernels_;
};

}  // namespace wattune::samplers
