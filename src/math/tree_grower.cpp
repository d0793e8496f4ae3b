#include "tree_grower.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "wattune/base/require.hpp"

namespace wattune::math {
namespace {

/// Cuts off what is rounding error of sums over equal targets.
constexpr double kLeastGain = 1e-12;

}  // namespace

RegressionTree TreeGrower::grow() {
  std::vector<std::uint32_t> rows;
  for (std::size_t i = 0; i < weights_.size(); ++i) {
    if (weights_[i] > 0.0) rows.push_back(static_cast<std::uint32_t>(i));
  }
  WATTUNE_REQUIRE(!rows.empty());
  nodes_.clear();
  add_node(rows);
  return RegressionTree{std::move(nodes_)};
}

std::size_t TreeGrower::add_node(Rows rows) {
  const std::size_t index = nodes_.size();
  const double mean = mean_of(rows);
  nodes_.emplace_back().value = mean;
  auto split = best_split(rows, mean);
  if (!split) return index;
  const std::size_t num_left = part(rows, split->node);
  split->node.value = mean;
  split->node.left = add_node(rows.first(num_left));
  split->node.right = add_node(rows.subspan(num_left));
  nodes_[index] = std::move(split->node);
  return index;
}

double TreeGrower::weight_of(Rows rows) const {
  double sum = 0.0;
  for (const std::uint32_t row : rows) sum += weights_[row];
  return sum;
}

double TreeGrower::mean_of(Rows rows) const {
  double sum = 0.0;
  for (const std::uint32_t row : rows) sum += weights_[row] * data_.targets[row];
  return sum / weight_of(rows);
}

std::optional<TreeGrower::Split> TreeGrower::best_split(Rows rows, double mean) {
  const auto least = static_cast<double>(options_.least_in_leaf);
  if (weight_of(rows) < 2.0 * least) return std::nullopt;
  double error = 0.0;
  for (const std::uint32_t row : rows) {
    error += weights_[row] * std::pow(data_.targets[row] - mean, 2);
  }
  if (!(error > 0.0)) return std::nullopt;

  std::vector<std::size_t> order(data_.features.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto num_tried = static_cast<std::size_t>(
      std::ceil(options_.share_of_features * static_cast<double>(order.size())));
  std::optional<Split> best;
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (i >= num_tried && best) break;  // features that cannot be split do not use up the share
    std::swap(order[i], order[i + rng_.index(order.size() - i)]);
    auto split = best_split_of(order[i], rows, mean);
    if (split && split->gain > kLeastGain * error && (!best || split->gain > best->gain)) {
      best = std::move(split);
    }
  }
  return best;
}

/// Rows with the same value fall into one bin; numbers ascend, choices ascend by their mean
/// targets: of all ways to part choices in two, one of the cuts in this order is the best.
std::vector<TreeGrower::Bin> TreeGrower::bins_of(std::size_t feature, Rows rows,
                                                 double mean) const {
  std::vector<std::uint32_t> order(rows.begin(), rows.end());
  std::ranges::sort(order, [&](std::uint32_t a, std::uint32_t b) {
    return std::pair{data_.input(a, feature), a} < std::pair{data_.input(b, feature), b};
  });
  std::vector<Bin> bins;
  for (const std::uint32_t row : order) {
    const double value = data_.input(row, feature);
    if (bins.empty() || bins.back().value != value) bins.push_back({value, {}});
    bins.back().sums.weight += weights_[row];
    bins.back().sums.target += weights_[row] * (data_.targets[row] - mean);
  }
  if (data_.features[feature].num_choices > 0) {
    std::ranges::stable_sort(bins, {},
                             [](const Bin& bin) { return bin.sums.target / bin.sums.weight; });
  }
  return bins;
}

std::optional<TreeGrower::Split> TreeGrower::best_split_of(std::size_t feature, Rows rows,
                                                           double mean) {
  const std::vector<Bin> bins = bins_of(feature, rows, mean);
  const auto least = static_cast<double>(options_.least_in_leaf);
  const double total = weight_of(rows);
  double best_gain = 0.0;
  std::size_t num_left_bins = 0;
  Sums left;
  Sums best_left;
  for (std::size_t i = 0; i + 1 < bins.size(); ++i) {
    left.weight += bins[i].sums.weight;
    left.target += bins[i].sums.target;
    const double right_weight = total - left.weight;
    if (left.weight < least || right_weight < least) continue;
    // Targets are less their mean: what is right of the cut adds up to minus what is left of it.
    const double gain = left.target * left.target * (1.0 / left.weight + 1.0 / right_weight);
    if (gain <= best_gain) continue;
    best_gain = gain;
    best_left = left;
    num_left_bins = i + 1;
  }
  if (num_left_bins == 0) return std::nullopt;

  Split split;
  split.gain = best_gain;
  split.node.feature = feature;
  const std::size_t num_choices = data_.features[feature].num_choices;
  if (num_choices == 0) {
    split.node.threshold = std::midpoint(bins[num_left_bins - 1].value, bins[num_left_bins].value);
    return split;
  }
  split.node.goes_left.assign(num_choices, best_left.weight > total - best_left.weight);
  for (std::size_t i = 0; i < bins.size(); ++i) {
    split.node.goes_left[static_cast<std::size_t>(bins[i].value)] = i < num_left_bins;
  }
  return split;
}

std::size_t TreeGrower::part(Rows rows, const Node& node) const {
  const auto goes_left = [&](std::uint32_t row) {
    const double value = data_.input(row, *node.feature);
    return node.goes_left.empty() ? value < node.threshold
                                  : node.goes_left[static_cast<std::size_t>(value)];
  };
  const auto right = std::ranges::stable_partition(rows, goes_left);
  return rows.size() - right.size();
}

}  // namespace wattune::math
