#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "analyses.hpp"
#include "wattune/base/text.hpp"
#include "wattune/math/intervals.hpp"
#include "wattune/math/pay_back.hpp"
#include "wattune/math/statistics.hpp"

namespace wattune::replication {
namespace {

constexpr double kDefaultGain = 0.002;

/// The columns of a group's key, then those of what was found.
std::vector<std::string> columns_behind(std::vector<std::string> key,
                                        std::initializer_list<const char*> found) {
  key.insert(key.end(), found.begin(), found.end());
  return key;
}

std::vector<Cell> cells_behind(std::vector<Cell> key, std::vector<Cell> found) {
  std::ranges::move(found, std::back_inserter(key));
  return key;
}

/// Columns that say which training a row is of.
std::vector<std::string> identity_of(const Table& rows) {
  std::vector<std::string> columns{"experiment", "trial"};
  for (const std::string& column : rows.columns()) {
    if (column.starts_with("parameter.")) columns.push_back(column);
  }
  return columns;
}

/// The target of a metric: as it is given, or as a part of the best that was seen.
std::optional<double> target_of(const Task& task, std::string_view metric,
                                std::span<const std::size_t> rows) {
  if (task.spec.has("target")) {
    return number_of(task.spec.expression("target").evaluate(task.book.lookup()));
  }
  const bool is_minimized = task.spec.flag("minimize");
  std::optional<double> best;
  for (const std::size_t row : rows) {
    const auto value = number_of(task.rows.at(row, metric));
    if (value && (!best || (is_minimized ? *value < *best : *value > *best))) best = value;
  }
  const double fraction = task.spec.number("best_fraction").value_or(1.0);
  if (!best) return std::nullopt;
  return is_minimized ? *best / fraction : *best * fraction;
}

}  // namespace

Finding select(const Task& task) {
  std::vector<std::string> names;
  for (const auto& [name, formula] : task.spec.expressions("columns")) names.push_back(name);
  std::vector<std::vector<Cell>> made;
  for (std::size_t row = 0; row < task.rows.num_rows(); ++row) {
    std::vector<Cell> cells;
    for (const auto& [name, formula] : task.spec.expressions("columns")) {
      cells.push_back(formula.evaluate(task.book.in_row(task.rows, row)));
    }
    made.push_back(std::move(cells));
  }
  Finding finding{Table{names}, {}};
  const auto sorted_by = std::ranges::find(names, task.spec.text("sort_by"));
  if (sorted_by != names.end()) {
    const auto column = static_cast<std::size_t>(sorted_by - names.begin());
    const bool descends = task.spec.flag("descending");
    std::ranges::stable_sort(made, [&](const auto& left, const auto& right) {
      return descends ? is_less(right[column], left[column]) : is_less(left[column], right[column]);
    });
  }
  const double first = task.spec.number("first").value_or(static_cast<double>(made.size()));
  for (std::vector<Cell>& cells : made) {
    if (static_cast<double>(finding.table.num_rows()) >= first) break;
    finding.table.add(std::move(cells));
  }
  return finding;
}

Finding to_target(const Task& task) {
  const std::string metric = task.spec.text("metric");
  const std::vector<std::string> identity = identity_of(task.rows);
  Finding finding{Table{columns_behind(identity, {"target", "reached", "step", "energy_j",
                                                  "duration_s", "best", "spent_j"})},
                  {}};
  const bool is_minimized = task.spec.flag("minimize");
  std::size_t num_reached = 0;
  for (const Group& together : grouped(task.rows, task.spec.texts("by"))) {
    const auto target = target_of(task, metric, together.rows);
    if (!target) {
      note(finding, task.spec.has("target") ? "the target is not known"
                                            : fmt::format("no row has a value of {}", metric));
      continue;
    }
    Table part{task.rows.columns()};
    for (const std::size_t row : together.rows) part.add(task.rows.row(row));
    for (const Group& training : grouped(part, identity)) {
      std::optional<std::size_t> reached;
      std::optional<double> best;
      for (const std::size_t row : training.rows) {
        const auto value = number_of(part.at(row, metric));
        if (!value) continue;
        if (!best || (is_minimized ? *value < *best : *value > *best)) best = value;
        if (!reached && (is_minimized ? *value <= *target : *value >= *target)) reached = row;
      }
      num_reached += reached ? 1 : 0;
      const auto at = [&](const char* column) {
        return reached ? part.at(*reached, column) : Cell{};
      };
      finding.table.add(cells_behind(
          training.key, {*target, reached ? 1.0 : 0.0, at("step"), at("energy_j"), at("duration_s"),
                         cell_of(best), part.at(training.rows.back(), "energy_j")}));
    }
  }
  const std::size_t num_trainings = finding.table.num_rows();
  if (num_reached < num_trainings) {
    note(finding, fmt::format("{} of {} trainings never reached the target: kept as not reached",
                              num_trainings - num_reached, num_trainings));
  }
  return finding;
}

Finding extremes(const Task& task) {
  const std::vector<std::string> by = task.spec.texts("by");
  const std::vector<std::string> label = task.spec.texts("label");
  Finding finding{
      Table{columns_behind(by, {"reached", "not_reached", "min", "max", "ratio", "best", "worst"})},
      {}};
  for (const Group& group : grouped(task.rows, by)) {
    std::vector<std::pair<double, std::size_t>> values;
    std::size_t num_not = 0;
    for (const std::size_t row : group.rows) {
      const bool counts =
          !task.spec.has("reached") || task.number("reached", row).value_or(0.0) != 0.0;
      const auto value = counts ? task.number("value", row) : std::nullopt;
      if (value) {
        values.emplace_back(*value, row);
      } else {
        ++num_not;
      }
    }
    const auto count = [](std::size_t number) { return static_cast<double>(number); };
    if (values.empty()) {
      finding.table.add(
          cells_behind(group.key, {0.0, count(num_not), Cell{}, Cell{}, Cell{}, Cell{}, Cell{}}));
      note(finding, "the target was not reached by any");
      continue;
    }
    const auto [least, most] = std::ranges::minmax(values);
    const Cell ratio = cell_if(least.first > 0.0, most.first / least.first);
    finding.table.add(cells_behind(
        group.key,
        {count(values.size()), count(num_not), least.first, most.first, ratio,
         label_of(task.rows, least.second, label), label_of(task.rows, most.second, label)}));
  }
  return finding;
}

Finding groups(const Task& task) {
  const std::vector<std::string> by = task.spec.texts("by");
  Finding finding{Table{columns_behind(by, {"count", "mean", "deviation", "half_width", "cv",
                                            "median", "min", "max"})},
                  {}};
  std::size_t num_missing = 0;
  for (const Group& group : grouped(task.rows, by)) {
    const std::vector<double> values = task.numbers("value", group.rows, num_missing);
    if (values.empty()) continue;
    const math::MeanInterval interval = math::mean_interval(values);
    const math::Range range = math::min_max(values);
    const bool has_cv = interval.deviation && interval.mean != 0.0;
    finding.table.add(cells_behind(
        group.key, {static_cast<double>(values.size()), interval.mean, cell_of(interval.deviation),
                    cell_of(interval.half_width),
                    cell_if(has_cv, interval.deviation.value_or(0.0) / std::abs(interval.mean)),
                    math::median(values), range.min, range.max}));
  }
  note(finding, left_out(num_missing, task.rows.num_rows()));
  return finding;
}

Finding optimum_round(const Task& task) {
  const std::vector<std::string> by = task.spec.texts("by");
  const double gain = task.spec.number("least_gain").value_or(kDefaultGain);
  Finding finding{Table{columns_behind(by, {"rounds", "optimum_round", "best_round", "best",
                                            "at_optimum", "energy_j", "energy_to_optimum_j",
                                            "energy_to_best_j", "energy_per_round_j"})},
                  {}};
  std::size_t num_unknown = 0;
  for (const Group& group : grouped(task.rows, by)) {
    // A round that failed found nothing, and its energy counts.
    std::vector<double> values;
    std::vector<double> joules;
    double sum = 0.0;
    for (const std::size_t row : group.rows) {
      values.push_back(
          task.number("value", row).value_or(-std::numeric_limits<double>::infinity()));
      const auto energy = task.number("energy", row);
      num_unknown += energy ? 0 : 1;
      joules.push_back(sum += energy.value_or(0.0));
    }
    const auto optimum = math::plateau_round(values, gain);
    const auto best = std::ranges::max_element(values);
    if (!optimum || !std::isfinite(*best)) continue;
    const auto best_index = static_cast<std::size_t>(best - values.begin());
    const double at_optimum =
        *std::max_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(*optimum));
    finding.table.add(cells_behind(
        group.key,
        {static_cast<double>(values.size()), static_cast<double>(*optimum),
         static_cast<double>(best_index + 1), *best, at_optimum, sum, joules[*optimum - 1],
         joules[best_index], sum / static_cast<double>(values.size())}));
  }
  if (num_unknown > 0) {
    note(finding, fmt::format("the energy of {} round{} is not known and counts as nothing",
                              num_unknown, num_unknown == 1 ? "" : "s"));
  }
  return finding;
}

}  // namespace wattune::replication
