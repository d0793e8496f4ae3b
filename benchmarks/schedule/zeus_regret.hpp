#pragma once

#include <nlohmann/json_fwd.hpp>

#include "schedule/options.hpp"

namespace wattune::bench {

/// Batch size and power limit for the least energy to a target quality, on the Zeus traces: how far
/// above the lowest mean energy the best configuration of 15 trials is.
[[nodiscard]] nlohmann::ordered_json measure_zeus_regret(const ScheduleBenchOptions& options);

}  // namespace wattune::bench
