#include "run_sections.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <regex>

#include "wattune/base/text.hpp"
#include "wattune/config/known_names.hpp"

namespace wattune::config {
namespace {

constexpr std::size_t kLongestPattern = 500;  // std::regex recurses over its pattern

/// What is wrong with a pattern, if anything.
std::optional<std::string> problem_of_pattern(const std::string& pattern) {
  if (pattern.size() > kLongestPattern) {
    return fmt::format("is longer than {} characters", kLongestPattern);
  }
  try {
    const std::regex compiled(pattern, std::regex::ECMAScript);
    if (compiled.mark_count() != 1) {
      return fmt::format(
          "has {} groups; a pattern has one, `(...)`, around the number; other "
          "brackets are written `(?:...)`",
          compiled.mark_count());
    }
  } catch (const std::regex_error& problem) {
    return fmt::format("is no regular expression: {}", problem.what());
  }
  return std::nullopt;
}

std::optional<Seconds> as_seconds(std::optional<double> amount) {
  return amount ? std::optional{Seconds{*amount}} : std::nullopt;
}

void read_cost_budget(ReadContext& context, const MapReader& map, const trial::Tariff& tariff,
                      BudgetSection& budget) {
  const YamlNode* const node = map.find("cost");
  if (node == nullptr) return;
  const MoneyReading reading = money_from_text(node->is_scalar() ? node->text : describe(*node));
  if (!reading.money) {
    context.error(*node, fmt::format("`budget.cost` {}", reading.problem));
  } else if (reading.money->amount <= 0.0) {
    context.error(*node, fmt::format("`budget.cost` must be more than 0, not {}", describe(*node)));
  } else if (!context.marks.contains("energy.price")) {
    context.error(*node, "nothing can measure `budget.cost` without `energy.price`");
  } else if (tariff.price && !reading.money->currency.empty() &&
             reading.money->currency != tariff.price->currency) {
    context.error(*node, fmt::format("`budget.cost` is in {}, but `energy.price` in {}",
                                     reading.money->currency, tariff.price->currency));
  } else {
    budget.cost = reading.money->amount;
  }
}

void read_environment(ReadContext& context, const MapReader& map, RunnerSection& runner) {
  const YamlNode* const node = map.find("environment");
  if (node == nullptr) return;
  for (const MapEntry& entry : read_entries(context, *node, "runner.environment")) {
    if (entry.name.find('=') != std::string::npos) {
      context.error(*entry.key,
                    fmt::format("the name of a variable has no `=`; not `{}`", entry.name));
    }
    if (!entry.value->is_scalar()) {
      context.error(*entry.value, fmt::format("`runner.environment.{}` must be a text, not {}",
                                              entry.name, describe(*entry.value)));
      continue;
    }
    runner.environment.emplace_back(entry.name, entry.value->text);
  }
}

}  // namespace

std::vector<CapturePattern> read_capture(ReadContext& context, MapReader& study) {
  std::vector<CapturePattern> capture;
  const YamlNode* const node = study.find("capture");
  if (node == nullptr) return capture;
  const std::vector<MapEntry> entries = read_entries(context, *node, "capture");
  for (const MapEntry& entry : entries) {
    const std::string path = fmt::format("capture.{}", entry.name);
    const auto pattern = read_text(context, *entry.value, path);
    if (!pattern) continue;
    if (const auto problem = problem_of_pattern(*pattern)) {
      context.error(*entry.value, fmt::format("`{}` {}", path, *problem));
    }
    capture.push_back({entry.name, *pattern});
  }
  const bool has_metric =
      std::ranges::any_of(entries, [](const MapEntry& entry) { return entry.name != "step"; });
  if (node->is_map() && !has_metric) {
    context.error(*node, "`capture` has no pattern for a metric");
  }
  return capture;
}

std::vector<std::string> read_metrics(ReadContext& context, MapReader& study,
                                      const std::vector<CapturePattern>& capture) {
  std::vector<std::string> metrics;
  const YamlNode* const node = study.find("metrics");
  if (node == nullptr) return metrics;
  for (const YamlNode& item : read_list(context, *node, "metrics")) {
    const auto name = read_text(context, item, "metrics");
    if (!name) continue;
    if (trial::measure_from_text(*name).kind != trial::MeasureKind::Metric) {
      context.error(item, fmt::format("`{}` is measured by Wattune and is no metric", *name));
      continue;
    }
    if (std::ranges::count(metrics, *name) > 0) {
      context.error(item, fmt::format("duplicate metric `{}`", *name));
      continue;
    }
    if (!capture.empty() && std::ranges::count(capture, *name, &CapturePattern::name) == 0) {
      context.error(item, fmt::format("`capture` has no pattern for the metric `{}`", *name));
    }
    metrics.push_back(*name);
  }
  return metrics;
}

trial::Resource read_resource(ReadContext& context, MapReader& study) {
  trial::Resource resource;
  const YamlNode* const node = study.find("resource");
  if (node == nullptr) return resource;
  MapReader map(context, *node, "resource", "resource");
  if (const YamlNode* unit = map.require("unit")) {
    const auto name = read_name(context, *unit, "resource unit", known_resource_units());
    if (name == "epochs") resource.unit = trial::ResourceUnit::Epochs;
    if (name == "steps") resource.unit = trial::ResourceUnit::Steps;
    if (name == "samples") resource.unit = trial::ResourceUnit::Samples;
  }
  map.require("max");
  const std::optional<std::int64_t> max = map.whole("max", at_least(1));
  const std::optional<std::int64_t> min = map.whole("min", at_least(1));
  if (!max) return resource;
  resource.max = static_cast<double>(*max);
  resource.min = static_cast<double>(min.value_or(*max));
  if (min && *min > *max) {
    context.error(*map.find("min"), fmt::format("`resource.min` {} is above `max` {}", *min, *max));
  }
  return resource;
}

BudgetSection read_budget(ReadContext& context, MapReader& study, const trial::Tariff& tariff) {
  BudgetSection budget;
  const YamlNode* const node = study.find("budget");
  if (node == nullptr) return budget;
  MapReader map(context, *node, "budget", "budget");
  budget.trials = map.whole("trials", at_least(1));
  if (const auto energy = map.quantity("energy", Dimension::Energy))
    budget.energy = Joules{*energy};
  budget.time = as_seconds(map.quantity("time", Dimension::Duration));
  budget.carbon_g = map.quantity("carbon", Dimension::Mass);
  const bool has_intensity =
      context.marks.contains("energy.zone") || context.marks.contains("energy.intensity");
  if (budget.carbon_g && !has_intensity) {
    context.error(*map.find("carbon"),
                  "nothing can measure `budget.carbon` without `energy.zone` or "
                  "`energy.intensity`");
  }
  read_cost_budget(context, map, tariff, budget);
  return budget;
}

RunnerSection read_runner(ReadContext& context, MapReader& study,
                          const std::filesystem::path& folder) {
  RunnerSection runner;
  runner.directory = folder.empty() ? std::filesystem::path{"."} : folder;
  const YamlNode* const node = study.find("runner");
  if (node == nullptr) return runner;
  MapReader map(context, *node, "runner", "runner");
  runner.workers = map.whole("workers", between(1, 10000));
  assign(runner.cores_per_trial, map.whole("cores_per_trial", between(1, 10000)));
  assign(runner.gpus_per_trial, map.whole("gpus_per_trial", between(0, 1000)));
  runner.time_limit = as_seconds(map.quantity("time_limit", Dimension::Duration));
  runner.silence_limit = as_seconds(map.quantity("silence_limit", Dimension::Duration));
  assign(runner.grace, as_seconds(map.quantity("grace", Dimension::Duration)));
  if (const YamlNode* directory = map.find("directory")) {
    const auto text = read_text(context, *directory, "runner.directory");
    if (text) runner.directory = (folder / *text).lexically_normal();
  }
  read_environment(context, map, runner);
  return runner;
}

std::optional<CooldownSection> read_cooldown(ReadContext& context, MapReader& study,
                                             const RunnerSection& runner) {
  const YamlNode* const node = study.find("cooldown");
  if (node == nullptr) return std::nullopt;
  CooldownSection cooldown;
  MapReader map(context, *node, "cooldown", "cooldown");
  if (const YamlNode* const until = map.find("until")) {
    cooldown.is_margin = until->is_scalar() && until->text.starts_with('+');
    assign(cooldown.degrees, map.quantity("until", Dimension::Temperature));
  }
  assign(cooldown.at_most, as_seconds(map.quantity("at_most", Dimension::Duration)));
  const bool has_finalists = study.find("finalists") != nullptr;  // they run alone
  if (runner.workers && *runner.workers > 1 && !has_finalists) {
    context.warning(*node, fmt::format("`cooldown` waits before a trial that starts while no other "
                                       "runs; with `runner.workers: {}` few do, with 1 all",
                                       *runner.workers));
  }
  return cooldown;
}

std::optional<FinalistsSection> read_finalists(ReadContext& context, MapReader& study) {
  const YamlNode* const node = study.find("finalists");
  if (node == nullptr) return std::nullopt;
  FinalistsSection finalists;
  MapReader map(context, *node, "finalists", "finalists");
  assign(finalists.count, map.whole("count", between(1, 100)));
  assign(finalists.repeats, map.whole("repeats", between(1, 1000)));
  return finalists;
}

ReportSection read_report(ReadContext& context, MapReader& study) {
  ReportSection report;
  const YamlNode* const node = study.find("report");
  if (node == nullptr) return report;
  MapReader map(context, *node, "report", "report");
  assign(report.tolerance, map.number("tolerance", at_least(0)));
  if (map.flag("carbontracker").value_or(false)) report.carbontracker.emplace();
  const auto release = map.whole("carbontracker_release", between(1, 2));
  const auto pue = map.number("carbontracker_pue", at_least(1));
  if (!report.carbontracker) return report;
  if (release == 1) report.carbontracker->release = report::CarbontrackerRelease::V1;
  report.carbontracker->pue = pue;
  return report;
}

}  // namespace wattune::config
