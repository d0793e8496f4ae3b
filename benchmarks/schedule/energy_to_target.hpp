#pragma once

#include <nlohmann/json_fwd.hpp>

#include "schedule/options.hpp"

namespace wattune::bench {

/// Joules until a configuration of the wanted quality is found, on the tasks of LCBench, beside the
/// peers: prints tables and gives the keys of the strategy that is judged.
///
/// A task's targets are the accuracies that the best 1 % and 0.1 % of 20,000 random configurations
/// reach; costs are in median full trainings and end at 60.
///
/// Gives    {"ett_ratio_best_peer": ..., ...}; "left_out" names keys that could not be measured
[[nodiscard]] nlohmann::ordered_json measure_energy_to_target(const ScheduleBenchOptions& options);

}  // namespace wattune::bench
