#include "first_sections.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "wattune/base/text.hpp"

namespace wattune::config {
namespace {

using Changes = std::vector<std::pair<std::string, space::Choice>>;

std::vector<std::string> names_of(const space::Space& space) {
  std::vector<std::string> names;
  for (const space::Parameter& parameter : space.parameters()) names.push_back(parameter.name);
  return names;
}

Changes defaults_of(const space::Space& space) {
  Changes defaults;
  for (const space::Parameter& parameter : space.parameters()) {
    if (parameter.default_value) defaults.emplace_back(parameter.name, *parameter.default_value);
  }
  return defaults;
}

std::optional<std::pair<std::string, space::Choice>> read_value(ReadContext& context,
                                                                const MapEntry& entry,
                                                                const space::Space& space,
                                                                std::string_view path) {
  const auto index = space.index_of(entry.name);
  if (!index) {
    context.error(*entry.key, unknown_name("parameter", entry.name, names_of(space)));
    return std::nullopt;
  }
  auto choice = read_choice(context, *entry.value, fmt::format("{}.{}", path, entry.name));
  if (!choice) return std::nullopt;
  if (!space.to_value(*index, *choice)) {
    context.error(*entry.value,
                  fmt::format("`{}` is never {}; allowed: {}", entry.name, describe(*entry.value),
                              allowed_text(space.parameters()[*index])));
    return std::nullopt;
  }
  return std::pair{entry.name, *std::move(choice)};
}

/// What keeps a configuration from being tried, in words.
std::optional<std::string> objection(const space::Space& space,
                                     const space::Configuration& configuration,
                                     const Changes& given, const Changes& defaults) {
  const auto has = [](const Changes& changes, const std::string& name) {
    return std::ranges::any_of(changes, [&](const auto& change) { return change.first == name; });
  };
  for (std::size_t i = 0; i < space.size(); ++i) {
    const std::string& name = space.parameters()[i].name;
    const bool is_constant =
        std::holds_alternative<space::ConstantDomain>(space.parameters()[i].domain);
    if (configuration.is_active(i) && !is_constant && !has(given, name) && !has(defaults, name)) {
      return fmt::format("`{}` has no default; give it a value here", name);
    }
    if (!configuration.is_active(i) && has(given, name)) {
      return fmt::format("`{}` does not apply here: its condition `when` does not hold", name);
    }
  }
  if (space.is_forbidden(configuration)) return "this combination is forbidden";
  return std::nullopt;
}

std::optional<space::Configuration> read_configuration(ReadContext& context, const YamlNode& node,
                                                       const space::Space& space,
                                                       const std::string& path) {
  const std::size_t num_before = context.diagnostics.size();
  Changes given;
  for (const MapEntry& entry : read_entries(context, node, path)) {
    if (auto value = read_value(context, entry, space, path)) given.push_back(*std::move(value));
  }
  if (context.diagnostics.size() != num_before) return std::nullopt;
  const Changes defaults = defaults_of(space);
  Changes changes = defaults;
  changes.insert(changes.end(), given.begin(), given.end());
  const std::vector<double> middle(space.size(), 0.5);
  auto configuration = space.with(space.from_unit(middle), changes);
  const auto why = configuration ? objection(space, *configuration, given, defaults)
                                 : std::optional{configuration.error().message};
  if (!why) return *std::move(configuration);
  context.error(node, *why);
  return std::nullopt;
}

}  // namespace

std::vector<space::Configuration> read_try_first(ReadContext& context, const MapReader& study,
                                                 const space::Space& space) {
  std::vector<space::Configuration> configurations;
  const YamlNode* const node = study.find("try_first");
  if (node == nullptr) return configurations;
  std::size_t number = 0;
  for (const YamlNode& item : read_list(context, *node, "try_first")) {
    const std::string path = fmt::format("try_first.{}", ++number);
    if (auto configuration = read_configuration(context, item, space, path)) {
      configurations.push_back(*std::move(configuration));
    }
  }
  return configurations;
}

std::optional<WarmStartSection> read_warm_start(ReadContext& context, const MapReader& study,
                                                const std::filesystem::path& folder) {
  const YamlNode* const node = study.find("warm_start");
  if (node == nullptr) return std::nullopt;
  MapReader map(context, *node, "warm_start", "warm_start");
  WarmStartSection section;
  if (const YamlNode* file = map.require("study")) {
    if (const auto text = read_text(context, *file, "warm_start.study"))
      section.study = folder / *text;
  }
  assign(section.count, map.whole("count", between(1, 1000)));
  return section;
}

}  // namespace wattune::config
