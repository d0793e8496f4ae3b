#pragma once

#include <optional>
#include <string_view>

#include "wattune/config/strategy_section.hpp"

namespace wattune::config {

/// A strategy that has a name and nothing to choose: `auto`, `race`.
[[nodiscard]] std::optional<StrategyOptions> strategy_without_options(std::string_view name);
/// Its name; nothing for a strategy with options.
[[nodiscard]] std::optional<std::string_view> name_without_options(const StrategyOptions& strategy);

}  // namespace wattune::config
