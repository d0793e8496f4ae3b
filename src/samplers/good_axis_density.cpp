#include "good_axis_density.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "bandwidth.hpp"
#include "kernel_sum.hpp"

namespace wattune::samplers {

GoodAxisDensity::GoodAxisDensity(const Axis& axis, std::size_t axis_index,
                                 std::span<const GoodTrial> trials, double prior_weight)
    : axis_(&axis), prior_weight_(prior_weight), total_weight_(prior_weight) {
  for (const GoodTrial& trial : trials) {
    if (!trial.places[axis_index].is_active) continue;
    centres_.push_back(&trial.places[axis_index]);
    weights_.push_back(trial.weight);
    total_weight_ += trial.weight;
  }
  bandwidth_ = bandwidth_of(axis, std::max<std::size_t>(1, centres_.size()), 1,
                            variance_on(axis_index, trials));
  for (const Place* centre : centres_) tails_.push_back(axis.tails(*centre, bandwidth_));
  if (axis.num_cells() > 0) {
    fill_cells();
  } else {
    fill_lanes();
  }
}

void GoodAxisDensity::fill_lanes() {
  const std::size_t num_places = (centres_.size() + kSumLanes - 1) / kSumLanes * kSumLanes;
  coordinates_.resize(num_places, 0.0F);
  heights_.resize(num_places, 0.0F);
  for (std::size_t k = 0; k < centres_.size(); ++k) {
    coordinates_[k] = static_cast<float>(centres_[k]->coordinate);
    heights_[k] =
        static_cast<float>(weights_[k] * std::exp(axis_->log_norm(*centres_[k], bandwidth_)));
  }
}

void GoodAxisDensity::fill_cells() {
  cell_sums_.resize(axis_->num_cells(), 0.0);
  for (std::size_t k = 0; k < centres_.size(); ++k) {
    const double log_norm = axis_->log_norm(*centres_[k], bandwidth_);
    for (std::size_t cell = 0; cell < cell_sums_.size(); ++cell) {
      const double log_kernel = axis_->log_kernel(axis_->place_in(cell), *centres_[k], bandwidth_);
      cell_sums_[cell] += weights_[k] * std::exp(log_norm + log_kernel);
    }
  }
}

double GoodAxisDensity::density(const Place& at) const {
  if (axis_->kind() == AxisKind::Fixed) return 1.0;
  const double prior = prior_weight_ * axis_->uniform(at);
  const double sum =
      cell_sums_.empty()
          ? gaussian_sum(heights_, coordinates_, static_cast<float>(at.coordinate),
                         static_cast<float>(1.0 / (std::numbers::sqrt2 * bandwidth_)))
          : cell_sums_[at.cell];
  return (sum + prior) / total_weight_;
}

double GoodAxisDensity::draw(Rng& rng) const {
  if (axis_->kind() == AxisKind::Fixed) return rng.uniform();
  double place = rng.uniform() * total_weight_;
  for (std::size_t k = 0; k < centres_.size(); ++k) {
    if (place < weights_[k]) return axis_->draw(*centres_[k], bandwidth_, tails_[k], rng);
    place -= weights_[k];
  }
  return rng.uniform();
}

}  // namespace wattune::samplers
