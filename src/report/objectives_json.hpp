#pragma once

#include <nlohmann/json_fwd.hpp>

#include "wattune/trial/problem.hpp"

namespace wattune::report {

/// The objectives with direction and unit: "objectives" of docs/report-data.md.
[[nodiscard]] nlohmann::ordered_json objectives_json(const trial::Problem& problem);

}  // namespace wattune::report
