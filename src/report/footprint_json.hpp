#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "wattune/trial/history.hpp"

namespace wattune::report {

// Carbon, cost and the making of the machine, each with all that it rests on: "ledger" of
// docs/report-data.md. null where it was not asked for or cannot be known.

[[nodiscard]] nlohmann::ordered_json carbon_json(const trial::History& history);
[[nodiscard]] nlohmann::ordered_json cost_json(const trial::History& history);
/// Beside the carbon of the energy, never in it, and without PUE.
[[nodiscard]] nlohmann::ordered_json embodied_json(const trial::History& history);

/// What a reader has to be told: energy drawn at times that a table does not cover.
[[nodiscard]] std::vector<std::string> footprint_notes(const trial::History& history);

}  // namespace wattune::report
