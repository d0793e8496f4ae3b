#include "wattune/energy/grid_intensity.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <map>
#include <optional>

#include "grid_data.hpp"
#include "sha256.hpp"

namespace wattune::energy {
namespace {

constexpr std::string_view kColumns = "zone,name,gram_per_kwh,year";
constexpr double kMostGrams = 3000.0;  // no fuel is dirtier than about half of this
constexpr int kFirstYear = 1990;
constexpr int kLastYear = 2100;

std::string upper(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), [](unsigned char letter) {
    return static_cast<char>(std::toupper(letter));
  });
  return result;
}

std::string_view take_line(std::string_view& text) {
  const auto end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

template <typename Number>
std::optional<Number> number(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// A row, or nothing where a field is missing or makes no sense.
std::optional<GridIntensity> parse_row(std::string_view line) {
  std::vector<std::string_view> fields;
  for (std::string_view rest = line;;) {
    const auto comma = rest.find(',');
    fields.push_back(rest.substr(0, comma));
    if (comma == std::string_view::npos) break;
    rest.remove_prefix(comma + 1);
  }
  if (fields.size() != 4 || fields[0].size() != 3) return std::nullopt;
  const auto grams = number<double>(fields[2]);
  const auto year = number<int>(fields[3]);
  if (!grams || !(*grams >= 0.0 && *grams <= kMostGrams)) return std::nullopt;
  if (!year || *year < kFirstYear || *year > kLastYear) return std::nullopt;
  return GridIntensity{std::string(fields[0]), std::string(fields[1]), *grams, *year};
}

/// The "# key: value" lines at the front of the text, which is moved past them.
std::map<std::string, std::string> take_header(std::string_view& text) {
  std::map<std::string, std::string> header;
  while (text.starts_with("# ")) {
    const std::string_view line = take_line(text).substr(2);
    const auto colon = line.find(": ");
    if (colon == std::string_view::npos) continue;
    header.emplace(line.substr(0, colon), line.substr(colon + 2));
  }
  return header;
}

tl::unexpected<Error> bad_table(std::string words) {
  return fail(ErrorKind::Invalid, "grid intensity table: " + std::move(words));
}

}  // namespace

const GridIntensity* GridTable::find(std::string_view zone) const {
  const auto row = std::ranges::find(rows, upper(zone), &GridIntensity::zone);
  return row != rows.end() ? &*row : nullptr;
}

std::vector<std::string> GridTable::zones() const {
  std::vector<std::string> names;
  for (const GridIntensity& row : rows) names.push_back(row.zone);
  return names;
}

Result<GridTable> parse_grid_table(std::string_view text) {
  const auto header = take_header(text);
  const auto source = header.find("source");
  const auto checksum = header.find("sha256");
  if (source == header.end() || checksum == header.end()) {
    return bad_table("its header does not name its source and its checksum");
  }
  if (const std::string found = sha256_hex(text); found != checksum->second) {
    return bad_table(fmt::format("its checksum is {}, not {}", found, checksum->second));
  }
  if (take_line(text) != kColumns) return bad_table(fmt::format("no line \"{}\"", kColumns));

  GridTable table{source->second, {}};
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    const std::optional<GridIntensity> row = parse_row(line);
    if (!row) return bad_table(fmt::format("\"{}\" is not a zone with a value and a year", line));
    if (table.find(row->zone) != nullptr) return bad_table(row->zone + " is there twice");
    table.rows.push_back(*row);
  }
  return table;
}

Result<GridTable> shipped_grid_table() {
  return parse_grid_table(shipped_grid_csv());
}

}  // namespace wattune::energy
