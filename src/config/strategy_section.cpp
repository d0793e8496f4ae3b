#include "strategy_section.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "race_section.hpp"
#include "sampler_section.hpp"
#include "scheduler_section.hpp"
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

void check_weights(ReadContext& context, const MapReader& map, const Sm2Section& sm2) {
  const double sum = sm2.performance_weight + sm2.energy_weight + sm2.stability_weight;
  if (std::abs(sum - 1.0) <= 1e-9) return;
  for (const char* key : {"performance_weight", "energy_weight", "stability_weight"}) {
    const YamlNode* const node = map.find(key);
    if (node == nullptr) continue;
    context.error(
        *node, fmt::format("the weights must add up to 1: performance_weight {} + "
                           "energy_weight {} + stability_weight {} = {:.6g}",
                           sm2.performance_weight, sm2.energy_weight, sm2.stability_weight, sum));
    return;
  }
}

void read_sm2_score(ReadContext& context, MapReader& map, Sm2Section& sm2) {
  const std::size_t num_before = context.diagnostics.size();
  assign(sm2.performance_weight, map.number("performance_weight", between(0, 1)));
  assign(sm2.energy_weight, map.number("energy_weight", between(0, 1)));
  assign(sm2.stability_weight, map.number("stability_weight", between(0, 1)));
  if (context.diagnostics.size() == num_before) check_weights(context, map, sm2);
  if (const YamlNode* mode = map.find("energy_mode")) {
    const auto name = read_name(context, *mode, "energy mode", known_energy_modes());
    if (name) sm2.energy_mode = *name == "rung" ? EnergyMode::Rung : EnergyMode::Cumulative;
  }
  assign(sm2.noise_floor, map.number("noise_floor", between(0, 1)));
  assign(sm2.divergence_factor, map.number("divergence_factor", above(1)));
  if (const YamlNode* loss = map.find("training_loss")) {
    assign(sm2.training_loss, read_text(context, *loss, map.path_of("training_loss")));
  }
}

Sm2Section read_sm2(ReadContext& context, const YamlNode& node) {
  MapReader map(context, node, "strategy", "strategy.sm2");
  Sm2Section sm2;
  read_sm2_score(context, map, sm2);
  if (const YamlNode* sampler = map.find("sampler")) sm2.sampler = read_sampler(context, *sampler);
  assign(sm2.window_tolerance, map.number("window_tolerance", at_least(0)));
  assign(sm2.learning_rates, map.whole("learning_rates", between(1, 1000)));
  assign(sm2.max_candidates, map.whole("max_candidates", between(1, 10000)));
  assign(sm2.probe_seconds, map.number("probe_seconds", between(0, 3600)));
  assign(sm2.probe_steps, map.whole("probe_steps", at_least(1)));
  assign(sm2.warmup_steps, map.whole("warmup_steps", at_least(0)));
  assign(sm2.idle_seconds, map.number("idle_seconds", between(0, 3600)));
  assign(sm2.min_rung_seconds, map.number("min_rung_seconds", between(0, 86400)));
  assign(sm2.first_rung_fraction,
         map.number("first_rung_fraction", {.low = 0, .high = 1, .is_low_open = true}));
  sm2.samples_per_epoch = map.whole("samples_per_epoch", at_least(1));
  assign(sm2.reports_per_rung, map.whole("reports_per_rung", between(1, 1000)));
  return sm2;
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
