#pragma once

#include <cstddef>
#include <set>

#include "rung_book.hpp"

namespace wattune::schedulers {

/// Trials that wait in a rung and can never be promoted: too many are better already, however many
/// are still to come. Nobody where that is hard to tell: several objectives, quotas in energy, and
/// measures that change after a report.
///
/// Takes    max_trials  that the search will have at most
/// Cost     O(n) for each rung
[[nodiscard]] std::set<TrialId> lost_trials(const trial::History& history, const RungBook& book,
                                            std::size_t max_trials);

}  // namespace wattune::schedulers
