#pragma once

#include <optional>
#include <string>

#include "strategies/race_tuning.hpp"

namespace wattune::bench {

/// The constants of `race KNOB=VALUE ...`; nothing for any other strategy.
///
/// Errors   std::runtime_error  no such knob
[[nodiscard]] std::optional<strategies::RaceTuning> race_knobs_of(const std::string& strategy);

}  // namespace wattune::bench
