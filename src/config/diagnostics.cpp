#include "wattune/config/diagnostics.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace wattune::config {
namespace {

/// UTF-8 continuation bytes do not begin a character.
std::size_t num_characters(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U; }));
}

std::string all_to_text(const SourceText& source, const std::vector<Diagnostic>& diagnostics) {
  std::string text;
  for (const Diagnostic& diagnostic : diagnostics) {
    if (!text.empty()) text += '\n';
    text += to_text(source, diagnostic);
  }
  return text;
}

std::vector<Diagnostic> sorted(std::vector<Diagnostic> diagnostics) {
  sort_by_place(diagnostics);
  return diagnostics;
}

}  // namespace

SourceText::SourceText(std::string file_name, std::string text)
    : file_name_(std::move(file_name)), text_(std::move(text)), line_starts_{0} {
  for (std::size_t i = 0; i < text_.size(); ++i) {
    if (text_[i] == '\n') line_starts_.push_back(i + 1);
  }
}

Place SourceText::place_at(std::size_t offset, std::size_t num_bytes) const {
  offset = std::min(offset, text_.size());
  const auto after = std::ranges::upper_bound(line_starts_, offset);
  const auto number = static_cast<std::size_t>(after - line_starts_.begin());
  const std::size_t start = line_starts_[number - 1];
  const std::string_view whole = line(number);
  const std::size_t in_line = std::min(offset - start, whole.size());
  return Place{
      .line = number,
      .column = num_characters(whole.substr(0, in_line)) + 1,
      .length = std::max<std::size_t>(num_characters(whole.substr(in_line, num_bytes)), 1)};
}

std::string_view SourceText::line(std::size_t number) const {
  if (number == 0 || number > line_starts_.size()) return {};
  const std::size_t start = line_starts_[number - 1];
  const std::size_t end = number < line_starts_.size() ? line_starts_[number] - 1 : text_.size();
  std::string_view whole = std::string_view{text_}.substr(start, end - start);
  if (whole.ends_with('\r')) whole.remove_suffix(1);
  return whole;
}

std::string to_text(const SourceText& source, const Diagnostic& diagnostic) {
  const Place& place = diagnostic.place;
  const std::string_view kind = diagnostic.severity == Severity::Warning ? "warning: " : "";
  if (place.line == 0) {
    return fmt::format("{}: {}{}\n", source.file_name(), kind, diagnostic.message);
  }
  std::string margin;  // tabs stay tabs, so that the mark stands where the eye expects it
  std::size_t column = 1;
  for (const char byte : source.line(place.line)) {
    const bool begins_character = (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U;
    if (!begins_character) continue;
    if (column++ == place.column) break;
    margin += byte == '\t' ? '\t' : ' ';
  }
  return fmt::format("{}:{}:{}: {}{}\n{:>5} | {}\n      | {}^{}\n", source.file_name(), place.line,
                     place.column, kind, diagnostic.message, place.line, source.line(place.line),
                     margin, std::string(place.length - 1, '~'));
}

void sort_by_place(std::vector<Diagnostic>& diagnostics) {
  std::ranges::stable_sort(diagnostics, {}, [](const Diagnostic& diagnostic) {
    return std::pair{diagnostic.place.line, diagnostic.place.column};
  });
}

StudyFileError::StudyFileError(const SourceText& source, std::vector<Diagnostic> diagnostics)
    : ConfigError(all_to_text(source, sorted(diagnostics))),
      diagnostics_(sorted(std::move(diagnostics))) {
}

}  // namespace wattune::config
