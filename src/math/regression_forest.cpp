#include "wattune/math/regression_forest.hpp"

#include <algorithm>
#include <cmath>

#include "tree_grower.hpp"
#include "wattune/base/random.hpp"
#include "wattune/base/require.hpp"
#include "wattune/math/statistics.hpp"

namespace wattune::math {
namespace {

bool goes_left(const RegressionTree::Node& node, double value) {
  return node.goes_left.empty() ? value < node.threshold
                                : node.goes_left[static_cast<std::size_t>(value)];
}

/// How often each row is in a tree's sample.
std::vector<double> draw_weights(std::size_t num_rows, std::size_t sample, Rng& rng) {
  std::vector<double> weights(num_rows, 0.0);
  for (std::size_t i = 0; i < sample; ++i) weights[rng.index(num_rows)] += 1.0;
  return weights;
}

/// Predictions for the rows that trees were not grown on.
class OutOfSample {
 public:
  explicit OutOfSample(const RegressionData& data)
      : data_(data), sums_(data.num_rows(), 0.0), counts_(data.num_rows(), 0) {}

  void add(const RegressionTree& tree, std::span<const double> weights) {
    for (std::size_t row = 0; row < weights.size(); ++row) {
      if (weights[row] > 0.0) continue;
      sums_[row] += tree.predict(data_.row(row));
      ++counts_[row];
    }
  }

  [[nodiscard]] std::optional<double> explained() const {
    const double mean = math::mean(data_.targets);
    double error = 0.0;
    double total = 0.0;
    for (std::size_t row = 0; row < sums_.size(); ++row) {
      if (counts_[row] == 0) continue;
      const double predicted = sums_[row] / static_cast<double>(counts_[row]);
      error += std::pow(data_.targets[row] - predicted, 2);
      total += std::pow(data_.targets[row] - mean, 2);
    }
    if (!(total > 0.0)) return std::nullopt;
    return 1.0 - error / total;
  }

 private:
  const RegressionData& data_;
  std::vector<double> sums_;
  std::vector<std::size_t> counts_;
};

void check(const RegressionData& data) {
  WATTUNE_REQUIRE(!data.features.empty());
  WATTUNE_REQUIRE(data.num_rows() >= 2);
  WATTUNE_REQUIRE(data.inputs.size() == data.num_rows() * data.features.size());
  const auto is_finite = [](double value) { return std::isfinite(value); };
  WATTUNE_REQUIRE(std::ranges::all_of(data.inputs, is_finite));
  WATTUNE_REQUIRE(std::ranges::all_of(data.targets, is_finite));
}

}  // namespace

double RegressionTree::predict(std::span<const double> point) const {
  std::size_t index = 0;
  while (nodes_[index].feature) {
    const Node& node = nodes_[index];
    index = goes_left(node, point[*node.feature]) ? node.left : node.right;
  }
  return nodes_[index].value;
}

std::vector<Leaf> RegressionTree::leaves(std::span<const Feature> features) const {
  std::vector<BoxSide> whole(features.size());
  for (std::size_t i = 0; i < features.size(); ++i) {
    whole[i].choices.assign(features[i].num_choices, true);
  }
  std::vector<Leaf> leaves;
  std::vector<std::pair<std::size_t, std::vector<BoxSide>>> open{{0, std::move(whole)}};
  while (!open.empty()) {
    auto [index, sides] = std::move(open.back());
    open.pop_back();
    const Node& node = nodes_[index];
    if (!node.feature) {
      leaves.push_back({node.value, std::move(sides)});
      continue;
    }
    std::vector<BoxSide> right = sides;
    BoxSide& left_side = sides[*node.feature];
    BoxSide& right_side = right[*node.feature];
    if (node.goes_left.empty()) {
      left_side.high = right_side.low = node.threshold;
    }
    for (std::size_t choice = 0; choice < node.goes_left.size(); ++choice) {
      (node.goes_left[choice] ? right_side : left_side).choices[choice] = false;
    }
    open.emplace_back(node.right, std::move(right));
    open.emplace_back(node.left, std::move(sides));
  }
  return leaves;
}

RegressionForest::RegressionForest(const RegressionData& data, const ForestOptions& options,
                                   std::uint64_t seed)
    : features_(data.features) {
  check(data);
  WATTUNE_REQUIRE(options.num_trees >= 1 && options.least_in_leaf >= 1);
  const std::size_t sample = std::min(data.num_rows(), options.max_sample);
  OutOfSample unseen{data};
  for (std::size_t i = 0; i < options.num_trees; ++i) {
    Rng rng{seed, i};
    const std::vector<double> weights = draw_weights(data.num_rows(), sample, rng);
    trees_.push_back(TreeGrower{data, weights, options, rng}.grow());
    unseen.add(trees_.back(), weights);
  }
  explained_ = unseen.explained();
}

double RegressionForest::predict(std::span<const double> point) const {
  double sum = 0.0;
  for (const RegressionTree& tree : trees_) sum += tree.predict(point);
  return sum / static_cast<double>(trees_.size());
}

}  // namespace wattune::math
