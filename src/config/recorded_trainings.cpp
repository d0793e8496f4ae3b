#include "wattune/config/recorded_trainings.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "wattune/base/result.hpp"
#include "wattune/base/text.hpp"
#include "wattune/recorded/hpolib.hpp"
#include "wattune/recorded/lcbench.hpp"
#include "wattune/recorded/zeus.hpp"

namespace wattune::config {
namespace {

std::vector<std::string> metrics_of(const trial::Problem& problem) {
  std::vector<std::string> names;
  const auto add = [&](const trial::Measure& measure) {
    if (measure.kind == trial::MeasureKind::Metric) names.push_back(measure.name);
  };
  for (const trial::Objective& objective : problem.objectives) add(objective.measure);
  for (const trial::Constraint& constraint : problem.constraints) add(constraint.measure);
  return names;
}

void require_metrics(const recorded::RecordedTrainings& trainings, const std::string& table,
                     const std::vector<std::string>& required) {
  const std::vector<std::string> recorded = trainings.metrics();
  for (const std::string& name : required) {
    if (std::ranges::count(recorded, name) > 0) continue;
    const auto nearest = nearest_name(name, recorded);
    throw ConfigError(fmt::format("the study wants the metric `{}`, but {} has {}{}", name, table,
                                  join_names(recorded),
                                  nearest ? fmt::format("; did you mean `{}`?", *nearest) : ""));
  }
}

/// "lcbench" and "189906" of "lcbench:189906"; nothing where it is the name of a file.
std::optional<std::pair<std::string, std::string>> known_set(const std::string& table) {
  const std::size_t colon = table.find(':');
  if (colon == std::string::npos) return std::nullopt;
  const std::string set = table.substr(0, colon);
  if (set != "lcbench" && set != "hpolib" && set != "zeus") return std::nullopt;
  return std::pair{set, table.substr(colon + 1)};
}

std::unique_ptr<recorded::RecordedTrainings> open_set(const std::string& set,
                                                      const std::string& task,
                                                      const RecordedSource& source,
                                                      const trial::Problem& problem) {
  if (source.data.empty()) {
    throw ConfigError(fmt::format("{} needs --data DIR, the folder with recorded data", set));
  }
  const Watts power = source.power.value_or(Watts{100.0});
  const double max_step = problem.resource.max;
  if (set == "lcbench") {
    return recorded::LcBench{source.data / "lcbench"}.trainings(task, problem.space, power);
  }
  if (set == "hpolib") {
    return recorded::Hpolib{source.data / "hpolib"}.trainings(task, problem.space, max_step, power);
  }
  return recorded::ZeusTraces{source.data / "zeus-traces"}.trainings(task, problem.space, max_step);
}

}  // namespace

OpenRecordings open_recordings(const RecordedSource& source, const trial::Problem& problem) {
  const std::vector<std::string> required = metrics_of(problem);
  if (const auto set = known_set(source.table)) {
    auto trainings = open_set(set->first, set->second, source, problem);
    require_metrics(*trainings, source.table, required);
    return {std::move(trainings), nullptr};
  }
  auto table =
      recorded::read_table(source.table, problem.space, required,
                           {.takes_nearest = source.takes_nearest,
                            .power = source.power,
                            .runs_as_a_whole = problem.resource.unit == trial::ResourceUnit::Run});
  const recorded::RecordedTable* const own = table.get();
  return {std::move(table), own};
}

}  // namespace wattune::config
