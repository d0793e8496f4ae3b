#pragma once

#include <nlohmann/json_fwd.hpp>

#include "wattune/report/importance.hpp"
#include "wattune/report/proxies.hpp"
#include "wattune/trial/history.hpp"

namespace wattune::report {

/// One entry of `importance` of the report document.
[[nodiscard]] nlohmann::ordered_json to_json(const trial::Problem& problem,
                                             const Importance& importance);
/// `proxies` of the report document.
[[nodiscard]] nlohmann::ordered_json to_json(const ProxyReport& report);

/// `importance` of the report document: functional ANOVA of every explained measure, then PED-ANOVA
/// of those that have a good direction.
[[nodiscard]] nlohmann::ordered_json importance_json(const trial::History& history);

}  // namespace wattune::report
