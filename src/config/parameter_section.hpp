#pragma once

#include <optional>
#include <string>
#include <vector>

#include "wattune/config/yaml_reader.hpp"
#include "wattune/space/space.hpp"

namespace wattune::config {

/// A parameter as far as it could be read.
struct ParameterDraft {
  space::Parameter parameter;         ///< Without its conditions.
  std::optional<space::Space> alone;  ///< The parameter as a space of its own; none if unsound.
  const YamlNode* key = nullptr;
  const YamlNode* when = nullptr;

  /// Nothing is refused of a parameter that is unsound itself.
  [[nodiscard]] bool can_be(const space::Choice& choice) const;
  [[nodiscard]] bool is_numeric() const;
  [[nodiscard]] bool is_whole() const;
};

/// Reads one entry of `parameters:`, all but what `when` means.
ParameterDraft read_parameter(ReadContext& context, const MapEntry& entry);

/// Every value of a clause: one, or a list of them.
std::vector<space::Choice> read_choices(ReadContext& context, const YamlNode& node,
                                        std::string_view path);

}  // namespace wattune::config
