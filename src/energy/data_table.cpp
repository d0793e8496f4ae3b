#include "data_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "sha256.hpp"

namespace wattune::energy {
namespace {

constexpr int kFirstYear = 1990;
constexpr int kLastYear = 2100;

tl::unexpected<Error> bad_table(std::string_view name, std::string_view words) {
  return fail(ErrorKind::Invalid, fmt::format("{}: {}", name, words));
}

/// The "# key: value" lines at the front of the text, which is moved past them.
std::map<std::string, std::string, std::less<>> take_header(std::string_view& text) {
  std::map<std::string, std::string, std::less<>> header;
  while (text.starts_with("# ")) {
    const std::string_view line = take_line(text).substr(2);
    const auto colon = line.find(": ");
    if (colon == std::string_view::npos) continue;
    header.emplace(line.substr(0, colon), line.substr(colon + 2));
  }
  return header;
}

}  // namespace

std::string_view take_line(std::string_view& text) {
  const auto end = std::min(text.find('\n'), text.size());
  std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

std::vector<std::string_view> split_fields(std::string_view line) {
  std::vector<std::string_view> fields;
  while (true) {
    const auto comma = line.find(',');
    fields.push_back(line.substr(0, comma));
    if (comma == std::string_view::npos) return fields;
    line.remove_prefix(comma + 1);
  }
}

tl::unexpected<Error> bad_row(const DataTable& table, const DataTable::Row& row,
                              std::string_view what) {
  return bad_table(table.name, fmt::format("\"{}\" {}", row.line, what));
}

Result<DataTable> parse_data_table(std::string_view name, std::string_view text,
                                   std::string_view columns) {
  DataTable table{std::string(name), take_header(text), {}};
  for (const char* key : {"source", "snapshot", "year", "licence", "sha256"}) {
    if (!table.header.contains(key)) {
      return bad_table(name, fmt::format("its header has no line \"# {}: ...\"", key));
    }
  }
  const std::string& promised = table.header.at("sha256");
  if (const std::string found = sha256_hex(text); found != promised) {
    return bad_table(name, fmt::format("its checksum is {}, not {}", found, promised));
  }
  if (take_line(text) != columns) return bad_table(name, fmt::format("no line \"{}\"", columns));

  const auto names = split_fields(columns);
  const auto year_column =
      static_cast<std::size_t>(std::ranges::find(names, "year") - names.begin());
  std::set<std::string_view> keys;
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    DataTable::Row row{split_fields(line), 0, line};
    if (row.fields.size() != names.size() || std::ranges::count(row.fields, "") > 0) {
      return bad_row(table, row, fmt::format("has not every field of {}", columns));
    }
    row.year = number_of<int>(row.fields[year_column]).value_or(0);
    if (row.year < kFirstYear || row.year > kLastYear) return bad_row(table, row, "has no year");
    if (!keys.insert(row.fields[0]).second) return bad_row(table, row, "is there twice");
    table.rows.push_back(std::move(row));
  }
  return table;
}

}  // namespace wattune::energy
