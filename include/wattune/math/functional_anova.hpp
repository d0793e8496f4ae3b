#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "wattune/math/regression_forest.hpp"

namespace wattune::math {

/// How much of a function's variance over the whole space comes from single features and pairs.
///
/// Features vary independently and uniformly. What is left to 1 comes from three and more features
/// together.
struct VarianceShares {
  std::vector<double> single;  ///< [num_features]: from the feature alone.
  std::vector<double> pairs;  ///< [num_features x (num_features - 1) / 2], see pair_index: from the
                              ///< two together beyond what each does alone.
};

/// Position of the pair in VarianceShares::pairs, of first < second < num_features: (0, 1), (0, 2),
/// ..., (1, 2), ...
[[nodiscard]] std::size_t pair_index(std::size_t first, std::size_t second,
                                     std::size_t num_features);

/// Decomposes a piecewise constant function, exactly: no integral is approximated.
///
/// Takes    leaves  boxes that fill the space without overlap
/// Gives    nothing for a constant function
/// Source   Hutter, Hoos, Leyton-Brown, ICML 2014, "An Efficient Approach for Assessing
///          Hyperparameter Importance"
/// Differs  sums over pairs of leaves, for which the inclusion and exclusion of marginals becomes
///          one product per pair of leaves, in place of sums over cells of a grid
/// Cost     O(leaves^2 x features^2)
[[nodiscard]] std::optional<VarianceShares> variance_shares(std::span<const Feature> features,
                                                            std::span<const Leaf> leaves);

/// A share over the trees of a forest; the range always holds the mean.
struct ShareSpread {
  double mean = 0.0;
  double low = 0.0;   ///< At most one tree in twenty lies below.
  double high = 0.0;  ///< At most one tree in twenty lies above.
};

[[nodiscard]] ShareSpread spread_of(std::span<const double> shares);

struct ForestShares {
  std::vector<ShareSpread> single;  ///< [num_features]
  std::vector<ShareSpread> pairs;   ///< As VarianceShares::pairs.
};

/// The shares of every tree of the forest; trees that are constant are left out.
///
/// Gives    nothing where all are
[[nodiscard]] std::optional<ForestShares> functional_anova(const RegressionForest& forest);

}  // namespace wattune::math
