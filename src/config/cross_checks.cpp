#include "cross_checks.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace wattune::config {
namespace {

void check_rungs(ReadContext& context, const MapReader& study, const YamlNode& strategy,
                 const StudyFile& file) {
  const std::string name = name_of(file.strategy);
  if (needs_pause(file.strategy) && !file.capture.empty()) {
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
  if (file.problem.resource.min >= file.problem.resource.max) {
    context.error(
        *study.find("resource"),
        fmt::format("strategy `{}` needs a `resource.min` below `max`: its first rung", name));
  }
}

void check_sm2(ReadContext& context, const MapReader& study, const YamlNode& strategy,
               const StudyFile& file) {
  if (trial::is_metered(file.problem.resource.unit)) {
    context.error(*study.find("resource"),
                  "strategy `sm2` compares what work costs and needs a `resource.unit` of work: "
                  "epochs, steps or samples");
  }
  const space::Space& space = file.problem.space;
  if (!space.index_of(space::Role::BatchSize)) {
    context.warning(strategy,
                    "strategy `sm2` leaves its probe out: no parameter has `role: batch_size`");
  }
  if (!space.index_of(space::Role::LearningRate)) {
    context.warning(strategy,
                    "strategy `sm2` leaves its grid of learning rates out: no parameter "
                    "has `role: learning_rate`");
  }
  const std::string& loss = std::get<Sm2Section>(file.strategy).options.training_loss;
  if (!file.metrics.empty() && std::ranges::count(file.metrics, loss) == 0) {
    context.warning(strategy, fmt::format("strategy `sm2` knows nothing about stability: `metrics` "
                                          "does not list the training loss, `{}`",
                                          loss));
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

void check_power_limit_fits(ReadContext& context, MapReader& study, const StudyFile& file) {
  const space::Space& space = file.problem.space;
  const auto index = space.index_of(space::Role::GpuPowerLimit);
  if (!index || file.runner.gpus_per_trial > 0) return;
  const std::string& name = space.parameters()[*index].name;
  for (const auto& [key, value] : study.find("parameters")->entries) {
    if (key.text != name) continue;
    context.error(key, fmt::format("`{}` is the power limit of a trial's GPUs, and trials have "
                                   "none: `runner.gpus_per_trial` is 0",
                                   name));
  }
}

void check_strategy_fits(ReadContext& context, MapReader& study, const StudyFile& file) {
  const YamlNode* const strategy = study.find("strategy");
  if (strategy != nullptr && needs_rungs(file.strategy)) {
    check_rungs(context, study, *strategy, file);
  }
  if (strategy != nullptr && std::holds_alternative<Sm2Section>(file.strategy)) {
    check_sm2(context, study, *strategy, file);
  }
  for (const char* key : {"try_first", "warm_start"}) {
    const YamlNode* const first = study.find(key);
    if (first == nullptr || !std::holds_alternative<Sm2Section>(file.strategy)) continue;
    context.error(*first, fmt::format("strategy `{}` finds its own configurations; `{}` goes with "
                                      "a sampler",
                                      name_of(file.strategy), key));
  }
  const YamlNode* const budget = study.find("budget");
  const bool has_budget =
      budget != nullptr && std::ranges::any_of(budget->entries, [](const auto& entry) {
        return entry.first.text != "per_trial";  // which ends trials, never the study
      });
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
