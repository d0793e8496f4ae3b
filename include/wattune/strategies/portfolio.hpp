#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace wattune::strategies {

// Symbols: n trials of a past study, d parameters of the new one.

/// How the configurations of one past study ranked, as points of the new study's unit cube.
struct RankedPoints {
  std::vector<std::vector<double>> points;  ///< [n x d]
  std::vector<double> ranks;                ///< [n], 0 for the best to 1 for the worst.
};

struct PortfolioOptions {
  std::size_t count = 5;
  std::size_t candidates_per_study = 3;  ///< The best of each.
  double width = 0.15;                   ///< Of the kernel, in the unit cube.
  /// [d], or empty: coordinates whose values have no order; two of them are alike or 1 apart.
  std::vector<bool> is_unordered = {};
};

/// Chooses points that complement each other: whatever past study the new one is like, one of them
/// is likely to do well.
///
/// A candidate's rank in a study is guessed as the kernel average of the ranks around it. The next
/// one chosen is the one that lowers the mean over studies of the best rank most; on equal terms
/// the one of the earlier study, then the better one there. It ends early where nothing lowers it.
///
/// Gives    at most `count` points, the most useful first; no point twice
/// Cost     O(candidates x trials x d), and O(count x candidates x studies)
/// Source   greedy portfolios as in Feurer, Eggensperger, Falkner, Lindauer, Hutter, JMLR 2022,
///          arXiv:2007.04074
/// Differs  ranks come from a kernel average where they run every candidate on every data set
[[nodiscard]] std::vector<std::vector<double>> greedy_portfolio(
    std::span<const RankedPoints> studies, const PortfolioOptions& options = {});

}  // namespace wattune::strategies
