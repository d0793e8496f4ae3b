#include "good_density.hpp"

#include <algorithm>

#include "bandwidth.hpp"

namespace wattune::samplers {

ProductKernels good_density(std::span<const Axis> axes, std::span<const GoodTrial> trials,
                            double prior_weight) {
  ProductKernels kernels{axes, prior_weight};
  for (const GoodTrial& trial : trials) kernels.insert(kernels.size(), trial.places, trial.weight);
  std::vector<double> bandwidths;
  for (std::size_t a = 0; a < axes.size(); ++a) {
    bandwidths.push_back(bandwidth_of(axes[a], std::max<std::size_t>(1, trials.size()), axes.size(),
                                      variance_on(a, trials)));
  }
  kernels.set_bandwidths(bandwidths);
  return kernels;
}

}  // namespace wattune::samplers
