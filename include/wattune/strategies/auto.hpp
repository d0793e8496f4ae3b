#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "wattune/strategies/race.hpp"
#include "wattune/strategies/strategy.hpp"

namespace wattune::strategies {

/// What `auto` has chosen, and why in a few words.
struct AutoStrategyChoice {
  bool is_race = false;
  std::string reason;
};

/// The race where trials say how far they are, can pause, and are have few enough parameters for
/// its model; else full trainings.
///
/// Takes    can_pause  does the program speak the trial protocol?
[[nodiscard]] AutoStrategyChoice choose_strategy(const trial::Problem& problem, bool can_pause);

/// The strategy of a study that names none: what choose_strategy says, in whose description the
/// choice is told.
///
/// Takes    full  makes what runs where it is not the race
[[nodiscard]] std::unique_ptr<Strategy> make_auto(
    const trial::Problem& problem, RaceOptions options,
    const std::function<std::unique_ptr<Strategy>()>& full);

}  // namespace wattune::strategies
