#include "wattune/config/yaml_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include "wattune/base/text.hpp"
#include "wattune/config/schema.hpp"

namespace wattune::config {
namespace {

/// Larger whole numbers have no exact double, which JSON and the models need.
constexpr double kLargestWhole = 9007199254740992.0;

std::string number_phrase(std::string_view noun, Range range) {
  const bool has_low = std::isfinite(range.low);
  if (range.is_low_open && std::isfinite(range.high)) {
    return fmt::format("{} above {} and at most {}", noun, range.low, range.high);
  }
  if (has_low && std::isfinite(range.high)) {
    return fmt::format("{} from {} to {}", noun, range.low, range.high);
  }
  if (has_low) {
    return fmt::format("{} {} {}", noun, range.is_low_open ? "above" : "of at least", range.low);
  }
  return std::string{noun};
}

void report_mismatch(ReadContext& context, const YamlNode& node, std::string_view path,
                     std::string_view expected) {
  context.error(node, fmt::format("`{}` must be {}, not {}", path, expected, describe(node)));
}

std::optional<double> plain_number(const YamlNode& node) {
  if (!node.is_scalar() || node.is_quoted) return std::nullopt;
  return number_from_text(node.text);
}

/// Whole numbers may be written as 2e5.
std::optional<std::int64_t> whole_from(double number) {
  if (std::abs(number) > kLargestWhole || number != std::floor(number)) return std::nullopt;
  return static_cast<std::int64_t>(number);
}

std::string suggestion(const std::optional<std::string>& name) {
  return name ? fmt::format("; did you mean `{}`?", *name) : "";
}

}  // namespace

void ReadContext::error(const YamlNode& node, std::string message) {
  error(source.place_at(node.offset, node.length), std::move(message));
}

void ReadContext::error(Place place, std::string message) {
  diagnostics.push_back({Severity::Error, place, std::move(message)});
}

void ReadContext::warning(const YamlNode& node, std::string message) {
  diagnostics.push_back(
      {Severity::Warning, source.place_at(node.offset, node.length), std::move(message)});
}

bool ReadContext::has_errors() const {
  return std::ranges::count(diagnostics, Severity::Error, &Diagnostic::severity) > 0;
}

bool Range::contains(double number) const {
  return (is_low_open ? number > low : number >= low) && number <= high;
}

std::string describe(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::Null:
      return "nothing";
    case YamlNode::Kind::Scalar:
      return node.is_quoted ? fmt::format("the string `{}`", node.text)
                            : fmt::format("`{}`", node.text);
    case YamlNode::Kind::List:
      return "a list";
    case YamlNode::Kind::Map:
      return "a map";
  }
  return {};
}

std::string unknown_name(std::string_view what, std::string_view name,
                         std::span<const std::string> known) {
  return fmt::format("unknown {} `{}`; allowed: {}{}", what, name, join_names(known),
                     suggestion(nearest_name(name, known)));
}

std::optional<double> read_number(ReadContext& context, const YamlNode& node, std::string_view path,
                                  Range range) {
  const std::optional<double> number = plain_number(node);
  if (number && !std::isfinite(*number)) {
    report_mismatch(context, node, path, "a finite number");
    return std::nullopt;
  }
  if (!number || !range.contains(*number)) {
    report_mismatch(context, node, path, number_phrase("a number", range));
    return std::nullopt;
  }
  return number;
}

std::optional<std::int64_t> read_whole(ReadContext& context, const YamlNode& node,
                                       std::string_view path, Range range) {
  const std::optional<double> number = plain_number(node);
  const std::optional<std::int64_t> whole = number ? whole_from(*number) : std::nullopt;
  if (!whole || !range.contains(*number)) {
    const bool is_large = number && std::abs(*number) > kLargestWhole;
    report_mismatch(
        context, node, path,
        is_large ? "a whole number of at most 2^53" : number_phrase("a whole number", range));
    return std::nullopt;
  }
  return whole;
}

std::optional<bool> read_flag(ReadContext& context, const YamlNode& node, std::string_view path) {
  if (node.is_scalar() && !node.is_quoted) {
    if (node.text == "true") return true;
    if (node.text == "false") return false;
  }
  report_mismatch(context, node, path, "true or false");
  return std::nullopt;
}

std::optional<std::string> read_text(ReadContext& context, const YamlNode& node,
                                     std::string_view path) {
  if (node.is_scalar() && !node.text.empty()) return node.text;
  report_mismatch(context, node, path, "a text");
  return std::nullopt;
}

std::optional<std::string> read_name(ReadContext& context, const YamlNode& node,
                                     std::string_view what, std::span<const std::string> known) {
  if (!node.is_scalar()) {
    context.error(node, fmt::format("a {} must be a name ({}), not {}", what,
                                    join_names(known, "or"), describe(node)));
    return std::nullopt;
  }
  if (std::ranges::count(known, node.text) == 0) {
    context.error(node, unknown_name(what, node.text, known));
    return std::nullopt;
  }
  return node.text;
}

std::optional<space::Choice> read_choice(ReadContext& context, const YamlNode& node,
                                         std::string_view path) {
  if (!node.is_scalar() || (node.text.empty() && !node.is_quoted)) {
    report_mismatch(context, node, path, "a string, a number or a boolean");
    return std::nullopt;
  }
  if (node.is_quoted) return space::Choice{node.text};
  if (node.text == "true" || node.text == "false") return space::Choice{node.text == "true"};
  const std::optional<double> number = number_from_text(node.text);
  if (!number) return space::Choice{node.text};
  if (!std::isfinite(*number)) {
    report_mismatch(context, node, path, "finite where it is a number");
    return std::nullopt;
  }
  const bool is_written_whole = node.text.find_first_of(".eE") == std::string::npos;
  if (!is_written_whole) return space::Choice{*number};
  const std::optional<std::int64_t> whole = whole_from(*number);
  if (!whole) report_mismatch(context, node, path, "at most 2^53 where it is a whole number");
  return whole ? std::optional{space::Choice{*whole}} : std::nullopt;
}

std::optional<double> read_quantity(ReadContext& context, const YamlNode& node,
                                    std::string_view path, Dimension dimension) {
  const std::string text = node.is_scalar() ? node.text : describe(node);
  const QuantityReading reading = quantity_from_text(text, dimension);
  if (!reading.amount) {
    context.error(node, fmt::format("`{}` {}", path, reading.problem));
    return std::nullopt;
  }
  if (*reading.amount <= 0.0) {
    report_mismatch(context, node, path, "more than 0");
    return std::nullopt;
  }
  return reading.amount;
}

std::span<const YamlNode> read_list(ReadContext& context, const YamlNode& node,
                                    std::string_view path) {
  if (!node.is_list()) {
    report_mismatch(context, node, path, "a list");
  } else if (node.items.empty()) {
    context.error(node, fmt::format("`{}` is an empty list", path));
  }
  return node.items;
}

std::vector<MapEntry> read_entries(ReadContext& context, const YamlNode& node,
                                   std::string_view path) {
  std::vector<MapEntry> entries;
  const std::string in = path.empty() ? "" : fmt::format(" in `{}`", path);
  if (!node.is_map()) {
    if (path.empty()) {
      context.error(node,
                    fmt::format("a study file must be a map of keys, not {}", describe(node)));
    } else {
      report_mismatch(context, node, path, "a map of keys");
    }
    return entries;
  }
  for (const auto& [key, value] : node.entries) {
    if (!key.is_scalar() || key.text.empty()) {
      context.error(key, fmt::format("a key{} must be a name, not {}", in, describe(key)));
      continue;
    }
    const auto first = std::ranges::find(entries, key.text, &MapEntry::name);
    if (first != entries.end()) {
      context.error(key, fmt::format("duplicate key `{}`{}; it stands in line {} already", key.text,
                                     in, context.source.place_at(first->key->offset).line));
      continue;
    }
    context.marks.emplace(path.empty() ? key.text : fmt::format("{}.{}", path, key.text),
                          context.source.place_at(key.offset, key.length));
    entries.push_back({key.text, &key, &value});
  }
  return entries;
}

MapReader::MapReader(ReadContext& context, const YamlNode& node, std::string path,
                     std::string_view section)
    : context_(context), node_(node), path_(std::move(path)) {
  entries_ = read_entries(context, node, path_);
  refuse_unknown(keys_of(section),
                 [section](std::string_view word) { return key_meant_by(section, word); });
}

MapReader::MapReader(ReadContext& context, const YamlNode& node, std::string path,
                     std::span<const std::string> known)
    : context_(context), node_(node), path_(std::move(path)) {
  entries_ = read_entries(context, node, path_);
  refuse_unknown(known, [](std::string_view) { return std::nullopt; });
}

void MapReader::refuse_unknown(std::span<const std::string> known, const Meant& meant_by) {
  for (const MapEntry& entry : entries_) {
    if (std::ranges::count(known, entry.name) > 0) continue;
    std::optional<std::string> meant = meant_by(entry.name);
    if (!meant) meant = nearest_name(entry.name, known);
    has_unknown_keys_ = true;
    if (meant) meant_.push_back(*meant);
    context_.error(*entry.key, fmt::format("unknown key `{}`{}; allowed: {}{}", entry.name,
                                           path_.empty() ? "" : fmt::format(" in `{}`", path_),
                                           join_names(known), suggestion(meant)));
  }
}

const YamlNode* MapReader::find(std::string_view key) const {
  const auto found = std::ranges::find(entries_, key, &MapEntry::name);
  return found == entries_.end() ? nullptr : found->value;
}

const YamlNode* MapReader::require(std::string_view key) {
  const YamlNode* const value = find(key);
  if (value != nullptr || !node_.is_map() || std::ranges::count(meant_, key) > 0) return value;
  const auto mark = context_.marks.find(path_);
  if (path_.empty()) {
    context_.error(Place{}, fmt::format("the {} has no `{}`", context_.document, key));
  } else if (mark != context_.marks.end()) {
    context_.error(mark->second, fmt::format("`{}` has no `{}`", path_, key));
  } else {
    context_.error(node_, fmt::format("`{}` has no `{}`", path_, key));
  }
  return value;
}

std::string MapReader::path_of(std::string_view key) const {
  return path_.empty() ? std::string{key} : fmt::format("{}.{}", path_, key);
}

std::optional<double> MapReader::number(std::string_view key, Range range) {
  const YamlNode* const value = find(key);
  return value ? read_number(context_, *value, path_of(key), range) : std::nullopt;
}

std::optional<std::int64_t> MapReader::whole(std::string_view key, Range range) {
  const YamlNode* const value = find(key);
  return value ? read_whole(context_, *value, path_of(key), range) : std::nullopt;
}

std::optional<bool> MapReader::flag(std::string_view key) {
  const YamlNode* const value = find(key);
  return value ? read_flag(context_, *value, path_of(key)) : std::nullopt;
}

std::optional<double> MapReader::quantity(std::string_view key, Dimension dimension) {
  const YamlNode* const value = find(key);
  return value ? read_quantity(context_, *value, path_of(key), dimension) : std::nullopt;
}

std::optional<std::string> MapReader::text(std::string_view key) {
  const YamlNode* const value = find(key);
  return value ? read_text(context_, *value, path_of(key)) : std::nullopt;
}

}  // namespace wattune::config
