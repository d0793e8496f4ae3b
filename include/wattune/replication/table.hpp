#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace wattune::replication {

/// What stands in a cell: nothing, a number or a text. Truth is 0 or 1.
using Cell = std::variant<std::monostate, double, std::string>;

[[nodiscard]] bool is_missing(const Cell& cell);
/// Nothing for what is no number.
[[nodiscard]] std::optional<double> number_of(const Cell& cell);
[[nodiscard]] Cell cell_of(const std::optional<double>& number);
/// The number where the condition holds, else missing.
[[nodiscard]] Cell cell_if(bool is_known, double number);
/// "0.1", "sgd"; empty where there is nothing.
[[nodiscard]] std::string to_text(const Cell& cell);
/// Missing before numbers before texts; numbers by size, texts by letters.
[[nodiscard]] bool is_less(const Cell& left, const Cell& right);

/// Rows of cells under named columns: trials of an experiment, or what an analysis made of them.
class Table {
 public:
  Table() = default;
  explicit Table(std::vector<std::string> columns) : columns_(std::move(columns)) {}

  [[nodiscard]] const std::vector<std::string>& columns() const { return columns_; }
  [[nodiscard]] std::size_t num_rows() const { return rows_.size(); }
  [[nodiscard]] const std::vector<Cell>& row(std::size_t row) const { return rows_[row]; }
  [[nodiscard]] std::optional<std::size_t> index_of(std::string_view column) const;
  /// Missing where there is no such column.
  [[nodiscard]] const Cell& at(std::size_t row, std::string_view column) const;

  /// Requires one cell for each column.
  void add(std::vector<Cell> row);
  /// The rows of another table below; columns that only one has are missing in the other's rows.
  void append(const Table& other);

 private:
  std::vector<std::string> columns_;
  std::vector<std::vector<Cell>> rows_;
};

/// Rows that agree in some columns.
struct Group {
  std::vector<Cell> key;          ///< One cell for each column asked for.
  std::vector<std::size_t> rows;  ///< In the order of the table.
};

/// Groups in the order of their keys; one of all rows where no column is asked for.
[[nodiscard]] std::vector<Group> grouped(const Table& table, std::span<const std::string> columns);

/// RFC 4180 with a line of names first; numbers so that they read back as the same.
[[nodiscard]] std::string to_csv(const Table& table);

/// Errors   ConfigError  no line of names, a name twice or empty, a row of another length; names
///                       file and line
[[nodiscard]] Table table_from_csv(std::string_view text, const std::string& file_name);

}  // namespace wattune::replication
