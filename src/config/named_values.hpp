#pragma once

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "wattune/config/yaml_reader.hpp"

namespace wattune::config {

/// The words of a study file for the values of an enumeration, sorted by word.
template <typename Enum, std::size_t kCount>
using NamedValues = std::array<std::pair<std::string_view, Enum>, kCount>;

/// Overwrites a value by the one whose word stands at a key, if there is one; reports a word that
/// is not known. `what` names such a word: "kernel".
template <typename Enum, std::size_t kCount, typename Target>
void assign_named(ReadContext& context, const MapReader& map, std::string_view key,
                  std::string_view what, const NamedValues<Enum, kCount>& values, Target& target) {
  const YamlNode* const node = map.find(key);
  if (node == nullptr) return;
  std::vector<std::string> words;
  for (const auto& [word, value] : values) words.emplace_back(word);
  const auto chosen = read_name(context, *node, what, words);
  if (!chosen) return;
  target = std::ranges::find(values, std::string_view{*chosen}, [](const auto& named) {
             return named.first;
           })->second;
}

}  // namespace wattune::config
