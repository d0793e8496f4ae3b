#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "analyses.hpp"
#include "wattune/math/correlation.hpp"
#include "wattune/math/line_fit.hpp"
#include "wattune/math/rank_tests.hpp"
#include "wattune/math/statistics.hpp"

namespace wattune::replication {
namespace {

std::vector<Cell> behind(std::vector<Cell> key, std::vector<Cell> found) {
  std::ranges::move(found, std::back_inserter(key));
  return key;
}

std::vector<std::string> behind(std::vector<std::string> key,
                                std::initializer_list<const char*> found) {
  key.insert(key.end(), found.begin(), found.end());
  return key;
}

/// Values of rows in which both sides are known.
struct Pairs {
  std::vector<double> x;
  std::vector<double> y;
  std::size_t num_missing = 0;
};

Pairs pairs_of(const Task& task, std::span<const std::size_t> rows) {
  Pairs pairs;
  for (const std::size_t row : rows) {
    const auto x = task.number("x", row);
    const auto y = task.number("value", row);
    if (x && y) {
      pairs.x.push_back(*x);
      pairs.y.push_back(*y);
    } else {
      ++pairs.num_missing;
    }
  }
  return pairs;
}

void put(std::vector<Cell>& cells, const std::optional<math::Correlation>& correlation) {
  if (!correlation) {
    cells.insert(cells.end(), 3, Cell{});
    return;
  }
  cells.insert(cells.end(), {correlation->value, correlation->low, correlation->high});
}

/// The median of the value of every item, by the way it was measured.
using ByItem = std::map<std::string, double>;

std::string lowest(const ByItem& items) {
  return std::ranges::min_element(items, {}, &ByItem::value_type::second)->first;
}

}  // namespace

Finding correlation(const Task& task) {
  const std::vector<std::string> by = task.spec.texts("by");
  Finding finding{Table{behind(by, {"proxy", "count", "pearson", "pearson_low", "pearson_high",
                                    "spearman", "spearman_low", "spearman_high"})},
                  {}};
  for (const Group& group : grouped(task.rows, by)) {
    for (const std::string& proxy : task.spec.texts("proxies")) {
      std::vector<double> x;
      std::vector<double> y;
      for (const std::size_t row : group.rows) {
        const auto left = number_of(task.rows.at(row, proxy));
        const auto right = task.number("value", row);
        if (!left || !right) continue;
        x.push_back(*left);
        y.push_back(*right);
      }
      std::vector<Cell> cells{proxy, static_cast<double>(x.size())};
      const auto linear = math::pearson(x, y);
      put(cells, linear);
      put(cells, math::spearman(x, y));
      if (!linear) {
        note(finding, fmt::format("{} has no correlation: fewer than four rows, or it is the same "
                                  "in all",
                                  proxy));
      }
      finding.table.add(behind(group.key, std::move(cells)));
    }
  }
  return finding;
}

Finding power_law(const Task& task) {
  const std::vector<std::string> by = task.spec.texts("by");
  Finding finding{Table{behind(by, {"count", "factor", "exponent", "low", "high", "r_squared"})},
                  {}};
  std::size_t num_missing = 0;
  for (const Group& group : grouped(task.rows, by)) {
    const Pairs pairs = pairs_of(task, group.rows);
    num_missing += pairs.num_missing;
    const auto law = math::fit_power_law(pairs.x, pairs.y);
    if (!law) {
      note(finding, "no law: it needs three different points above 0");
      continue;
    }
    finding.table.add(behind(group.key, {static_cast<double>(law->count), law->factor,
                                         law->exponent, law->exponent - law->half_width,
                                         law->exponent + law->half_width, law->r_squared}));
  }
  note(finding, left_out(num_missing, task.rows.num_rows()));
  return finding;
}

Finding line(const Task& task) {
  const std::vector<std::string> by = task.spec.texts("by");
  Finding finding{Table{behind(by, {"count", "intercept", "slope", "low", "high", "r_squared",
                                    "largest_residual", "mean"})},
                  {}};
  std::size_t num_missing = 0;
  for (const Group& group : grouped(task.rows, by)) {
    const Pairs pairs = pairs_of(task, group.rows);
    num_missing += pairs.num_missing;
    const auto fit = math::fit_line(pairs.x, pairs.y);
    if (!fit) {
      note(finding, "no line: it needs three points that differ");
      continue;
    }
    finding.table.add(
        behind(group.key, {static_cast<double>(fit->count), fit->intercept, fit->slope,
                           fit->slope - fit->slope_half_width, fit->slope + fit->slope_half_width,
                           fit->r_squared, fit->largest_residual, math::mean(pairs.y)}));
  }
  note(finding, left_out(num_missing, task.rows.num_rows()));
  return finding;
}

Finding ranking(const Task& task) {
  Finding finding{Table{{"first", "second", "items", "kendall_tau", "same_lowest", "lowest_first",
                         "lowest_second"}},
                  {}};
  const std::string between = task.spec.text("between");
  const std::vector<std::string> item = task.spec.texts("item");
  std::vector<std::string> columns{between};
  columns.insert(columns.end(), item.begin(), item.end());
  std::map<std::string, ByItem> ways;
  std::size_t num_missing = 0;
  for (const Group& group : grouped(task.rows, columns)) {
    const std::vector<double> values = task.numbers("value", group.rows, num_missing);
    if (values.empty()) continue;
    ways[to_text(group.key.front())][label_of(task.rows, group.rows.front(), item)] =
        math::median(values);
  }
  for (auto first = ways.begin(); first != ways.end(); ++first) {
    for (auto second = std::next(first); second != ways.end(); ++second) {
      std::vector<double> left;
      std::vector<double> right;
      for (const auto& [name, value] : first->second) {
        const auto other = second->second.find(name);
        if (other == second->second.end()) continue;
        left.push_back(value);
        right.push_back(other->second);
      }
      const auto tau = math::kendall_tau(left, right);
      if (!tau) note(finding, "no agreement can be told: fewer than two items are in both");
      const std::string least = lowest(first->second);
      const std::string other_least = lowest(second->second);
      finding.table.add({first->first, second->first, static_cast<double>(left.size()),
                         cell_of(tau), least == other_least ? 1.0 : 0.0, least, other_least});
    }
  }
  if (ways.size() < 2) note(finding, fmt::format("{} has fewer than two values", between));
  note(finding, left_out(num_missing, task.rows.num_rows()));
  return finding;
}

}  // namespace wattune::replication
