#pragma once

#include <optional>

#include "wattune/config/strategy_section.hpp"
#include "wattune/config/yaml_reader.hpp"

namespace wattune::config {

/// Reads `strategy:`; the default where it is left out. Nothing if anything was reported.
std::optional<StrategyOptions> read_strategy(ReadContext& context, MapReader& study);

}  // namespace wattune::config
