#include "good_density.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "bandwidth.hpp"

namespace wattune::samplers {

GoodDensity::GoodDensity(std::span<const Axis> axes, std::span<const GoodTrial> trials,
                         double prior_weight)
    : axes_(axes), trials_(trials), prior_weight_(prior_weight), total_weight_(prior_weight) {
  for (std::size_t a = 0; a < axes_.size(); ++a) {
    bandwidths_.push_back(bandwidth_of(axes_[a], std::max<std::size_t>(1, trials_.size()),
                                       axes_.size(), variance_on(a, trials_)));
    const bool is_gaussian = axes_[a].kind() == AxisKind::Gaussian;
    scales_.push_back(is_gaussian ? 1.0 / (std::numbers::sqrt2 * bandwidths_[a]) : 0.0);
  }
  for (const GoodTrial& trial : trials_) {
    total_weight_ += trial.weight;
    for (std::size_t a = 0; a < axes_.size(); ++a) {
      const Place& centre = trial.places[a];
      log_norms_.push_back(centre.is_active ? axes_[a].log_norm(centre, bandwidths_[a]) : 0.0);
    }
  }
}

double GoodDensity::log_product(std::size_t trial_index, const Places& at) const {
  const Places& centres = trials_[trial_index].places;
  double sum = 0.0;
  for (std::size_t a = 0; a < axes_.size(); ++a) {
    if (!at[a].is_active) continue;
    const double log_norm = log_norms_[trial_index * axes_.size() + a];
    if (!centres[a].is_active) {
      sum += axes_[a].log_uniform(at[a]);
    } else if (scales_[a] > 0.0) {
      const double z = (at[a].coordinate - centres[a].coordinate) * scales_[a];
      sum += log_norm - z * z;
    } else {
      sum += log_norm + axes_[a].log_kernel(at[a], centres[a], bandwidths_[a]);
    }
  }
  return sum;
}

double GoodDensity::log_density(const Places& at) const {
  double prior = 0.0;
  for (std::size_t a = 0; a < axes_.size(); ++a) {
    if (at[a].is_active) prior += axes_[a].log_uniform(at[a]);
  }
  std::vector<double> logs;
  logs.reserve(trials_.size());
  for (std::size_t i = 0; i < trials_.size(); ++i) logs.push_back(log_product(i, at));
  const double largest = logs.empty() ? prior : std::max(prior, *std::ranges::max_element(logs));
  double sum = prior_weight_ * std::exp(prior - largest);
  for (std::size_t i = 0; i < trials_.size(); ++i) {
    sum += trials_[i].weight * std::exp(logs[i] - largest);
  }
  return largest + std::log(sum / total_weight_);
}

}  // namespace wattune::samplers
