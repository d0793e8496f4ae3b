#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace wattune::math {

/// One input of a regression: a number in [0, 1], or one of some values without order.
struct Feature {
  std::size_t num_choices =
      0;  ///< 0: a number. Else inputs are the position of a choice, 0, 1, ...
};

struct RegressionData {
  std::vector<Feature> features;  ///< [num_features]
  std::vector<double> inputs;     ///< [num_rows x num_features], row by row
  std::vector<double> targets;    ///< [num_rows]

  [[nodiscard]] std::size_t num_rows() const { return targets.size(); }
  [[nodiscard]] double input(std::size_t row, std::size_t feature) const {
    return inputs[row * features.size() + feature];
  }
  [[nodiscard]] std::span<const double> row(std::size_t index) const {
    return std::span{inputs}.subspan(index * features.size(), features.size());
  }
};

/// What one side of a leaf's box holds: the interval [low, high), or some choices.
struct BoxSide {
  double low = 0.0;
  double high = 1.0;
  std::vector<bool> choices;  ///< [num_choices]; empty for a number.
};

/// A box of the inputs' space on which a tree is constant.
struct Leaf {
  double value = 0.0;
  std::vector<BoxSide> sides;  ///< [num_features]
};

/// A piecewise constant function of the features: boxes that fill the space without overlap.
class RegressionTree {
 public:
  struct Node {
    std::optional<std::size_t> feature;  ///< None: a leaf.
    double threshold = 0.0;              ///< Numbers below it go left.
    std::vector<bool> goes_left;         ///< [num_choices] of the feature; empty for a number.
    std::size_t left = 0;
    std::size_t right = 0;
    double value = 0.0;
  };

  /// `nodes` has the root first.
  explicit RegressionTree(std::vector<Node> nodes) : nodes_(std::move(nodes)) {}

  [[nodiscard]] double predict(std::span<const double> point) const;
  [[nodiscard]] std::vector<Leaf> leaves(std::span<const Feature> features) const;

 private:
  std::vector<Node> nodes_;
};

struct ForestOptions {
  std::size_t num_trees = 64;
  std::size_t least_in_leaf = 3;   ///< Rows of the tree's sample, repeats counted.
  std::size_t max_sample = 500;    ///< Rows drawn for a tree, at most.
  double share_of_features = 0.7;  ///< Looked at for a split, drawn anew for each.
};

/// Trees that are each grown on rows drawn with replacement.
///
/// Source   Breiman, Machine Learning 45, 2001, doi:10.1023/A:1010933404324; splits of choices by
///          their mean targets: Fisher, JASA 53, 1958, doi:10.1080/01621459.1958.10501479
/// Differs  a tree draws at most `max_sample` rows, so that leaves stay few enough for exact
///          decompositions; choices that a node has not seen go to the side with more rows
/// Cost     O(num_trees x num_features x rows x log(rows) x depth)
class RegressionForest {
 public:
  /// Takes    data  at least one feature and two rows, all finite
  RegressionForest(const RegressionData& data, const ForestOptions& options, std::uint64_t seed);

  [[nodiscard]] double predict(std::span<const double> point) const;
  [[nodiscard]] std::span<const RegressionTree> trees() const { return trees_; }
  [[nodiscard]] std::span<const Feature> features() const { return features_; }
  /// Share of the targets' variance that trees explain on rows they were not grown on; below 0
  /// where the mean would do better. Nothing where targets do not vary.
  [[nodiscard]] std::optional<double> explained() const { return explained_; }

 private:
  std::vector<Feature> features_;
  std::vector<RegressionTree> trees_;
  std::optional<double> explained_;
};

}  // namespace wattune::math
