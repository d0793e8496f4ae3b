#include <fmt/format.h>

#include "analyses.hpp"
#include "wattune/math/pay_back.hpp"

namespace wattune::replication {
namespace {

constexpr double kDefaultTolerance = 0.01;

std::optional<double> told(const Task& task, std::string_view key) {
  return number_of(task.spec.expression(key).evaluate(task.book.lookup()));
}

/// How much worse the quality is, in its own unit; nothing where it is not known or not asked for.
std::optional<double> quality_lost(const Task& task) {
  if (!task.spec.has("quality") || !task.spec.has("quality_against")) return std::nullopt;
  const auto own = told(task, "quality");
  const auto other = told(task, "quality_against");
  if (!own || !other) return std::nullopt;
  return task.spec.flag("minimize") ? *own - *other : *other - *own;
}

}  // namespace

Finding pay_back(const Task& task) {
  Finding finding{Table{{"cost", "saving_per_use", "uses", "unit"}}, {}};
  const auto cost = told(task, "cost");
  const auto saving = told(task, "saving_per_use");
  if (!cost || !saving) {
    note(finding, "the cost or the saving is not known");
    return finding;
  }
  const auto uses = math::uses_to_pay_back(*cost, *saving);
  if (!uses) note(finding, "a use saves nothing: it never pays");
  finding.table.add({*cost, *saving, cell_of(uses), task.spec.text("unit", "uses")});
  return finding;
}

Finding saving(const Task& task) {
  Finding finding{Table{{"spent", "against", "percent", "quality", "quality_against",
                         "quality_lost", "tolerance", "comparable", "why_not"}},
                  {}};
  const auto spent = told(task, "spent");
  const auto against = told(task, "against");
  const bool asks_quality = task.spec.has("quality");
  const auto lost = quality_lost(task);
  const double tolerance = task.spec.number("tolerance").value_or(kDefaultTolerance);
  std::string why_not;
  if (!spent || !against) {
    why_not = "what was spent is not known";
  } else if (asks_quality && !lost) {
    why_not = "the quality is not known";
  } else if (lost && *lost > tolerance) {
    why_not = fmt::format("not comparable: the quality is worse by {:.4g}, the tolerance is {:.4g}",
                          *lost, tolerance);
  }
  std::optional<double> percent;
  if (why_not.empty()) {
    const auto saved = math::saving_together(*spent, std::vector{*against});
    if (saved) percent = 100.0 * *saved;
  } else {
    note(finding, why_not);
  }
  const auto quality = [&](std::string_view key) {
    return task.spec.has(key) ? cell_of(told(task, key)) : Cell{};
  };
  finding.table.add({cell_of(spent), cell_of(against), cell_of(percent), quality("quality"),
                     quality("quality_against"), cell_of(lost), cell_if(asks_quality, tolerance),
                     why_not.empty() ? 1.0 : 0.0, why_not.empty() ? Cell{} : Cell{why_not}});
  return finding;
}

Finding quantities(const Task& task) {
  std::vector<std::string> names;
  std::vector<Cell> cells;
  for (const auto& [name, formula] : task.spec.expressions("values")) {
    names.push_back(name);
    cells.push_back(formula.evaluate(task.book.lookup()));
  }
  Finding finding{Table{names}, {}};
  finding.table.add(std::move(cells));
  return finding;
}

}  // namespace wattune::replication
