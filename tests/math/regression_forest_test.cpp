#include "wattune/math/regression_forest.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <vector>

#include "wattune/base/random.hpp"

namespace wattune::math {
namespace {

RegressionData sample(std::vector<Feature> features, std::size_t num_rows,
                      const std::function<double(std::span<const double>)>& function) {
  RegressionData data{std::move(features), {}, {}};
  Rng rng{5};
  for (std::size_t i = 0; i < num_rows; ++i) {
    for (const Feature& feature : data.features) {
      data.inputs.push_back(feature.num_choices == 0
                                ? rng.uniform()
                                : static_cast<double>(rng.index(feature.num_choices)));
    }
    data.targets.push_back(function(data.row(i)));
  }
  return data;
}

double volume(const Leaf& leaf) {
  double product = 1.0;
  for (const BoxSide& side : leaf.sides) {
    if (side.choices.empty()) {
      product *= side.high - side.low;
    } else {
      const auto num = std::count(side.choices.begin(), side.choices.end(), true);
      product *= static_cast<double>(num) / static_cast<double>(side.choices.size());
    }
  }
  return product;
}

bool holds(const Leaf& leaf, std::span<const double> point) {
  for (std::size_t i = 0; i < point.size(); ++i) {
    const BoxSide& side = leaf.sides[i];
    const bool is_in = side.choices.empty() ? side.low <= point[i] && point[i] < side.high
                                            : side.choices[static_cast<std::size_t>(point[i])];
    if (!is_in) return false;
  }
  return true;
}

TEST(RegressionForest, FindsTheStepOfAStepFunction) {
  const auto data = sample({{}, {}}, 200, [](auto x) { return x[0] < 0.3 ? 1.0 : 5.0; });
  const RegressionForest forest{data, {}, 1};
  EXPECT_NEAR(forest.predict(std::array{0.25, 0.9}), 1.0, 0.1);
  EXPECT_NEAR(forest.predict(std::array{0.35, 0.1}), 5.0, 0.1);
  EXPECT_GT(forest.explained().value(), 0.95);
}

TEST(RegressionForest, PartsChoicesWithoutRegardToTheirOrder) {
  const auto data =
      sample({{5}, {}}, 300, [](auto x) { return x[0] == 0.0 || x[0] == 3.0 ? 1.0 : 2.0; });
  const RegressionForest forest{data, {.num_trees = 8, .share_of_features = 1.0}, 1};
  for (const RegressionTree& tree : forest.trees()) EXPECT_EQ(tree.leaves(data.features).size(), 2);
  EXPECT_DOUBLE_EQ(forest.predict(std::array{3.0, 0.5}), 1.0);
  EXPECT_DOUBLE_EQ(forest.predict(std::array{1.0, 0.5}), 2.0);
}

TEST(RegressionForest, LeavesFillTheSpaceAndHoldWhatTheTreePredicts) {
  const auto data =
      sample({{}, {4}, {}}, 150, [](auto x) { return x[0] * x[2] + (x[1] == 2.0 ? x[0] : 0.0); });
  const RegressionForest forest{data, {.num_trees = 5}, 2};
  for (const RegressionTree& tree : forest.trees()) {
    const auto leaves = tree.leaves(data.features);
    double sum = 0.0;
    for (const Leaf& leaf : leaves) sum += volume(leaf);
    EXPECT_NEAR(sum, 1.0, 1e-12);
    for (std::size_t row = 0; row < data.num_rows(); ++row) {
      int num_holding = 0;
      for (const Leaf& leaf : leaves) {
        if (!holds(leaf, data.row(row))) continue;
        ++num_holding;
        EXPECT_EQ(leaf.value, tree.predict(data.row(row)));
      }
      EXPECT_EQ(num_holding, 1);
    }
  }
}

TEST(RegressionForest, AVersionOfTheSameSeedIsTheSame) {
  const auto data = sample({{}, {3}}, 80, [](auto x) { return std::sin(9.0 * x[0]) + x[1]; });
  const RegressionForest one{data, {}, 7};
  const RegressionForest same{data, {}, 7};
  const RegressionForest other{data, {}, 8};
  const std::array point{0.4, 1.0};
  EXPECT_EQ(one.predict(point), same.predict(point));
  EXPECT_EQ(one.explained(), same.explained());
  EXPECT_NE(one.predict(point), other.predict(point));
}

TEST(RegressionForest, KeepsLeavesAsLargeAsAsked) {
  // One row is unlike all others; a leaf of its own would predict 1 there.
  auto data = sample({{}}, 40, [](auto) { return 0.0; });
  data.targets[7] = 1.0;
  const RegressionForest forest{data, {.num_trees = 20, .least_in_leaf = 10}, 3};
  for (const RegressionTree& tree : forest.trees()) {
    EXPECT_LE(tree.predict(data.row(7)), 0.5) << "drawn five times at most, of ten";
    EXPECT_LE(tree.leaves(data.features).size(), 4U);
  }
}

TEST(RegressionForest, SaysThatNoiseExplainsNothing) {
  Rng rng{9};
  const auto data = sample({{}, {}, {}}, 200, [&](auto) { return rng.normal(); });
  EXPECT_LT(RegressionForest(data, {}, 1).explained().value(), 0.05);
  const auto flat = sample({{}}, 20, [](auto) { return 2.0; });
  EXPECT_EQ(RegressionForest(flat, {}, 1).explained(), std::nullopt);
}

}  // namespace
}  // namespace wattune::math
