#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <vector>

namespace wattune::samplers {

/// Gaussian kernels of one bandwidth that stand at the middles of bins of the unit interval.
struct BinnedKernels {
  static constexpr std::size_t kNumBins = 128;

  explicit BinnedKernels(double bandwidth);

  [[nodiscard]] static double middle_of(std::size_t bin);

  std::vector<double> norm;  ///< [kNumBins] Height of each bin's kernel at its middle.
  /// Of a kernel by the distance of a node from its bin, as a share of the height, up to where it
  /// is as good as 0: from node `bin + 1 - reach` to `bin + reach`, where nodes are edges of bins.
  std::vector<double> fall;  ///< [2 reach]
  std::size_t reach = 0;     ///< Up to kNumBins.
};

/// Axes of as many kernels share them.
class BinnedKernelsByBandwidth {
 public:
  [[nodiscard]] std::shared_ptr<const BinnedKernels> of(double bandwidth);

 private:
  std::map<double, std::weak_ptr<const BinnedKernels>> made_;
};

}  // namespace wattune::samplers
