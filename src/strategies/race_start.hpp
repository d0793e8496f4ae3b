#pragma once

#include <cstdint>
#include <variant>

#include "race_record.hpp"
#include "race_tuning.hpp"
#include "wattune/trial/history.hpp"

namespace wattune::strategies {

/// One more configuration is wanted.
struct StartAnother {};
/// This trial goes on, up to a step.
struct StartContinues {
  std::uint32_t trial = 0;
  double to = 0.0;
};
/// Nothing is left of the start, or nothing can be done for it while others run.
struct StartRests {};

using StartStep = std::variant<StartAnother, StartContinues, StartRests>;

/// The start of a race: a few configurations to the first rung, the best of them to the second, and
/// the best of those all the way, so that the model sees one whole curve.
///
/// Of several objectives the first counts; infeasible values come last.
///
/// Takes    has_learned  were some of the first configurations learned from earlier studies? Then
///          there are others beside them: history must not fill the whole start
[[nodiscard]] StartStep next_of_start(const trial::History& history, const RaceRecord& record,
                                      const RaceTuning& tuning, bool has_learned);

}  // namespace wattune::strategies
