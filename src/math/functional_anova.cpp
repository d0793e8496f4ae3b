#include "wattune/math/functional_anova.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "wattune/base/require.hpp"
#include "wattune/math/statistics.hpp"

namespace wattune::math {
namespace {

/// Variance below this part of the mean's square is rounding error.
constexpr double kLeastVariance = 1e-24;

double overlap(const BoxSide& left, const BoxSide& right) {
  if (left.choices.empty()) {
    return std::max(0.0, std::min(left.high, right.high) - std::max(left.low, right.low));
  }
  std::size_t num_both = 0;
  for (std::size_t i = 0; i < left.choices.size(); ++i) {
    num_both += left.choices[i] && right.choices[i] ? 1 : 0;
  }
  return static_cast<double>(num_both) / static_cast<double>(left.choices.size());
}

bool is_cut(const BoxSide& side) {
  if (side.choices.empty()) return side.low > 0.0 || side.high < 1.0;
  return std::ranges::find(side.choices, false) != side.choices.end();
}

/// Symbols: leaf l has the value v_l and the volume W_l; c_l = v_l less the mean; w_l(i) is the
/// length of its side i, and o_lm(i) the length that it shares with that of leaf m. The variance
/// that belongs to a set U of features is the sum over all (l, m) of
///   c_l W_l c_m W_m prod over i in U of (o_lm(i) / (w_l(i) w_m(i)) - 1).
class Decomposition {
 public:
  Decomposition(std::span<const Feature> features, std::span<const Leaf> leaves)
      : num_features_(features.size()), leaves_(leaves) {
    for (const Leaf& leaf : leaves) {
      WATTUNE_REQUIRE(leaf.sides.size() == num_features_);
      double volume = 1.0;
      for (const BoxSide& side : leaf.sides) {
        lengths_.push_back(overlap(side, side));
        is_cut_.push_back(is_cut(side));
        volume *= lengths_.back();
      }
      volumes_.push_back(volume);
      mean_ += volume * leaf.value;
    }
    for (std::size_t l = 0; l < leaves.size(); ++l) {
      moments_.push_back(volumes_[l] * (leaves[l].value - mean_));
      variance_ += moments_[l] * (leaves[l].value - mean_);
    }
  }

  [[nodiscard]] std::optional<VarianceShares> shares() {
    if (!(variance_ > kLeastVariance * mean_ * mean_)) return std::nullopt;
    shares_.single.assign(num_features_, 0.0);
    shares_.pairs.assign(num_features_ * (num_features_ - 1) / 2, 0.0);
    for (std::size_t l = 0; l < leaves_.size(); ++l) {
      for (std::size_t m = 0; m <= l; ++m) {
        if (volumes_[l] > 0.0 && volumes_[m] > 0.0) add(l, m, l == m ? 1.0 : 2.0);
      }
    }
    // A sum of squares that cancel may end a rounding error below 0.
    for (double& share : shares_.single) share = std::max(0.0, share / variance_);
    for (double& share : shares_.pairs) share = std::max(0.0, share / variance_);
    return shares_;
  }

 private:
  void add(std::size_t l, std::size_t m, double times) {
    const double weight = times * moments_[l] * moments_[m];
    factors_.clear();
    for (std::size_t i = 0; i < num_features_; ++i) {
      const std::size_t left = l * num_features_ + i;
      const std::size_t right = m * num_features_ + i;
      if (!is_cut_[left] || !is_cut_[right]) continue;  // the factor is 0
      const double shared = overlap(leaves_[l].sides[i], leaves_[m].sides[i]);
      factors_.emplace_back(i, shared / (lengths_[left] * lengths_[right]) - 1.0);
    }
    for (std::size_t a = 0; a < factors_.size(); ++a) {
      const auto [first, factor] = factors_[a];
      shares_.single[first] += weight * factor;
      for (std::size_t b = a + 1; b < factors_.size(); ++b) {
        shares_.pairs[pair_index(first, factors_[b].first, num_features_)] +=
            weight * factor * factors_[b].second;
      }
    }
  }

  std::size_t num_features_;
  std::span<const Leaf> leaves_;
  std::vector<double> lengths_;  // [num_leaves x num_features]
  std::vector<bool> is_cut_;     // [num_leaves x num_features]: is less than the whole side
  std::vector<double> volumes_;  // [num_leaves]
  std::vector<double> moments_;  // [num_leaves]: c_l W_l
  double mean_ = 0.0;
  double variance_ = 0.0;
  std::vector<std::pair<std::size_t, double>> factors_;  // of one pair of leaves, where not 0
  VarianceShares shares_;
};

}  // namespace

std::size_t pair_index(std::size_t first, std::size_t second, std::size_t num_features) {
  return first * (2 * num_features - first - 1) / 2 + (second - first - 1);
}

std::optional<VarianceShares> variance_shares(std::span<const Feature> features,
                                              std::span<const Leaf> leaves) {
  return Decomposition{features, leaves}.shares();
}

ShareSpread spread_of(std::span<const double> shares) {
  const double middle = mean(shares);
  return {middle, std::min(middle, quantile(shares, 0.05)),
          std::max(middle, quantile(shares, 0.95))};
}

std::optional<ForestShares> functional_anova(const RegressionForest& forest) {
  const std::size_t num_features = forest.features().size();
  std::vector<std::vector<double>> single(num_features);
  std::vector<std::vector<double>> pairs(num_features * (num_features - 1) / 2);
  for (const RegressionTree& tree : forest.trees()) {
    const auto shares = variance_shares(forest.features(), tree.leaves(forest.features()));
    if (!shares) continue;
    for (std::size_t i = 0; i < single.size(); ++i) single[i].push_back(shares->single[i]);
    for (std::size_t i = 0; i < pairs.size(); ++i) pairs[i].push_back(shares->pairs[i]);
  }
  if (single.front().empty()) return std::nullopt;
  ForestShares result;
  for (const auto& shares : single) result.single.push_back(spread_of(shares));
  for (const auto& shares : pairs) result.pairs.push_back(spread_of(shares));
  return result;
}

}  // namespace wattune::math
