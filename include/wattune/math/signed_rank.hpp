#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace wattune::math {

/// Whether paired differences lean to one side.
struct SignedRank {
  std::size_t count = 0;  ///< Pairs that differ.
  double rank_sum = 0.0;  ///< Of those where the first is larger.
  double p_two_sided = 1.0;
  double p_first_less = 1.0;     ///< Against the hypothesis that the first is as large or larger.
  double p_first_greater = 1.0;  ///< Against the hypothesis that the first is as small or smaller.
};

/// Wilcoxon's signed-rank test: pairs that are equal are left out, equal differences share ranks.
///
/// Takes    both of one length, finite
/// Gives    exact probabilities up to 25 pairs, ties included; beyond, normal with corrections for
///          ties and continuity
/// Source   Wilcoxon, Biometrics Bulletin 1(6), 1945, doi:10.2307/3001968
[[nodiscard]] SignedRank signed_rank_test(std::span<const double> first,
                                          std::span<const double> second);

/// Ranks from 1, equal values share the mean of theirs.
[[nodiscard]] std::vector<double> fractional_ranks(std::span<const double> values);

}  // namespace wattune::math
