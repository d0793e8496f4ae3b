#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "wattune/replication/analysis.hpp"

namespace wattune::replication {

/// What every analysis gets: how, from which rows, and all other tables.
struct Task {
  const Spec& spec;
  const Table& rows;
  const Workbook& book;

  /// A formula of the spec in one row.
  [[nodiscard]] Cell value(std::string_view key, std::size_t row) const;
  [[nodiscard]] std::optional<double> number(std::string_view key, std::size_t row) const;
  /// The numbers that a formula gives in some rows; those without one are counted in `num_missing`.
  [[nodiscard]] std::vector<double> numbers(std::string_view key, std::span<const std::size_t> rows,
                                            std::size_t& num_missing) const;
};

/// "3 of 40 rows have no value and are left out"; empty where none is.
[[nodiscard]] std::string left_out(std::size_t num_missing, std::size_t num_rows);
/// Adds a note unless it is empty.
void note(Finding& finding, std::string words);
/// "lr=0.01 batch_size=64": the cells of some columns without the prefixes of their names.
[[nodiscard]] std::string label_of(const Table& table, std::size_t row,
                                   std::span<const std::string> columns);

// Rows made from rows.
[[nodiscard]] Finding select(const Task& task);
[[nodiscard]] Finding to_target(const Task& task);
[[nodiscard]] Finding extremes(const Task& task);
[[nodiscard]] Finding groups(const Task& task);
[[nodiscard]] Finding optimum_round(const Task& task);

// Tests.
[[nodiscard]] Finding kruskal_wallis_test(const Task& task);
[[nodiscard]] Finding wilcoxon_test(const Task& task);

// How columns hang together.
[[nodiscard]] Finding correlation(const Task& task);
[[nodiscard]] Finding power_law(const Task& task);
[[nodiscard]] Finding line(const Task& task);
[[nodiscard]] Finding ranking(const Task& task);

// Ledgers.
[[nodiscard]] Finding pay_back(const Task& task);
[[nodiscard]] Finding saving(const Task& task);
[[nodiscard]] Finding quantities(const Task& task);

}  // namespace wattune::replication
