#pragma once

#include <nlohmann/json_fwd.hpp>

#include "schedule/options.hpp"

namespace wattune::bench {

/// What decisions cost, and whether they are what they must be:
///
///   sm2_equals_sha      1 where, with energy and stability weights of 0, SM2 decides as plain
///                       halving in 1,000 random histories
///   decision_us         the slowest median decision of all schedulers and rules at 10,000 trials
///   resume_divergences  decisions that differ from those of a study that was never interrupted,
///                       made by a fresh strategy on the log up to one of 500 random events, and by
///                       the same strategy from there on
[[nodiscard]] nlohmann::ordered_json measure_decisions(const ScheduleBenchOptions& options);

}  // namespace wattune::bench
