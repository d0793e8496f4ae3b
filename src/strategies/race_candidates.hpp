#pragma once

#include <span>
#include <vector>

#include "race_tuning.hpp"
#include "tried.hpp"
#include "wattune/base/random.hpp"
#include "wattune/space/space.hpp"

namespace wattune::strategies {

/// New configurations: some a step away from good ones, the rest uniform over the space. Forbidden
/// and tried ones are left out; where the space has nothing else there are none.
///
/// Takes    parents  good configurations, or none
[[nodiscard]] std::vector<space::Configuration> race_candidates(
    const trial::History& history, std::span<const space::Configuration> parents,
    const RaceTuning& tuning, Tried& tried, Rng& rng);

}  // namespace wattune::strategies
