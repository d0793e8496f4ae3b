#include "strategy_section.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "race_section.hpp"
#include "sampler_section.hpp"
#include "scheduler_section.hpp"
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

ComposedSection read_composed(ReadContext& context, const YamlNode& node) {
  MapReader map(context, node, "strategy", "strategy");
  ComposedSection composed;
  if (const YamlNode* sampler = map.find("sampler")) {
    composed.sampler = read_sampler(context, *sampler);
  }
  if (const YamlNode* scheduler = map.find("scheduler")) {
    composed.scheduler = read_scheduler(context, *scheduler);
  }
  if (const YamlNode* rules = map.find("stop_when")) {
    composed.scheduler = read_stop_when(context, *rules, std::move(composed.scheduler));
  }
  return composed;
}

}  // namespace

std::string name_of(const StrategyOptions& strategy) {
  if (const auto name = name_without_options(strategy)) return std::string{*name};
  const auto* composed = std::get_if<ComposedSection>(&strategy);
  if (composed == nullptr) return "sm2";
  return fmt::format("{} + {}", composed->sampler.name, composed->scheduler.name);
}

bool needs_pause(const StrategyOptions& strategy) {
  if (std::holds_alternative<AutoSection>(strategy)) return false;
  const auto* composed = std::get_if<ComposedSection>(&strategy);
  return composed == nullptr || composed->scheduler.pauses;
}

bool needs_rungs(const StrategyOptions& strategy) {
  if (std::holds_alternative<AutoSection>(strategy)) return false;
  const auto* composed = std::get_if<ComposedSection>(&strategy);
  return composed == nullptr || composed->scheduler.needs_rungs;
}

bool ends_by_itself(const StrategyOptions& strategy) {
  if (name_without_options(strategy)) return false;
  const auto* composed = std::get_if<ComposedSection>(&strategy);
  return composed == nullptr || composed->sampler.ends_by_itself;
}

std::optional<StrategyOptions> read_strategy(ReadContext& context, MapReader& study) {
  const YamlNode* const node = study.find("strategy");
  if (node == nullptr) return AutoSection{};
  const std::size_t num_before = context.diagnostics.size();
  StrategyOptions options;
  if (node->is_scalar() && is_among(known_joint_strategies(), node->text)) {
    options = strategy_without_options(node->text).value_or(Sm2Section{});
  } else if (node->is_scalar()) {
    report_unknown_strategy(context, *node);
  } else {
    const auto name = std::ranges::find_if(
        node->entries, [](const auto& entry) { return entry.first.text == "name"; });
    if (name == node->entries.end()) {
      options = read_composed(context, *node);
    } else if (!is_among(known_joint_strategies(), name->second.text)) {
      report_unknown_strategy(context, name->second);
    } else if (const auto bare = strategy_without_options(name->second.text)) {
      MapReader map(context, *node, "strategy", "strategy." + name->second.text);
      options = *bare;
    } else {
      options = read_sm2(context, *node);
    }
  }
  if (context.diagnostics.size() != num_before) return std::nullopt;
  return options;
}

}  // namespace wattune::config
