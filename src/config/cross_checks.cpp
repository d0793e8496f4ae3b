#include "cross_checks.hpp"

#include <fmt/format.h>

namespace wattune::config {
namespace {

void check_pause(ReadContext& context, const MapReader& study, const YamlNode& strategy,
                 const StudyFile& file) {
  const std::string name = name_of(file.strategy);
  if (!file.capture.empty()) {
    context.error(strategy,
                  fmt::format("strategy `{}` pauses trials, and a program with `capture` cannot be "
                              "paused; use `scheduler: full`, or let the program speak the trial "
                              "protocol",
                              name));
    return;
  }
  if (study.find("resource") == nullptr) {
    context.error(strategy, fmt::format("strategy `{}` takes trials further step by step and needs "
                                        "`resource: {{unit, min, max}}`",
                                        name));
    return;
  }
  const bool is_halving = std::holds_alternative<ComposedSection>(file.strategy);
  if (is_halving && file.problem.resource.min >= file.problem.resource.max) {
    context.error(
        *study.find("resource"),
        fmt::format("strategy `{}` needs a `resource.min` below `max`: its first rung", name));
  }
}

void check_sm2(ReadContext& context, const MapReader& study, const YamlNode& strategy,
               const StudyFile& file) {
  const space::Space& space = file.problem.space;
  for (const auto& [role, word] : {std::pair{space::Role::BatchSize, "batch_size"},
                                   std::pair{space::Role::LearningRate, "learning_rate"}}) {
    if (space.index_of(role)) continue;
    context.error(strategy, fmt::format("strategy `sm2` needs to know which parameter is the {}: "
                                        "give it `role: {}`",
                                        word, word));
  }
  const trial::Objective& quality = file.problem.objectives.front();
  if (quality.measure.kind != trial::MeasureKind::Metric) {
    context.error(study.find("objectives")->items.front(),
                  fmt::format("strategy `sm2` needs a metric as the first objective, the quality; "
                              "not `{}`",
                              to_text(quality.measure)));
  }
}

}  // namespace

void check_strategy_fits(ReadContext& context, MapReader& study, const StudyFile& file) {
  const YamlNode* const strategy = study.find("strategy");
  if (strategy != nullptr && needs_pause(file.strategy)) {
    check_pause(context, study, *strategy, file);
  }
  if (strategy != nullptr && std::holds_alternative<Sm2Section>(file.strategy)) {
    check_sm2(context, study, *strategy, file);
  }
  const YamlNode* const budget = study.find("budget");
  const bool has_budget = budget != nullptr && !budget->entries.empty();
  if (!has_budget && !ends_by_itself(file.strategy)) {
    const YamlNode* at = budget;
    if (at == nullptr) at = strategy;
    const std::string message = fmt::format(
        "strategy `{}` never ends by itself and needs a `budget`: trials, energy, time, "
        "carbon or cost",
        name_of(file.strategy));
    if (at != nullptr) {
      context.error(*at, message);
    } else {
      context.diagnostics.push_back({Severity::Error, {}, message});
    }
  }
}

}  // namespace wattune::config
