#include "wattune/replication/analysis.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "analyses/analyses.hpp"
#include "wattune/base/require.hpp"
#include "wattune/base/text.hpp"
#include "wattune/replication/kinds.hpp"

namespace wattune::replication {
namespace {

using MakeFinding = Finding (*)(const Task& task);

constexpr std::array<std::pair<std::string_view, MakeFinding>, 14> kAnalyses{{
    {"select", select},
    {"to_target", to_target},
    {"extremes", extremes},
    {"groups", groups},
    {"optimum_round", optimum_round},
    {"kruskal_wallis", kruskal_wallis_test},
    {"wilcoxon", wilcoxon_test},
    {"correlation", correlation},
    {"power_law", power_law},
    {"line", line},
    {"ranking", ranking},
    {"pay_back", pay_back},
    {"saving", saving},
    {"quantities", quantities},
}};

/// The names of columns that a spec uses, in formulas and as they are.
std::vector<std::string> names_used(const Spec& spec) {
  std::vector<std::string> names;
  const auto take = [&](const Expression& formula) {
    names.insert(names.end(), formula.names().begin(), formula.names().end());
  };
  if (spec.where) take(*spec.where);
  for (const auto& [key, option] : spec.options) {
    if (const auto* const formula = std::get_if<Expression>(&option)) take(*formula);
    if (const auto* const texts = std::get_if<std::vector<std::string>>(&option)) {
      names.insert(names.end(), texts->begin(), texts->end());
    }
    if (const auto* const all =
            std::get_if<std::vector<std::pair<std::string, Expression>>>(&option)) {
      for (const auto& [name, formula] : *all) take(formula);
    }
  }
  return names;
}

std::vector<std::string> missing_tables(const Spec& spec, const Workbook& book) {
  std::vector<std::string> missing;
  for (const std::string& name : spec.of) {
    const Table* const table = book.find(name);
    if (table == nullptr || table->num_rows() == 0) missing.push_back(name);
  }
  return missing;
}

}  // namespace

Cell Task::value(std::string_view key, std::size_t row) const {
  return spec.expression(key).evaluate(book.in_row(rows, row));
}

std::optional<double> Task::number(std::string_view key, std::size_t row) const {
  return number_of(value(key, row));
}

std::vector<double> Task::numbers(std::string_view key, std::span<const std::size_t> which,
                                  std::size_t& num_missing) const {
  std::vector<double> values;
  for (const std::size_t row : which) {
    const auto found = number(key, row);
    if (found) {
      values.push_back(*found);
    } else {
      ++num_missing;
    }
  }
  return values;
}

std::string left_out(std::size_t num_missing, std::size_t num_rows) {
  if (num_missing == 0) return {};
  return fmt::format("{} of {} rows {} no value and {} left out", num_missing, num_rows,
                     num_missing == 1 ? "has" : "have", num_missing == 1 ? "is" : "are");
}

void note(Finding& finding, std::string words) {
  if (!words.empty()) finding.notes.push_back(std::move(words));
}

std::string label_of(const Table& table, std::size_t row, std::span<const std::string> columns) {
  std::string label;
  for (const std::string& column : columns) {
    const Cell& cell = table.at(row, column);
    if (is_missing(cell)) continue;
    const std::string name = column.substr(column.rfind('.') + 1);
    // What an experiment is called says what it is.
    label += fmt::format("{}{}{}", label.empty() ? "" : " ", name == "experiment" ? "" : name + "=",
                         to_text(cell));
  }
  return label;
}

std::vector<std::string> unknown_columns(const Spec& spec, const Table& rows,
                                         const Workbook& book) {
  std::vector<std::string> words;
  if (rows.columns().empty() && !spec.of.empty()) return words;
  std::vector<std::string> told;
  for (const std::string& name : names_used(spec)) {
    if (rows.index_of(name) || std::ranges::count(told, name) > 0) continue;
    const std::string table = name.substr(0, name.find_first_of("[."));
    if (book.find(table) != nullptr && name.size() > table.size()) continue;
    told.push_back(name);
    const auto nearest = nearest_name(name, rows.columns());
    words.push_back(fmt::format("nothing has the name `{}`{}", name,
                                nearest ? fmt::format("; is it `{}`?", *nearest) : ""));
  }
  return words;
}

Finding analyse(const Spec& spec, const Workbook& book) {
  const auto found =
      std::ranges::find(kAnalyses, spec.kind, &std::pair<std::string_view, MakeFinding>::first);
  WATTUNE_REQUIRE(found != kAnalyses.end());
  const Table rows = book.rows_of(spec);
  Finding finding = found->second(Task{spec, rows, book});
  const std::vector<std::string> missing = missing_tables(spec, book);
  if (!missing.empty()) {
    note(finding, fmt::format("there is nothing in {}", join_names(missing)));
  } else if (!spec.of.empty() && rows.num_rows() == 0) {
    note(finding, "no row fits `where`");
  }
  for (std::string& words : unknown_columns(spec, rows, book)) note(finding, std::move(words));
  return finding;
}

}  // namespace wattune::replication
