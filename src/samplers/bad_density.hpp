#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "product_kernels.hpp"

namespace wattune::samplers {

/// Density of the many bad trials over all axes at once, kept while trials come and go.
///
/// As GoodDensity with equal weights, but its bandwidths depend on the number of kernels alone, and
/// change only when that has grown by a tenth: until then a new trial is one new kernel.
class BadDensity {
 public:
  BadDensity(std::span<const Axis> axes, double prior_weight);

  /// Puts a kernel among the others by its trial's number, so that the sum does not depend on the
  /// order in which trials came. Requires a trial that has none.
  void add(std::uint32_t number, const Places& places);
  void remove(std::uint32_t number);  ///< Requires a trial that has a kernel.

  /// Gives    [num_points]
  [[nodiscard]] std::vector<double> log_densities(std::span<const Places> points);

 private:
  void settle_bandwidths();

  std::span<const Axis> axes_;
  ProductKernels kernels_;
  std::vector<std::uint32_t> numbers_;  // of the kernels' trials, ascending
  std::size_t settled_for_ = 0;         // number of kernels that the bandwidths were made for
};

}  // namespace wattune::samplers
