#pragma once

#include "race_tuning.hpp"
#include "wattune/strategies/race.hpp"

namespace wattune::strategies {

/// A race with other constants than those that were chosen.
[[nodiscard]] std::unique_ptr<Strategy> make_tuned_race(const trial::Problem& problem,
                                                        RaceOptions options,
                                                        const RaceTuning& tuning);

}  // namespace wattune::strategies
