#pragma once

#include <optional>
#include <span>
#include <vector>

namespace wattune::math {

/// A correlation and its 95 % interval.
struct Correlation {
  double value = 0.0;  ///< -1 to 1
  double low = -1.0;
  double high = 1.0;
};

/// Position of each value in their order, 1 for the least; equal values share the mean of theirs.
[[nodiscard]] std::vector<double> ranks(std::span<const double> values);

/// Linear correlation; the interval is Fisher's, for values that vary normally.
///
/// Takes    both of one length
/// Gives    nothing for fewer than four pairs, or where one side is constant
/// Source   Fisher, Metron 1, 1921
[[nodiscard]] std::optional<Correlation> pearson(std::span<const double> first,
                                                 std::span<const double> second);

/// Correlation of ranks: how well the order of one side tells that of the other.
///
/// Gives    as `pearson`
/// Source   Spearman, Am. J. Psychol. 15, 1904; the interval with variance (1 + r^2 / 2) / (n - 3)
///          of Fisher's z: Bonett, Wright, Psychometrika 65(1), 2000, doi:10.1007/BF02294183
[[nodiscard]] std::optional<Correlation> spearman(std::span<const double> first,
                                                  std::span<const double> second);

}  // namespace wattune::math
