#pragma once

#include <span>

#include "wattune/schedulers/bracket.hpp"

namespace wattune::schedulers {

/// The rules of a bracket whose rungs are at `targets`.
///
/// Takes    history, targets  outlive the rules
[[nodiscard]] BracketRules halving_rules(const trial::History& history,
                                         std::span<const double> targets, std::size_t eta,
                                         RankBy rank_by);

}  // namespace wattune::schedulers
