#include "wattune/replication/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>

#include "wattune/base/csv.hpp"
#include "wattune/base/require.hpp"
#include "wattune/base/result.hpp"
#include "wattune/base/text.hpp"

namespace wattune::replication {
namespace {

bool is_key_less(const std::vector<Cell>& left, const std::vector<Cell>& right) {
  return std::ranges::lexicographical_compare(left, right, is_less);
}

Cell cell_from_text(const std::string& text) {
  if (text.empty()) return {};
  double number = 0.0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || stop != end || !std::isfinite(number)) return text;
  return number;
}

void check_names(const CsvRow& head, const std::string& file_name) {
  std::set<std::string> names;
  for (const std::string& name : head.cells) {
    if (name.empty()) {
      throw ConfigError(fmt::format("{}:{}: a column has no name", file_name, head.line));
    }
    if (!names.insert(name).second) {
      throw ConfigError(
          fmt::format("{}:{}: column `{}` is there twice", file_name, head.line, name));
    }
  }
}

}  // namespace

bool is_missing(const Cell& cell) {
  return std::holds_alternative<std::monostate>(cell);
}

std::optional<double> number_of(const Cell& cell) {
  const double* const number = std::get_if<double>(&cell);
  return number != nullptr ? std::optional{*number} : std::nullopt;
}

Cell cell_of(const std::optional<double>& number) {
  return cell_if(number.has_value(), number.value_or(0.0));
}

Cell cell_if(bool is_known, double number) {
  Cell cell;
  if (is_known) cell = number;
  return cell;
}

std::string to_text(const Cell& cell) {
  if (const auto number = number_of(cell)) return number_text(*number);
  const std::string* const text = std::get_if<std::string>(&cell);
  return text != nullptr ? *text : std::string{};
}

bool is_less(const Cell& left, const Cell& right) {
  return left < right;
}

std::optional<std::size_t> Table::index_of(std::string_view column) const {
  const auto found = std::ranges::find(columns_, column);
  if (found == columns_.end()) return std::nullopt;
  return static_cast<std::size_t>(found - columns_.begin());
}

const Cell& Table::at(std::size_t row, std::string_view column) const {
  static const Cell kMissing;
  const auto index = index_of(column);
  return index ? rows_[row][*index] : kMissing;
}

void Table::add(std::vector<Cell> row) {
  WATTUNE_REQUIRE(row.size() == columns_.size());
  rows_.push_back(std::move(row));
}

void Table::append(const Table& other) {
  std::vector<std::size_t> targets;
  for (const std::string& column : other.columns_) {
    if (!index_of(column)) {
      columns_.push_back(column);
      for (std::vector<Cell>& row : rows_) row.emplace_back();
    }
    targets.push_back(*index_of(column));
  }
  for (const std::vector<Cell>& row : other.rows_) {
    std::vector<Cell> taken(columns_.size());
    for (std::size_t i = 0; i < row.size(); ++i) taken[targets[i]] = row[i];
    rows_.push_back(std::move(taken));
  }
}

std::vector<Group> grouped(const Table& table, std::span<const std::string> columns) {
  std::vector<Group> groups;
  for (std::size_t row = 0; row < table.num_rows(); ++row) {
    std::vector<Cell> key;
    for (const std::string& column : columns) key.push_back(table.at(row, column));
    const auto place = std::ranges::lower_bound(groups, key, is_key_less, &Group::key);
    const bool is_new = place == groups.end() || place->key != key;
    const auto group = is_new ? groups.insert(place, Group{std::move(key), {}}) : place;
    group->rows.push_back(row);
  }
  return groups;
}

std::string to_csv(const Table& table) {
  std::string text;
  for (const std::string& column : table.columns()) {
    text += (text.empty() ? "" : ",") + csv_cell(column);
  }
  text += '\n';
  for (std::size_t row = 0; row < table.num_rows(); ++row) {
    std::string separator;
    for (const Cell& cell : table.row(row)) {
      text += separator + csv_cell(to_text(cell));
      separator = ",";
    }
    text += '\n';
  }
  return text;
}

Table table_from_csv(std::string_view text, const std::string& file_name) {
  const std::vector<CsvRow> lines = split_csv(text, file_name);
  if (lines.empty()) {
    throw ConfigError(file_name + ": the table is empty; its first line names the columns");
  }
  check_names(lines.front(), file_name);
  Table table{lines.front().cells};
  for (const CsvRow& line : std::span{lines}.subspan(1)) {
    if (line.cells.size() != table.columns().size()) {
      throw ConfigError(fmt::format("{}:{}: {} cells, but {} columns have names", file_name,
                                    line.line, line.cells.size(), table.columns().size()));
    }
    std::vector<Cell> row;
    for (const std::string& cell : line.cells) row.push_back(cell_from_text(cell));
    table.add(std::move(row));
  }
  return table;
}

}  // namespace wattune::replication
