#include "wattune/base/csv.hpp"

#include <fmt/format.h>

#include "wattune/base/result.hpp"

namespace wattune {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

std::string trimmed(std::string_view text) {
  const auto is_blank = [](char letter) { return letter == ' ' || letter == '\t'; };
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return std::string{text};
}

std::vector<std::string> split_line(std::string_view line, const std::string& place) {
  std::vector<std::string> cells(1);
  bool is_quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char letter = line[i];
    if (letter == '"' && is_quoted && i + 1 < line.size() && line[i + 1] == '"') {
      cells.back() += letter;
      ++i;
    } else if (letter == '"') {
      is_quoted = !is_quoted;
    } else if (letter == ',' && !is_quoted) {
      cells.emplace_back();
    } else {
      cells.back() += letter;
    }
  }
  if (is_quoted) throw ConfigError(place + ": a quote is not closed");
  for (std::string& cell : cells) cell = trimmed(cell);
  return cells;
}

}  // namespace

std::vector<CsvRow> split_csv(std::string_view text, const std::string& file_name) {
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  std::vector<CsvRow> rows;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (trimmed(line).empty()) continue;
    rows.push_back({number, split_line(line, fmt::format("{}:{}", file_name, number))});
  }
  return rows;
}

std::string csv_cell(std::string_view text) {
  const bool has_edge_blank = !text.empty() && (text.front() == ' ' || text.back() == ' ');
  if (!has_edge_blank && text.find_first_of(",\"\r\n") == std::string_view::npos) {
    return std::string{text};
  }
  std::string quoted = "\"";
  for (const char letter : text) {
    const bool ends_line = letter == '\n' || letter == '\r';
    quoted += letter == '"' ? std::string{"\"\""} : std::string(1, ends_line ? ' ' : letter);
  }
  return quoted + "\"";
}

}  // namespace wattune
