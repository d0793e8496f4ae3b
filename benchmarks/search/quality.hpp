#pragma once

#include <nlohmann/json.hpp>

#include "search/options.hpp"

namespace wattune::bench {

/// Runs the searches of all wanted keys, prints a table for each and gives the flat summary.
[[nodiscard]] nlohmann::ordered_json measure_quality(const SearchBenchOptions& options);

/// Times suggestions, whole studies and hypervolumes, beside the peers'.
[[nodiscard]] nlohmann::ordered_json measure_speed(const SearchBenchOptions& options);

}  // namespace wattune::bench
