#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace wattune {

/// A line of a CSV text: its number in the file, and its cells without blanks around them.
struct CsvRow {
  std::size_t line = 0;
  std::vector<std::string> cells;
};

/// Splits a text at commas and line ends; "a, ""b""" in double quotes is one cell. Empty lines are
/// left out.
///
/// Errors   ConfigError  a quote that is not closed; names file and line
[[nodiscard]] std::vector<CsvRow> split_csv(std::string_view text, const std::string& file_name);

/// A text as one cell: in quotes where it has to be, line ends as blanks.
[[nodiscard]] std::string csv_cell(std::string_view text);

}  // namespace wattune
