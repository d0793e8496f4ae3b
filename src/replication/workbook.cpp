#include "wattune/replication/workbook.hpp"

#include <optional>

namespace wattune::replication {
namespace {

/// The row whose first cells are the key, joined by `/`.
std::optional<std::size_t> row_of(const Table& table, std::string_view key) {
  for (std::size_t row = 0; row < table.num_rows(); ++row) {
    std::string joined;
    for (const Cell& cell : table.row(row)) {
      joined += (joined.empty() ? "" : "/") + to_text(cell);
      if (joined == key) return row;
      if (joined.size() > key.size()) break;
    }
  }
  return std::nullopt;
}

}  // namespace

const Table* Workbook::find(std::string_view name) const {
  const auto found = tables_.find(name);
  return found == tables_.end() ? nullptr : &found->second;
}

Table Workbook::rows_of(const Spec& spec) const {
  Table all;
  for (const std::string& name : spec.of) {
    if (const Table* const table = find(name)) all.append(*table);
  }
  if (!spec.where) return all;
  Table fitting{all.columns()};
  for (std::size_t row = 0; row < all.num_rows(); ++row) {
    if (spec.where->holds(in_row(all, row))) fitting.add(all.row(row));
  }
  return fitting;
}

Cell Workbook::cell(std::string_view reference) const {
  const std::size_t bracket = reference.find('[');
  const std::size_t dot =
      bracket == std::string_view::npos ? reference.find('.') : reference.find("].", bracket) + 1;
  if (dot == std::string_view::npos || dot == 0) return {};
  const Table* const table = find(reference.substr(0, std::min(dot, bracket)));
  if (table == nullptr) return {};
  const std::string_view column = reference.substr(dot + 1);
  if (bracket == std::string_view::npos) {
    return table->num_rows() == 1 ? table->at(0, column) : Cell{};
  }
  const auto row = row_of(*table, reference.substr(bracket + 1, dot - bracket - 2));
  return row ? table->at(*row, column) : Cell{};
}

Lookup Workbook::in_row(const Table& table, std::size_t row) const {
  return [this, &table, row](std::string_view name) {
    const auto column = table.index_of(name);
    return column ? table.row(row)[*column] : cell(name);
  };
}

Lookup Workbook::lookup() const {
  return [this](std::string_view name) { return cell(name); };
}

}  // namespace wattune::replication
