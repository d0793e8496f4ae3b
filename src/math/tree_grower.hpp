#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "wattune/base/random.hpp"
#include "wattune/math/regression_forest.hpp"

namespace wattune::math {

/// Grows one tree by the splits that lower the squared error most (CART), on weighted rows.
class TreeGrower {
 public:
  /// `weights`  [num_rows]: how often each row counts; rows of weight 0 take no part
  TreeGrower(const RegressionData& data, std::span<const double> weights,
             const ForestOptions& options, Rng& rng)
      : data_(data), weights_(weights), options_(options), rng_(rng) {}

  [[nodiscard]] RegressionTree grow();

 private:
  using Rows = std::span<std::uint32_t>;
  using Node = RegressionTree::Node;

  struct Split {
    double gain = 0.0;  // by how much the weighted squared error falls
    Node node;          // feature and what goes left
  };
  /// What the rows of a node, or those of one choice, add up to; targets less the node's mean.
  struct Sums {
    double weight = 0.0;
    double target = 0.0;
  };
  /// A value of a feature with the rows that have it.
  struct Bin {
    double value = 0.0;
    Sums sums;
  };

  std::size_t add_node(Rows rows);
  [[nodiscard]] std::optional<Split> best_split(Rows rows, double mean);
  [[nodiscard]] std::optional<Split> best_split_of(std::size_t feature, Rows rows, double mean);
  [[nodiscard]] std::vector<Bin> bins_of(std::size_t feature, Rows rows, double mean) const;
  [[nodiscard]] std::size_t part(Rows rows, const Node& node) const;
  [[nodiscard]] double mean_of(Rows rows) const;
  [[nodiscard]] double weight_of(Rows rows) const;

  const RegressionData& data_;
  std::span<const double> weights_;
  const ForestOptions& options_;
  Rng& rng_;
  std::vector<Node> nodes_;
};

}  // namespace wattune::math
