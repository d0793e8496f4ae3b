#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "wattune/config/diagnostics.hpp"
#include "wattune/config/quantity.hpp"
#include "wattune/config/yaml_tree.hpp"
#include "wattune/space/parameter.hpp"

namespace wattune::config {

/// What a reading run collects: everything there is to tell, and where every key stood.
struct ReadContext {
  const SourceText& source;
  std::vector<Diagnostic> diagnostics;
  std::map<std::string, Place, std::less<>> marks;  ///< By path: "parameters.lr.low".
  std::string_view document = "study";              ///< What the file as a whole is called.

  void error(const YamlNode& node, std::string message);
  void error(Place place, std::string message);
  void warning(const YamlNode& node, std::string message);
  [[nodiscard]] bool has_errors() const;
};

/// The numbers that are allowed. An open end is not itself allowed.
struct Range {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  bool is_low_open = false;

  [[nodiscard]] bool contains(double number) const;
};

constexpr Range at_least(double low) {
  return {.low = low};
}
constexpr Range above(double low) {
  return {.low = low, .is_low_open = true};
}
constexpr Range between(double low, double high) {
  return {.low = low, .high = high};
}

/// Each reads one value, or reports at the node why it cannot and gives nothing.
/// `path` names the value in the report.
std::optional<double> read_number(ReadContext& context, const YamlNode& node, std::string_view path,
                                  Range range = {});
std::optional<std::int64_t> read_whole(ReadContext& context, const YamlNode& node,
                                       std::string_view path, Range range = {});
std::optional<bool> read_flag(ReadContext& context, const YamlNode& node, std::string_view path);
/// Any scalar but an empty one, as it was written.
std::optional<std::string> read_text(ReadContext& context, const YamlNode& node,
                                     std::string_view path);
/// One of the known names; `what` is the word for such a name: "sampler".
std::optional<std::string> read_name(ReadContext& context, const YamlNode& node,
                                     std::string_view what, std::span<const std::string> known);
/// Plain true and false are booleans, plain numbers are numbers, all else is a string.
std::optional<space::Choice> read_choice(ReadContext& context, const YamlNode& node,
                                         std::string_view path);
/// An amount above 0, in SI units.
std::optional<double> read_quantity(ReadContext& context, const YamlNode& node,
                                    std::string_view path, Dimension dimension);

/// The items of a list that has some. Reports anything else.
std::span<const YamlNode> read_list(ReadContext& context, const YamlNode& node,
                                    std::string_view path);

struct MapEntry {
  std::string name;
  const YamlNode* key;
  const YamlNode* value;
};
/// The entries of a map, each name once. Reports names given twice, and anything but a map.
std::vector<MapEntry> read_entries(ReadContext& context, const YamlNode& node,
                                   std::string_view path);

/// "unknown sampler `tpee`; allowed: random and tpe; did you mean `tpe`?"
[[nodiscard]] std::string unknown_name(std::string_view what, std::string_view name,
                                       std::span<const std::string> known);

/// "`3`", "a list", "a map", "nothing".
[[nodiscard]] std::string describe(const YamlNode& node);

/// Reads a map whose keys are known beforehand; unknown keys are reported on construction.
class MapReader {
 public:
  /// `path` is empty for the study itself. The context and the node must outlive the reader.
  MapReader(ReadContext& context, const YamlNode& node, std::string path, std::string_view section);
  /// The same for a file that is no study: the keys are the caller's.
  MapReader(ReadContext& context, const YamlNode& node, std::string path,
            std::span<const std::string> known);

  [[nodiscard]] const YamlNode* find(std::string_view key) const;
  /// Reports a missing key, unless a mistyped one has been reported in its place.
  const YamlNode* require(std::string_view key);
  [[nodiscard]] std::string path_of(std::string_view key) const;
  [[nodiscard]] bool has_unknown_keys() const { return has_unknown_keys_; }

  std::optional<double> number(std::string_view key, Range range = {});
  std::optional<std::int64_t> whole(std::string_view key, Range range = {});
  std::optional<bool> flag(std::string_view key);
  std::optional<double> quantity(std::string_view key, Dimension dimension);
  std::optional<std::string> text(std::string_view key);

 private:
  /// The key that an unknown word was meant to be.
  using Meant = std::function<std::optional<std::string>(std::string_view word)>;
  void refuse_unknown(std::span<const std::string> known, const Meant& meant_by);

  ReadContext& context_;
  const YamlNode& node_;
  std::string path_;
  std::vector<MapEntry> entries_;
  std::vector<std::string> meant_;  ///< Keys that unknown ones were probably meant to be.
  bool has_unknown_keys_ = false;
};

/// Overwrites a default with what was read, if anything was.
template <typename Target, typename Source>
void assign(Target& target, const std::optional<Source>& read) {
  if (read) target = *read;
}

}  // namespace wattune::config
