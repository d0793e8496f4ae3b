#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "wattune/strategies/strategy.hpp"
#include "wattune/trial/budget.hpp"

namespace wattune::strategies {

struct FinalistOptions {
  std::size_t count = 3;        ///< Configurations that are measured again.
  std::size_t repeats = 2;      ///< Full trainings of each.
  double tolerance = 0.01;      ///< Quality within which the cheapest is recommended.
  trial::Budgets budgets = {};  ///< The search leaves of them what the finalists will need.
};

/// The configurations that are worth measuring again, the likeliest recommendation first; at most
/// `count`, fewer where the search has found fewer.
///
/// Of the trials that came furthest, then of those that came as far as `count` trials did: the
/// cheapest within the tolerance of the best first objective, the best itself, the others within
/// the tolerance by their cost, the rest by quality. Trials on the front come before others. Cost
/// is the second objective, or the energy.
[[nodiscard]] std::vector<TrialId> choose_finalists(const trial::History& history,
                                                    std::size_t count, double tolerance);

/// Lets a search come to its end, then trains its best configurations again from the beginning.
///
/// One at a time, with nothing beside it, in counter-balanced order (A B C, C B A, ...), so that a
/// machine that warms up or slows down does not favour one. Trainings of the same number have the
/// same seed. One that was interrupted is begun anew as another trial; one that failed is not. The
/// search ends when it finishes by itself, when the budget's trials are used up, or when what the
/// finalists will need is all that is left of another budget; finalists do not count as trials of
/// the budget. With a larger budget the search goes on, and finalists that were measured stay so.
///
/// Takes    options  count and repeats at least 1
/// Errors   ConfigError  otherwise
/// Cost     per decision what the search takes; near the end of a budget O(n log n) in the trials
[[nodiscard]] std::unique_ptr<Strategy> with_finalists(std::unique_ptr<Strategy> search,
                                                       const FinalistOptions& options);

}  // namespace wattune::strategies
