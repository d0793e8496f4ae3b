#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "axis.hpp"
#include "binned_kernels.hpp"

namespace wattune::samplers {

/// Density of any number of bad trials on one axis alone.
///
/// Kernels stand at the middles of bins (128, or the axis's cells). The sum of all kernels is
/// tabulated and kept in whole numbers, so that it is exact under coming and going in any order.
/// Bandwidths follow the number of kernels as those of BadDensity.
///
/// Cost     one trial O(bins), a density O(1) whatever the number of trials; every tenth more
///          trials the table anew
class BadAxisDensity {
 public:
  /// Both references outlive the object.
  BadAxisDensity(const Axis& axis, double prior_weight, BinnedKernelsByBandwidth& kernels);

  /// A place that is not active has no kernel.
  void add(const Place& place);
  void remove(const Place& place);

  /// At a place that is active.
  [[nodiscard]] double density(const Place& at);

 private:
  [[nodiscard]] bool has_cells() const { return axis_->num_cells() > 0; }
  [[nodiscard]] std::size_t bin_of(const Place& place) const;
  void add_to_table(std::size_t bin, double times);
  void count(const Place& place, int change);
  void settle_bandwidth();
  void tabulate_kernels(double bandwidth);

  const Axis* axis_;
  double prior_weight_;
  std::size_t num_kernels_ = 0;
  std::size_t settled_for_ = 0;    // number of kernels that the bandwidth was made for ...
  std::size_t settled_until_ = 0;  // ... and where that ends to be the right one
  bool is_table_current_ = false;
  std::vector<std::uint32_t> count_;  // by bin
  BinnedKernelsByBandwidth* shared_kernels_;
  std::shared_ptr<const BinnedKernels> kernels_;  // where there are no cells
  std::vector<std::vector<double>> masses_;       // by cell of the kernel, by cell
  std::vector<double> table_;                     // sum of kernels by node: edges of bins, or cells
};

}  // namespace wattune::samplers
