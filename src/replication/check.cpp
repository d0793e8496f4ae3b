#include "wattune/replication/check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "wattune/base/text.hpp"
#include "wattune/math/statistics.hpp"
#include "wattune/replication/analysis.hpp"

namespace wattune::replication {
namespace {

constexpr double kDefaultSameness = 1e-6;

CheckResult verdict(const Spec& spec, CheckState state, std::string words = {}) {
  return {spec.title, state, std::move(words)};
}

/// The names of a formula with their values: "penalty.ratio = 0.9".
std::string values_of(const Expression& formula, const Lookup& lookup) {
  std::string words;
  for (const std::string& name : formula.names()) {
    const Cell cell = lookup(name);
    const auto number = number_of(cell);
    words += fmt::format("{}{} = {}", words.empty() ? "" : ", ", name,
                         is_missing(cell) ? "nothing"
                         : number         ? fmt::format("{:.5g}", *number)
                                          : to_text(cell));
  }
  return words;
}

CheckResult check_holds(const Spec& spec, const Workbook& book) {
  const Expression& formula = spec.expression("holds");
  const auto value = number_of(formula.evaluate(book.lookup()));
  const std::string words = values_of(formula, book.lookup());
  if (!value) return verdict(spec, CheckState::Untold, words);
  return verdict(spec, *value != 0.0 ? CheckState::Holds : CheckState::Broken, words);
}

CheckResult check_each(const Spec& spec, const Workbook& book, const Table& rows) {
  const Expression& formula = spec.expression("each");
  std::size_t num_told = 0;
  for (std::size_t row = 0; row < rows.num_rows(); ++row) {
    const Lookup lookup = book.in_row(rows, row);
    const auto value = number_of(formula.evaluate(lookup));
    num_told += value ? 1 : 0;
    if (value && *value == 0.0) {
      return verdict(spec, CheckState::Broken,
                     fmt::format("row {}: {}", row + 1, values_of(formula, lookup)));
    }
  }
  if (num_told == 0) return verdict(spec, CheckState::Untold, "no row has what it needs");
  return verdict(spec, CheckState::Holds, fmt::format("{} rows", num_told));
}

/// Medians of a column by another one, in its order.
std::vector<std::pair<double, double>> steps_of(const Table& rows, const Group& group,
                                                const std::string& column,
                                                const std::string& with) {
  std::vector<std::pair<double, std::vector<double>>> values;
  for (const std::size_t row : group.rows) {
    const auto x = number_of(rows.at(row, with));
    const auto y = number_of(rows.at(row, column));
    if (!x || !y) continue;
    const auto place =
        std::ranges::lower_bound(values, *x, {}, [](const auto& e) { return e.first; });
    if (place != values.end() && place->first == *x) {
      place->second.push_back(*y);
    } else {
      values.insert(place, {*x, {*y}});
    }
  }
  std::vector<std::pair<double, double>> steps;
  for (const auto& [x, all] : values) steps.emplace_back(x, math::median(all));
  return steps;
}

CheckResult check_order(const Spec& spec, const Table& rows, bool is_rising) {
  const std::string column = spec.text(spec.kind);
  const std::string with = spec.text("with");
  const double tolerance = spec.number("tolerance").value_or(0.0);
  bool is_told = false;
  for (const Group& group : grouped(rows, spec.texts("within"))) {
    const auto steps = steps_of(rows, group, column, with);
    is_told = is_told || steps.size() > 1;
    for (std::size_t i = 1; i < steps.size(); ++i) {
      const double before = steps[i - 1].second;
      const double after = steps[i].second;
      const double slack = tolerance * std::abs(before);
      if (is_rising ? after + slack >= before : after - slack <= before) continue;
      return verdict(spec, CheckState::Broken,
                     fmt::format("{} goes from {} at {} = {} to {} at {}", column,
                                 number_text(before), with, number_text(steps[i - 1].first),
                                 number_text(after), number_text(steps[i].first)));
    }
  }
  return is_told ? verdict(spec, CheckState::Holds)
                 : verdict(spec, CheckState::Untold, "there are no two points to compare");
}

CheckResult check_same(const Spec& spec, const Workbook& book, const Table& rows) {
  const std::string column = spec.text("same");
  const Expression& formula = spec.expression("as");
  const double tolerance = spec.number("tolerance").value_or(kDefaultSameness);
  std::size_t num_told = 0;
  for (std::size_t row = 0; row < rows.num_rows(); ++row) {
    const auto written = number_of(rows.at(row, column));
    const auto computed = number_of(formula.evaluate(book.in_row(rows, row)));
    if (!written && !computed) continue;
    ++num_told;
    const bool is_same = written && computed &&
                         std::abs(*written - *computed) <=
                             tolerance * std::max(std::abs(*written), std::abs(*computed));
    if (is_same) continue;
    return verdict(spec, CheckState::Broken,
                   fmt::format("row {}: {} is {}, {} makes {}", row + 1, column,
                               written ? number_text(*written) : "nothing", formula.text(),
                               computed ? number_text(*computed) : "nothing"));
  }
  if (num_told == 0) return verdict(spec, CheckState::Untold, "no row has what it needs");
  return verdict(spec, CheckState::Holds, fmt::format("{} rows", num_told));
}

}  // namespace

std::string_view to_text(CheckState state) {
  switch (state) {
    case CheckState::Holds:
      return "holds";
    case CheckState::Broken:
      return "broken";
    case CheckState::Untold:
      return "untold";
  }
  return {};
}

CheckResult check(const Spec& spec, const Workbook& book) {
  if (spec.kind == "holds") return check_holds(spec, book);
  const Table rows = book.rows_of(spec);
  CheckResult result = spec.kind == "each"   ? check_each(spec, book, rows)
                       : spec.kind == "same" ? check_same(spec, book, rows)
                                             : check_order(spec, rows, spec.kind == "rising");
  // A claim about a column that is not there would never be broken.
  if (result.state == CheckState::Untold) {
    for (const std::string& words : unknown_columns(spec, rows, book)) {
      result.words += (result.words.empty() ? "" : "; ") + words;
    }
  }
  return result;
}

}  // namespace wattune::replication
