#pragma once

#include <nlohmann/json_fwd.hpp>

#include "wattune/trial/problem.hpp"

namespace wattune::trial {

/// A tariff as it is kept in the event log, its rates over time included, and back.
[[nodiscard]] nlohmann::json tariff_json(const Tariff& tariff);
/// Throws what nlohmann::json throws, and ConfigError, for what is no tariff.
[[nodiscard]] Tariff tariff_from_json(const nlohmann::json& in);

}  // namespace wattune::trial
