#include "run_sections.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <regex>

#include "named_values.hpp"
#include "wattune/base/text.hpp"

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

std::optional<double> read_cost(ReadContext& context, const MapReader& map,
                                const trial::Tariff& tariff) {
  const YamlNode* const node = map.find("cost");
  if (node == nullptr) return std::nullopt;
  const std::string path = map.path_of("cost");
  const MoneyReading reading = money_from_text(node->is_scalar() ? node->text : describe(*node));
  if (!reading.money) {
    context.error(*node, fmt::format("`{}` {}", path, reading.problem));
  } else if (reading.money->amount <= 0.0) {
    context.error(*node, fmt::format("`{}` must be more than 0, not {}", path, describe(*node)));
  } else if (!context.marks.contains("energy.price")) {
    context.error(*node, fmt::format("nothing can measure `{}` without `energy.price`", path));
  } else if (tariff.price && !reading.money->currency.empty() &&
             reading.money->currency != tariff.price->currency) {
    context.error(*node, fmt::format("`{}` is in {}, but `energy.price` in {}", path,
                                     reading.money->currency, tariff.price->currency));
  } else {
    return reading.money->amount;
  }
  return std::nullopt;
}

/// What a study and a trial can be held to alike.
void read_amounts(ReadContext& context, MapReader& map, const trial::Tariff& tariff,
                  trial::TrialBudget& budget) {
  if (const auto energy = map.quantity("energy", Dimension::Energy)) {
    budget.energy = Joules{*energy};
  }
  budget.time = as_seconds(map.quantity("time", Dimension::Duration));
  budget.carbon_g = map.quantity("carbon", Dimension::Mass);
  const bool has_intensity =
      context.marks.contains("energy.zone") || context.marks.contains("energy.intensity");
  if (budget.carbon_g && !has_intensity) {
    context.error(*map.find("carbon"),
                  fmt::format("nothing can measure `{}` without `energy.zone` or "
                              "`energy.intensity`",
                              map.path_of("carbon")));
  }
  budget.cost = read_cost(context, map, tariff);
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

constexpr NamedValues<trial::ResourceUnit, 5> kResourceUnits{{
    {"epochs", trial::ResourceUnit::Epochs},
    {"joules", trial::ResourceUnit::Joules},
    {"samples", trial::ResourceUnit::Samples},
    {"seconds", trial::ResourceUnit::Seconds},
    {"steps", trial::ResourceUnit::Steps},
}};

/// An amount of the resource: a quantity of what Wattune counts, a number of what programs count.
std::optional<double> read_amount(MapReader& map, std::string_view key, trial::ResourceUnit unit) {
  if (unit == trial::ResourceUnit::Seconds) return map.quantity(key, Dimension::Duration);
  if (unit == trial::ResourceUnit::Joules) return map.quantity(key, Dimension::Energy);
  const std::optional<std::int64_t> number = map.whole(key, at_least(1));
  if (!number) return std::nullopt;
  return static_cast<double>(*number);
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
  map.require("unit");
  assign_named(context, map, "unit", "resource unit", kResourceUnits, resource.unit);
  map.require("max");
  const std::optional<double> max = read_amount(map, "max", resource.unit);
  const std::optional<double> min = read_amount(map, "min", resource.unit);
  if (!max) return resource;
  resource.max = *max;
  resource.min = min.value_or(*max);
  if (resource.min > resource.max) {
    context.error(*map.find("min"), fmt::format("`resource.min` {} is above `max` {}",
                                                number_text(*min), number_text(*max)));
  }
  return resource;
}

BudgetSection read_budget(ReadContext& context, MapReader& study, const trial::Tariff& tariff) {
  BudgetSection budget;
  const YamlNode* const node = study.find("budget");
  if (node == nullptr) return budget;
  MapReader map(context, *node, "budget", "budget");
  budget.trials = map.whole("trials", at_least(1));
  trial::TrialBudget amounts;
  read_amounts(context, map, tariff, amounts);
  budget.energy = amounts.energy;
  budget.time = amounts.time;
  budget.carbon_g = amounts.carbon_g;
  budget.cost = amounts.cost;
  if (const YamlNode* const per_trial = map.find("per_trial")) {
    MapReader inner(context, *per_trial, "budget.per_trial", "budget.per_trial");
    read_amounts(context, inner, tariff, budget.per_trial);
  }
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
  if (const YamlNode* const keep = map.find("keep_checkpoints")) {
    static const std::vector<std::string> kNames{"needed", "all"};
    const auto name = read_name(context, *keep, "value of `keep_checkpoints`", kNames);
    runner.keeps_all_checkpoints = name == "all";
  }
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
