#pragma once

#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "wattune/report/recommendation.hpp"

namespace wattune::report {

/// The part `finalists` of docs/report-data.md; null where nothing was measured again.
[[nodiscard]] nlohmann::ordered_json finalists_json(
    const trial::History& history, const std::vector<Recommendation>& recommendations);

}  // namespace wattune::report
