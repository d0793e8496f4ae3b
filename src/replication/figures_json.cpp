#include "figures_json.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "analyses/analyses.hpp"
#include "wattune/math/statistics.hpp"

namespace wattune::replication {
namespace {

using Json = nlohmann::ordered_json;

/// The cells of one column, each once, in their order.
std::vector<Cell> values_in(const Table& rows, const std::string& column) {
  std::vector<Cell> values;
  for (const Group& group : grouped(rows, std::span{&column, 1})) {
    if (!is_missing(group.key.front())) values.push_back(group.key.front());
  }
  return values;
}

Json texts_of(const std::vector<Cell>& cells) {
  Json texts = Json::array();
  for (const Cell& cell : cells) texts.push_back(to_text(cell));
  return texts;
}

Json heatmap(const Task& task) {
  const std::vector<std::string> columns{task.spec.text("x"), task.spec.text("y")};
  const std::vector<Cell> x = values_in(task.rows, columns[0]);
  const std::vector<Cell> y = values_in(task.rows, columns[1]);
  Json cells = Json::array();
  for (const Group& group : grouped(task.rows, columns)) {
    std::size_t num_missing = 0;
    const std::vector<double> values = task.numbers("value", group.rows, num_missing);
    const auto column = std::ranges::find(x, group.key[0]);
    const auto row = std::ranges::find(y, group.key[1]);
    if (column == x.end() || row == y.end()) continue;
    cells.push_back({{"x", column - x.begin()},
                     {"y", row - y.begin()},
                     {"value", values.empty() ? Json(nullptr) : Json(math::median(values))},
                     {"count", values.size()},
                     {"missing", num_missing}});
  }
  return {{"x", {{"label", columns[0]}, {"values", texts_of(x)}}},
          {"y", {{"label", columns[1]}, {"values", texts_of(y)}}},
          {"label", task.spec.expression("value").text()},
          {"unit", task.spec.text("unit")},
          {"log", task.spec.flag("log")},
          {"cells", std::move(cells)}};
}

struct Point {
  double x = 0.0;
  double y = 0.0;
};

/// The points of each group that have both coordinates.
std::vector<std::pair<std::string, std::vector<Point>>> series_of(
    const Task& task, const std::vector<std::string>& by) {
  std::vector<std::pair<std::string, std::vector<Point>>> series;
  for (const Group& group : grouped(task.rows, by)) {
    std::vector<Point> points;
    double sum = 0.0;
    for (const std::size_t row : group.rows) {
      const auto x = task.number("x", row);
      const auto y = task.number("y", row);
      if (x) sum += *x;
      if (x && y) points.push_back({task.spec.flag("cumulative_x") ? sum : *x, *y});
    }
    series.emplace_back(label_of(task.rows, group.rows.front(), by), std::move(points));
  }
  return series;
}

Json axis_json(const Spec& spec, const char* key, const char* label, const char* log) {
  return {{"label", spec.text(label, spec.expression(key).text())}, {"log", spec.flag(log)}};
}

Json series_json(const Task& task,
                 const std::vector<std::pair<std::string, std::vector<Point>>>& all) {
  Json series = Json::array();
  for (const auto& [name, points] : all) {
    Json list = Json::array();
    for (const Point& point : points) list.push_back({point.x, point.y});
    series.push_back({{"name", name}, {"points", std::move(list)}});
  }
  return {{"x", axis_json(task.spec, "x", "x_label", "log_x")},
          {"y", axis_json(task.spec, "y", "y_label", "log_y")},
          {"series", std::move(series)}};
}

Json scatter(const Task& task) {
  const std::string group = task.spec.text("group");
  Json figure = series_json(
      task, series_of(task, group.empty() ? std::vector<std::string>{} : std::vector{group}));
  const Table* const fit = task.book.find(task.spec.text("fit"));
  if (fit == nullptr || fit->num_rows() == 0) return figure;
  for (const char* key : {"factor", "exponent", "intercept", "slope", "low", "high"}) {
    if (const auto value = number_of(fit->at(0, key))) figure["fit"][key] = *value;
  }
  return figure;
}

/// Equal x become one point, the median of theirs.
std::vector<Point> joined(std::vector<Point> points) {
  std::ranges::stable_sort(points, {}, &Point::x);
  std::vector<Point> line;
  for (std::size_t first = 0; first < points.size();) {
    std::vector<double> values;
    std::size_t last = first;
    for (; last < points.size() && points[last].x == points[first].x; ++last) {
      values.push_back(points[last].y);
    }
    line.push_back({points[first].x, math::median(values)});
    first = last;
  }
  return line;
}

Json lines(const Task& task) {
  auto series = series_of(task, task.spec.texts("group"));
  for (auto& [name, points] : series) {
    points = joined(std::move(points));
    if (!task.spec.flag("running_best")) continue;
    const bool is_lowest_best = task.spec.flag("minimize");
    for (std::size_t i = 1; i < points.size(); ++i) {
      const double before = points[i - 1].y;
      points[i].y = is_lowest_best ? std::min(points[i].y, before) : std::max(points[i].y, before);
    }
  }
  return series_json(task, series);
}

Json boxes(const Task& task) {
  const std::vector<std::string> by = task.spec.texts("group");
  Json list = Json::array();
  for (const Group& group : grouped(task.rows, by)) {
    std::size_t num_missing = 0;
    const std::vector<double> values = task.numbers("value", group.rows, num_missing);
    if (values.empty()) continue;
    const math::Range range = math::min_max(values);
    list.push_back({{"name", label_of(task.rows, group.rows.front(), by)},
                    {"count", values.size()},
                    {"mean", math::mean(values)},
                    {"min", range.min},
                    {"q1", math::quantile(values, 0.25)},
                    {"median", math::median(values)},
                    {"q3", math::quantile(values, 0.75)},
                    {"max", range.max}});
  }
  return {{"y",
           {{"label", task.spec.text("y_label", task.spec.expression("value").text())},
            {"log", task.spec.flag("log_y")}}},
          {"groups", std::move(list)}};
}

}  // namespace

Json cell_json(const Cell& cell) {
  if (is_missing(cell)) return nullptr;
  if (const auto number = number_of(cell)) return *number;
  return to_text(cell);
}

Json figure_json(const Spec& spec, const Workbook& book) {
  const Table rows = book.rows_of(spec);
  const Task task{spec, rows, book};
  Json figure{{"kind", spec.kind}, {"title", spec.title}};
  figure.update(spec.kind == "heatmap"   ? heatmap(task)
                : spec.kind == "scatter" ? scatter(task)
                : spec.kind == "lines"   ? lines(task)
                                         : boxes(task));
  const std::vector<std::string> unknown = unknown_columns(spec, rows, book);
  figure["notes"] = unknown;
  return figure;
}

}  // namespace wattune::replication
