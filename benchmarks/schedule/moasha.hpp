#pragma once

#include <memory>

#include "wattune/strategies/strategy.hpp"

namespace wattune::bench {

/// The peer with several objectives: MOASHA of Syne Tune as it is described, with its ranking
/// corrected; made anew from the description, apart from the engine's own schedulers.
///
/// Random configurations, one bracket, rungs at 1, 3, 9, 27, ...; at a rung a trial goes on if it
/// is among the best third of those that were there, itself included, and is stopped if not. The
/// order is by fronts, within a front by an epsilon-net that starts at the best in the first
/// objective.
///
/// Source   Schmucker, Donini, Zafar, Salinas, Archambeau, 2021, arXiv:2106.12639; Syne Tune's
///          defaults
/// Differs  an item's rank is its rank, where Syne Tune takes the sorted list of indices for ranks;
///          objectives are scaled to their range before distances are taken
[[nodiscard]] std::unique_ptr<strategies::Strategy> make_corrected_moasha(
    const trial::Problem& problem);

}  // namespace wattune::bench
