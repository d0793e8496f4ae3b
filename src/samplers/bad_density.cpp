#include "bad_density.hpp"

#include <algorithm>

#include "bandwidth.hpp"
#include "wattune/base/require.hpp"

namespace wattune::samplers {

BadDensity::BadDensity(std::span<const Axis> axes, double prior_weight)
    : axes_(axes), kernels_(axes, prior_weight) {
}

void BadDensity::add(std::uint32_t number, const Places& places) {
  const auto after = std::ranges::lower_bound(numbers_, number);
  WATTUNE_REQUIRE(after == numbers_.end() || *after != number);
  kernels_.insert(static_cast<std::size_t>(after - numbers_.begin()), places);
  numbers_.insert(after, number);
}

void BadDensity::remove(std::uint32_t number) {
  const auto found = std::ranges::lower_bound(numbers_, number);
  WATTUNE_REQUIRE(found != numbers_.end() && *found == number);
  kernels_.erase(static_cast<std::size_t>(found - numbers_.begin()));
  numbers_.erase(found);
}

void BadDensity::settle_bandwidths() {
  const std::size_t rung = rung_below(std::max<std::size_t>(1, numbers_.size()));
  if (rung == settled_for_) return;
  settled_for_ = rung;
  std::vector<double> bandwidths;
  for (const Axis& axis : axes_) {
    bandwidths.push_back(bandwidth_of(axis, rung, axes_.size(), kUniformVariance));
  }
  kernels_.set_bandwidths(bandwidths);
}

std::vector<double> BadDensity::log_densities(std::span<const Places> points) {
  settle_bandwidths();
  return kernels_.log_densities(points);
}

}  // namespace wattune::samplers
