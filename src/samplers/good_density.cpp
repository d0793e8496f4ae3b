#include "good_density.hpp"

#include <algorithm>
#include <cmath>

#include "bandwidth.hpp"
#include "wattune/math/statistics.hpp"

namespace wattune::samplers {
namespace {

double variance_on(std::size_t parameter, std::span<const Places* const> kernels) {
  math::RunningMoments moments;
  for (const Places* places : kernels) {
    const Place& place = (*places)[parameter];
    if (place.is_active) moments.add(place.coordinate);
  }
  return moments.count() < 2 ? kUniformVariance : moments.variance();
}

}  // namespace

GoodDensity::GoodDensity(std::span<const Axis> axes, std::span<const std::size_t> members,
                         std::span<const Places* const> kernels, double prior_weight)
    : axes_(axes), members_(members), prior_weight_(prior_weight) {
  const auto has_any = [&](const Places* places) {
    return std::ranges::any_of(members, [&](std::size_t m) { return (*places)[m].is_active; });
  };
  for (const Places* places : kernels) {
    if (has_any(places)) kernels_.push_back({places, {}});
  }
  for (const std::size_t member : members_) {
    const double variance = variance_on(member, kernels);
    bandwidths_.push_back(bandwidth_of(axes_[member], std::max<std::size_t>(1, kernels_.size()),
                                       members_.size(), variance));
    for (Kernel& kernel : kernels_) {
      const Place& centre = (*kernel.places)[member];
      kernel.log_norms.push_back(
          centre.is_active ? axes_[member].log_norm(centre, bandwidths_.back()) : 0.0);
    }
  }
}

double GoodDensity::log_product(const Kernel& kernel, const Places& at) const {
  double sum = 0.0;
  for (std::size_t i = 0; i < members_.size(); ++i) {
    const Axis& axis = axes_[members_[i]];
    const Place& place = at[members_[i]];
    const Place& centre = (*kernel.places)[members_[i]];
    if (!place.is_active) continue;
    sum += centre.is_active ? kernel.log_norms[i] + axis.log_kernel(place, centre, bandwidths_[i])
                            : axis.log_uniform(place);
  }
  return sum;
}

double GoodDensity::log_density(const Places& at) const {
  std::vector<double> logs;
  double prior = std::log(prior_weight_);
  for (const std::size_t member : members_) {
    if (at[member].is_active) prior += axes_[member].log_uniform(at[member]);
  }
  logs.push_back(prior);
  for (const Kernel& kernel : kernels_) logs.push_back(log_product(kernel, at));
  const double largest = *std::ranges::max_element(logs);
  double sum = 0.0;
  for (const double log : logs) sum += std::exp(log - largest);
  return largest + std::log(sum) - std::log(static_cast<double>(kernels_.size()) + prior_weight_);
}

const Place* GoodDensity::any_active(std::size_t member, Rng& rng) const {
  std::vector<const Place*> active;
  for (const Kernel& kernel : kernels_) {
    const Place& place = (*kernel.places)[member];
    if (place.is_active) active.push_back(&place);
  }
  const double total = static_cast<double>(active.size()) + prior_weight_;
  const auto chosen = static_cast<std::size_t>(rng.uniform() * total);
  return chosen < active.size() ? active[chosen] : nullptr;
}

void GoodDensity::draw(std::span<double> point, Rng& rng) const {
  const double total = static_cast<double>(kernels_.size()) + prior_weight_;
  const auto chosen = static_cast<std::size_t>(rng.uniform() * total);
  for (std::size_t i = 0; i < members_.size(); ++i) {
    const std::size_t member = members_[i];
    const Axis& axis = axes_[member];
    const Place* centre = chosen < kernels_.size() ? &(*kernels_[chosen].places)[member] : nullptr;
    if (centre != nullptr && !centre->is_active) centre = any_active(member, rng);
    point[member] = axis.kind() != AxisKind::Fixed && centre != nullptr
                        ? axis.draw(*centre, bandwidths_[i], rng)
                        : rng.uniform();
  }
}

}  // namespace wattune::samplers
