#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "wattune/config/diagnostics.hpp"

namespace wattune::config {

/// A node of a YAML document as it was written: keys in order, duplicates kept, scalars untyped.
struct YamlNode {
  enum class Kind : std::uint8_t { Null, Scalar, List, Map };

  Kind kind = Kind::Null;
  std::string text;             ///< Of a scalar.
  bool is_quoted = false;       ///< A quoted scalar is a string, whatever it looks like.
  std::size_t offset = 0;       ///< Byte in the source where it begins.
  std::size_t length = 1;       ///< Bytes to underline.
  std::vector<YamlNode> items;  ///< Of a list.
  std::vector<std::pair<YamlNode, YamlNode>> entries;  ///< Of a map.

  [[nodiscard]] bool is_scalar() const { return kind == Kind::Scalar; }
  [[nodiscard]] bool is_list() const { return kind == Kind::List; }
  [[nodiscard]] bool is_map() const { return kind == Kind::Map; }
};

/// Parses the one document of a file.
///
/// Refuses what a study file has no use for: anchors, tags, several documents, tabs as indentation,
/// control characters, text that is not UTF-8.
///
/// Errors   StudyFileError  with the parser's position
[[nodiscard]] YamlNode parse_yaml(const SourceText& source);

}  // namespace wattune::config
