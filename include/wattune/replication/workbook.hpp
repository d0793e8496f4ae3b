#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "wattune/replication/expression.hpp"
#include "wattune/replication/manifest.hpp"
#include "wattune/replication/table.hpp"

namespace wattune::replication {

/// All tables of a replication by name: experiments, their curves, and what analyses made of them.
class Workbook {
 public:
  void put(std::string name, Table table) { tables_[std::move(name)] = std::move(table); }
  /// Nothing where there is no such table.
  [[nodiscard]] const Table* find(std::string_view name) const;

  /// The rows of all tables that a spec is made of and that fit its `where`; tables that are not
  /// there add none.
  [[nodiscard]] Table rows_of(const Spec& spec) const;

  /// A cell by `table.column`, where the table has one row, or `table[key].column`: the row whose
  /// first cells are the key, joined by `/`.
  [[nodiscard]] Cell cell(std::string_view reference) const;

  /// What names mean in a row: its columns, and cells of other tables.
  [[nodiscard]] Lookup in_row(const Table& table, std::size_t row) const;
  [[nodiscard]] Lookup lookup() const;

 private:
  std::map<std::string, Table, std::less<>> tables_;
};

}  // namespace wattune::replication
