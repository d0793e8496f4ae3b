#include "race_section.hpp"

namespace wattune::config {

std::optional<StrategyOptions> strategy_without_options(std::string_view name) {
  if (name == "auto") return AutoSection{};
  if (name == "race") return RaceSection{};
  return std::nullopt;
}

std::optional<std::string_view> name_without_options(const StrategyOptions& strategy) {
  if (std::holds_alternative<AutoSection>(strategy)) return "auto";
  if (std::holds_alternative<RaceSection>(strategy)) return "race";
  return std::nullopt;
}

}  // namespace wattune::config
