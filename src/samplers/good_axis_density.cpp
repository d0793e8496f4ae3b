#include "good_axis_density.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "bandwidth.hpp"
#include "kernel_arithmetic.hpp"

namespace wattune::samplers {

GoodAxisDensity::GoodAxisDensity(const Axis& axis, std::size_t axis_index,
                                 std::span<const GoodTrial> trials, double prior_weight)
    : axis_(&axis),
      axis_index_(axis_index),
      prior_weight_(prior_weight),
      total_weight_(prior_weight) {
  centres_.reserve(trials.size());
  weights_.reserve(trials.size());
  weights_up_to_.reserve(trials.size());
  for (const GoodTrial& trial : trials) {
    if (!trial.places[axis_index].is_active) continue;
    centres_.push_back(&trial.places[axis_index]);
    weights_.push_back(trial.weight);
    weights_up_to_.push_back(trial.weight + (weights_up_to_.empty() ? 0.0 : weights_up_to_.back()));
  }
  if (!weights_up_to_.empty()) total_weight_ += weights_up_to_.back();
  bandwidth_ = bandwidth_of(axis, std::max<std::size_t>(1, centres_.size()), 1,
                            variance_on(axis_index, trials));
  find_tails();
  if (axis.num_cells() > 0) {
    fill_cells();
  } else {
    fill_heights();
  }
}

void GoodAxisDensity::find_tails() {
  coordinates_.reserve(centres_.size());
  for (const Place* centre : centres_) {
    coordinates_.push_back(centre->coordinate);
  }
  below_0_.resize(centres_.size());
  below_1_.resize(centres_.size());
  gaussian_tails(coordinates_, static_cast<float>(bandwidth_), below_0_, below_1_);
}

void GoodAxisDensity::fill_heights() {
  for (std::size_t k = 0; k < centres_.size(); ++k) {
    const double height = cut_gaussian_height(bandwidth_, below_0_[k], below_1_[k]);
    heights_.push_back(static_cast<float>(weights_[k] * height));
  }
}

void GoodAxisDensity::fill_cells() {
  cell_sums_.resize(axis_->num_cells(), 0.0);
  for (std::size_t k = 0; k < centres_.size(); ++k) {
    const std::vector<double> masses = axis_->cell_masses(*centres_[k], bandwidth_);
    for (std::size_t cell = 0; cell < masses.size(); ++cell) {
      cell_sums_[cell] += weights_[k] * masses[cell];
    }
  }
}

std::vector<float> GoodAxisDensity::kernel_sums(std::span<const Places> points) const {
  const std::size_t num_places = (points.size() + kSumLanes - 1) / kSumLanes * kSumLanes;
  std::vector<float> sums(2 * num_places);  // and, behind them, coordinates
  const std::span<float> x = std::span{sums}.subspan(num_places);
  for (std::size_t i = 0; i < points.size(); ++i) {
    x[i] = points[i][axis_index_].coordinate;
  }
  const double scale = 1.0 / (std::numbers::sqrt2 * bandwidth_);
  gaussian_sums(heights_, coordinates_, static_cast<float>(scale), x,
                std::span{sums}.first(num_places));
  return sums;
}

void GoodAxisDensity::find_densities(std::span<const Places> points,
                                     std::span<double> densities) const {
  if (axis_->kind() == AxisKind::Fixed) {
    std::ranges::fill(densities, 1.0);
    return;
  }
  const bool is_gaussian = axis_->kind() == AxisKind::Gaussian;
  const std::vector<float> sums = is_gaussian ? kernel_sums(points) : std::vector<float>{};
  for (std::size_t i = 0; i < points.size(); ++i) {
    const Place& at = points[i][axis_index_];
    const double sum = is_gaussian ? static_cast<double>(sums[i]) : cell_sums_[at.cell];
    densities[i] = (sum + prior_weight_ * axis_->uniform(at)) / total_weight_;
  }
}

/// One by weight; one more than there are for the prior.
std::size_t GoodAxisDensity::draw_kernel(Rng& rng) const {
  const double place = rng.uniform() * total_weight_;
  std::size_t kernel = 0;
  for (const double end : weights_up_to_) kernel += end <= place ? 1 : 0;
  return kernel;
}

void GoodAxisDensity::draw(Rng& rng, std::span<double> coordinates, std::size_t stride) const {
  const bool has_kernels = axis_->kind() != AxisKind::Fixed;
  const bool is_ordered = axis_->kind() != AxisKind::Unordered;
  struct Draw {
    std::size_t place;
    std::size_t kernel;
  };
  std::vector<Draw> draws;  // from ordered kernels
  std::vector<float> quantiles;
  draws.reserve(coordinates.size() / stride + 1);
  quantiles.reserve(coordinates.size() / stride + 1);
  for (std::size_t i = 0; i < coordinates.size(); i += stride) {
    const std::size_t k = has_kernels ? draw_kernel(rng) : centres_.size();
    if (k == centres_.size()) {
      coordinates[i] = rng.uniform();
    } else if (!is_ordered) {
      coordinates[i] = axis_->draw_choice(*centres_[k], bandwidth_, rng);
    } else {
      draws.push_back({i, k});
      quantiles.push_back(static_cast<float>(rng.uniform(below_0_[k], below_1_[k])));
    }
  }
  normal_quantiles(quantiles, quantiles);
  for (std::size_t i = 0; i < draws.size(); ++i) {
    const double step = bandwidth_ * static_cast<double>(quantiles[i]);
    const auto centre = static_cast<double>(coordinates_[draws[i].kernel]);
    coordinates[draws[i].place] = std::clamp(centre + step, 0.0, 1.0);
  }
}

}  // namespace wattune::samplers
