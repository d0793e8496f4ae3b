#pragma once

#include "wattune/config/strategy_section.hpp"
#include "wattune/config/yaml_reader.hpp"

namespace wattune::config {

/// Reads `strategy: {name: sm2, ...}`.
Sm2Section read_sm2(ReadContext& context, const YamlNode& node);

}  // namespace wattune::config
