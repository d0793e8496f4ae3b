#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "analyses.hpp"
#include "wattune/math/rank_tests.hpp"
#include "wattune/math/signed_rank.hpp"
#include "wattune/math/statistics.hpp"

namespace wattune::replication {
namespace {

Cell count_cell(std::size_t number) {
  return static_cast<double>(number);
}

/// The median of a value by treatment and pair: repetitions of a measurement become one.
using Medians = std::map<std::string, std::map<std::string, double>>;

Medians medians_of(const Task& task, const std::string& treatment,
                   const std::vector<std::string>& pairs, std::size_t& num_missing) {
  std::vector<std::string> columns{treatment};
  columns.insert(columns.end(), pairs.begin(), pairs.end());
  Medians medians;
  for (const Group& group : grouped(task.rows, columns)) {
    const std::vector<double> values = task.numbers("value", group.rows, num_missing);
    if (values.empty()) continue;
    const std::string pair = label_of(task.rows, group.rows.front(), pairs);
    medians[to_text(group.key.front())][pair] = math::median(values);
  }
  return medians;
}

}  // namespace

Finding kruskal_wallis_test(const Task& task) {
  Finding finding{Table{{"factor", "h", "p", "levels", "count", "eta_squared", "groups_in_paper",
                         "eta_squared_paper", "low", "high", "mean_low", "mean_high", "percent"}},
                  {}};
  const auto paper = task.spec.number("groups_in_paper");
  std::size_t num_missing = 0;
  for (const std::string& factor : task.spec.texts("factors")) {
    std::vector<std::vector<double>> values;
    std::vector<Cell> levels;
    num_missing = 0;
    for (const Group& group : grouped(task.rows, std::span{&factor, 1})) {
      std::vector<double> of_level = task.numbers("value", group.rows, num_missing);
      if (of_level.empty()) continue;
      levels.push_back(group.key.front());
      values.push_back(std::move(of_level));
    }
    const auto test = math::kruskal_wallis(values);
    if (!test) {
      note(finding, fmt::format("{} has fewer than two levels, or all values are equal", factor));
      continue;
    }
    const auto eta = [&](double k) -> Cell {
      const auto num_groups = static_cast<std::size_t>(k);
      if (k < 1.0 || num_groups >= test->count) return {};
      return math::eta_squared(test->h, num_groups, test->count);
    };
    const double low = math::mean(values.front());
    const double high = math::mean(values.back());
    finding.table.add({factor, test->h, test->p, count_cell(test->num_groups),
                       count_cell(test->count), eta(static_cast<double>(test->num_groups)),
                       cell_of(paper), eta(paper.value_or(0.0)), to_text(levels.front()),
                       to_text(levels.back()), low, high,
                       cell_if(low != 0.0, 100.0 * (high / low - 1.0))});
  }
  note(finding, left_out(num_missing, task.rows.num_rows()));
  return finding;
}

Finding wilcoxon_test(const Task& task) {
  Finding finding{Table{{"treatment", "control", "pairs", "median_ratio", "median_difference", "p",
                         "p_holm", "cliffs_delta"}},
                  {}};
  std::size_t num_missing = 0;
  const Medians medians =
      medians_of(task, task.spec.text("treatment"), task.spec.texts("pairs"), num_missing);
  const std::string control = task.spec.text("control");
  if (!medians.contains(control)) {
    note(finding, fmt::format("no row is of the control `{}`", control));
    return finding;
  }
  std::vector<std::vector<Cell>> rows;
  std::vector<double> probabilities;
  for (const auto& [treatment, by_pair] : medians) {
    if (treatment == control) continue;
    std::vector<double> treated;
    std::vector<double> untreated;
    std::vector<double> ratios;
    std::vector<double> differences;
    for (const auto& [pair, value] : by_pair) {
      const auto other = medians.at(control).find(pair);
      if (other == medians.at(control).end()) continue;
      treated.push_back(value);
      untreated.push_back(other->second);
      differences.push_back(value - other->second);
      if (other->second > 0.0) ratios.push_back(value / other->second);
    }
    if (treated.empty()) {
      note(finding, fmt::format("`{}` has no pair with the control", treatment));
      continue;
    }
    const double p = math::signed_rank_test(treated, untreated).p_two_sided;
    probabilities.push_back(p);
    rows.push_back({treatment, control, count_cell(treated.size()),
                    cell_if(!ratios.empty(), ratios.empty() ? 0.0 : math::median(ratios)),
                    math::median(differences), p, Cell{}, math::cliffs_delta(treated, untreated)});
  }
  const std::vector<double> corrected = math::holm(probabilities);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    rows[i][6] = corrected[i];
    finding.table.add(std::move(rows[i]));
  }
  note(finding, left_out(num_missing, task.rows.num_rows()));
  return finding;
}

}  // namespace wattune::replication
