#include "binned_kernels.hpp"

#include <cmath>

#include "kernel_arithmetic.hpp"

namespace wattune::samplers {

BinnedKernels::BinnedKernels(double bandwidth) {
  constexpr double kLeastFall = 1e-9;  // less than the unit of a table resolves
  std::vector<float> middles;
  for (std::size_t bin = 0; bin < kNumBins; ++bin) {
    middles.push_back(static_cast<float>(middle_of(bin)));
  }
  std::vector<float> below_0(kNumBins);
  std::vector<float> below_1(kNumBins);
  gaussian_tails(middles, static_cast<float>(bandwidth), below_0, below_1);
  for (std::size_t bin = 0; bin < kNumBins; ++bin) {
    norm.push_back(cut_gaussian_height(bandwidth, below_0[bin], below_1[bin]));
  }
  std::vector<double> by_distance;
  while (by_distance.size() < kNumBins) {
    const double z = middle_of(by_distance.size()) / bandwidth;
    const double share = std::exp(-0.5 * z * z);
    if (share < kLeastFall) break;
    by_distance.push_back(share);
  }
  fall.assign(by_distance.rbegin(), by_distance.rend());
  fall.insert(fall.end(), by_distance.begin(), by_distance.end());
  reach = by_distance.size();
}

double BinnedKernels::middle_of(std::size_t bin) {
  return (static_cast<double>(bin) + 0.5) / static_cast<double>(kNumBins);
}

std::shared_ptr<const BinnedKernels> BinnedKernelsByBandwidth::of(double bandwidth) {
  std::weak_ptr<const BinnedKernels>& made = made_[bandwidth];
  auto kernels = made.lock();
  if (!kernels) {
    kernels = std::make_shared<const BinnedKernels>(bandwidth);
    made = kernels;
  }
  return kernels;
}

}  // namespace wattune::samplers
