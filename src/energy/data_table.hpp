#pragma once

#include <charconv>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wattune/base/result.hpp"

namespace wattune::energy {

/// A table under data/: what it says of itself, and its rows.
struct DataTable {
  struct Row {
    std::vector<std::string_view> fields;  ///< In the order of the columns.
    int year = 0;
    std::string_view line;
  };
  std::string name;
  std::map<std::string, std::string, std::less<>> header;
  std::vector<Row> rows;  ///< Refer to the text that was parsed.
};

/// Reads a table: lines of `# key: value`, among them `source`, `snapshot`, `year`, `licence` and
/// the `sha256` of everything from the line of column names on; then the columns, one of which is
/// `year`; the first column names the row.
///
/// Errors   Invalid  a header line is missing, the checksum differs, a row has no year or not all
///                   its fields, a name is there twice; the message begins with `name`
[[nodiscard]] Result<DataTable> parse_data_table(std::string_view name, std::string_view text,
                                                 std::string_view columns);

/// "NAME: \"LINE\" is ...".
[[nodiscard]] tl::unexpected<Error> bad_row(const DataTable& table, const DataTable::Row& row,
                                            std::string_view what);

/// The line at the front of the text, which is moved past it. A carriage return is not part of it.
[[nodiscard]] std::string_view take_line(std::string_view& text);
[[nodiscard]] std::vector<std::string_view> split_fields(std::string_view line);

/// The whole text as a number.
template <typename Number>
std::optional<Number> number_of(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace wattune::energy
