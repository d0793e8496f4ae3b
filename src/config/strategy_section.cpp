#include "strategy_section.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sampler_section.hpp"
#include "sm2_section.hpp"
#include "wattune/base/text.hpp"
#include "wattune/config/known_names.hpp"

namespace wattune::config {
namespace {

bool is_among(std::span<const std::string> names, const std::string& name) {
  return std::ranges::count(names, name) > 0;
}

std::vector<std::string> all_names() {
  std::vector<std::string> names;
  for (const auto& known : {known_joint_strategies(), known_samplers(), known_schedulers()}) {
    names.insert(names.end(), known.begin(), known.end());
  }
  return names;
}

/// `strategy: tpe` says half of what is needed.
void report_unknown_strategy(ReadContext& context, const YamlNode& node) {
  const std::string& name = node.text;
  std::string help;
  if (is_among(known_samplers(), name)) {
    help = fmt::format("`{}` is a sampler: write {{sampler: {}}}", name, name);
  } else if (is_among(known_schedulers(), name)) {
    help = fmt::format("`{}` is a scheduler: write {{scheduler: {}}}", name, name);
  } else {
    const auto nearest = nearest_name(name, all_names());
    help = fmt::format("allowed: {}, or a map with sampler and scheduler{}",
                       join_names(known_joint_strategies()),
                       nearest ? fmt::format("; did you mean `{}`?", *nearest) : "");
  }
  context.error(node, fmt::format("unknown strategy `{}`; {}", name, help));
}

SchedulerSection read_scheduler(ReadContext& context, const YamlNode& node) {
  const YamlNode* const at = name_node(context, node, "scheduler");
  const auto name = at ? read_name(context, *at, "scheduler", known_schedulers()) : std::nullopt;
  if (!name) return FullSection{};
  std::optional<MapReader> map;
  if (node.is_map()) map.emplace(context, node, "strategy.scheduler", "scheduler." + *name);
  if (*name == "full") return FullSection{};
  HalvingSection halving;
  if (!map) return halving;
  assign(halving.reduction_factor, map->whole("reduction_factor", between(2, 100)));
  assign(halving.initial_trials, map->whole("initial_trials", between(2, 1e6)));
  if (halving.initial_trials < halving.reduction_factor) {
    const YamlNode* const factor = map->find("reduction_factor");
    const YamlNode* const trials = map->find("initial_trials");
    context.error(trials ? *trials : *factor,
                  fmt::format("{} initial trials cannot be reduced by {}", halving.initial_trials,
                              halving.reduction_factor));
  }
  return halving;
}

ComposedSection read_composed(ReadContext& context, const YamlNode& node) {
  MapReader map(context, node, "strategy", "strategy");
  ComposedSection composed;
  if (const YamlNode* sampler = map.find("sampler")) {
    composed.sampler = read_sampler(context, *sampler);
  }
  if (const YamlNode* scheduler = map.find("scheduler")) {
    composed.scheduler = read_scheduler(context, *scheduler);
  }
  return composed;
}

}  // namespace

std::string name_of(const SchedulerSection& scheduler) {
  return std::holds_alternative<FullSection>(scheduler) ? "full" : "halving";
}

std::string name_of(const StrategyOptions& strategy) {
  const auto* composed = std::get_if<ComposedSection>(&strategy);
  if (composed == nullptr) return "sm2";
  return fmt::format("{} + {}", composed->sampler.name, name_of(composed->scheduler));
}

bool needs_pause(const StrategyOptions& strategy) {
  const auto* composed = std::get_if<ComposedSection>(&strategy);
  return composed == nullptr || std::holds_alternative<HalvingSection>(composed->scheduler);
}

bool ends_by_itself(const StrategyOptions& strategy) {
  const auto* composed = std::get_if<ComposedSection>(&strategy);
  return composed == nullptr || composed->sampler.ends_by_itself;
}

std::optional<StrategyOptions> read_strategy(ReadContext& context, MapReader& study) {
  const YamlNode* const node = study.find("strategy");
  if (node == nullptr) return ComposedSection{};
  const std::size_t num_before = context.diagnostics.size();
  StrategyOptions options;
  if (node->is_scalar() && is_among(known_joint_strategies(), node->text)) {
    options = Sm2Section{};
  } else if (node->is_scalar()) {
    report_unknown_strategy(context, *node);
  } else {
    const auto name = std::ranges::find_if(
        node->entries, [](const auto& entry) { return entry.first.text == "name"; });
    if (name == node->entries.end()) {
      options = read_composed(context, *node);
    } else if (!is_among(known_joint_strategies(), name->second.text)) {
      report_unknown_strategy(context, name->second);
    } else {
      options = read_sm2(context, *node);
    }
  }
  if (context.diagnostics.size() != num_before) return std::nullopt;
  return options;
}

}  // namespace wattune::config
