#include "wattune/report/document.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "devices_json.hpp"
#include "finalists_json.hpp"
#include "footprint_json.hpp"
#include "objectives_json.hpp"
#include "wattune/base/text.hpp"
#include "wattune/base/version.hpp"
#include "wattune/report/advice.hpp"
#include "wattune/report/comparison.hpp"
#include "wattune/report/insight.hpp"
#include "wattune/report/recommendation.hpp"
#include "wattune/report/savings.hpp"

namespace wattune::report {
namespace {

using Json = nlohmann::ordered_json;
using trial::History;
using trial::Trial;

constexpr int kSchema = 1;

/// What budgets of their own have stopped, in words; empty where there is none.
std::string cut_text(const History& history) {
  std::vector<std::uint32_t> cut;
  for (const Trial& trial : history.trials()) {
    if (trial.outcome() == trial::Outcome::StoppedBudget) cut.push_back(trial.id().number());
  }
  if (cut.empty()) return {};
  return fmt::format(
      "{} of {} trials {} stopped by a budget of {} own, and what {} reported counts: "
      "{}.",
      cut.size(), history.trials().size(), cut.size() == 1 ? "was" : "were",
      cut.size() == 1 ? "its" : "their", cut.size() == 1 ? "it" : "they", fmt::join(cut, ", "));
}

Json optional_json(const std::optional<double>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json environment_part(const History& history, const char* key) {
  const auto environment = Json::parse(history.environment(), nullptr, false);
  if (!environment.is_object() || !environment.contains(key)) return nullptr;
  return environment.at(key);
}

Json study_json(const StudyRecord& record) {
  const History& history = record.history;
  const trial::Problem& problem = history.problem();
  Json study = {{"name", problem.name},
                {"seed", problem.seed},
                {"strategy", problem.strategy},
                {"command", problem.command},
                {"started_at", iso_text(record.started_at)},
                {"updated_at", iso_text(record.updated_at)},
                {"elapsed_s", history.total_duration().value()},
                {"state", history.end() ? to_text(history.end()->reason) : "running"},
                {"state_reason", history.end() ? history.end()->text : ""}};
  if (problem.resource.unit != trial::ResourceUnit::Run) {
    study["resource"] = {{"unit", to_text(problem.resource.unit)}, {"max", problem.resource.max}};
  }
  study["host"] = environment_part(history, "host");
  return study;
}

Json constraints_json(const trial::Problem& problem) {
  Json list = Json::array();
  for (const trial::Constraint& constraint : problem.constraints) {
    Json entry = {{"name", to_text(constraint.measure)}};
    if (constraint.min) entry["min"] = *constraint.min;
    if (constraint.max) entry["max"] = *constraint.max;
    list.push_back(entry);
  }
  return list;
}

Json metrics_json(const History& history, const Trial& trial,
                  const std::optional<std::size_t>& report_index) {
  Json metrics = Json::object();
  const auto names = history.metric_names();
  for (std::size_t id = 0; id < names.size(); ++id) {
    const auto metric = static_cast<trial::MetricId>(id);
    const auto value =
        report_index ? trial.metric(*report_index, metric) : trial.last_metric(metric);
    if (value) metrics[names[id]] = *value;
  }
  return metrics;
}

Json curve_json(const History& history, const Trial& trial) {
  Json curve = Json::array();
  for (std::size_t i = 0; i < trial.reports().size(); ++i) {
    const trial::Report& report = trial.reports()[i];
    const bool is_missing = report.provenance == Provenance::Missing;
    curve.push_back({{"step", report.step},
                     {"energy", is_missing ? Json(nullptr) : Json(report.energy.joules().value())},
                     {"duration_s", report.duration_s},
                     {"metrics", metrics_json(history, trial, i)}});
  }
  return curve;
}

Json phases_json(const Trial& trial) {
  Json phases = Json::array();
  for (const trial::PhaseTotal& phase : trial.phases()) {
    phases.push_back({{"name", phase.name},
                      {"energy", to_json(phase.energy)},
                      {"samples", phase.samples},
                      {"duration_s", phase.duration.value()}});
  }
  return phases;
}

Json trial_json(const History& history, const Trial& trial, bool is_on_front) {
  const trial::Problem& problem = history.problem();
  Json out = {{"id", trial.id().number()}, {"state", to_text(trial.state())}};
  if (trial.outcome() && !trial.is_running()) out["outcome"] = to_text(*trial.outcome());
  out["detail"] = trial.detail();
  out["purpose"] = to_text(trial.purpose());
  out["origin"] = to_text(trial.origin());
  if (const auto repeat = trial.repeat()) {
    out["repeat"] = {{"of", repeat->of.number()}, {"number", repeat->number}};
  }
  out["rung"] = trial.rung();
  out["step"] = trial.step();
  out["complete"] = history.is_complete(trial);
  out["configuration"] = Json(problem.space.to_json(trial.configuration()));
  Json objectives = Json::object();
  for (const trial::Objective& objective : problem.objectives) {
    const auto value = history.value(trial, objective.measure);
    if (value) objectives[to_text(objective.measure)] = *value;
  }
  out["objectives"] = objectives;
  const auto violation = history.violation(trial);
  if (violation) out["feasible"] = *violation == 0.0;
  out["on_front"] = is_on_front;
  out["metrics"] = metrics_json(history, trial, std::nullopt);
  if (!trial.info().empty()) {
    for (const trial::MetricValue& fact : trial.info()) out["info"][fact.name] = fact.value;
  }
  out["energy"] = to_json(trial.energy());
  if (const auto full = history.full_training_energy(trial)) {
    out["full_training_energy"] = to_json(full->energy);
    out["full_training_energy"]["projected"] = full->is_projected;
  }
  out["duration_s"] = trial.duration().value();
  out["curve"] = curve_json(history, trial);
  out["phases"] = phases_json(trial);
  for (const trial::DevicesSeen& seen : trial.devices()) {
    out["devices"].push_back(devices_json(seen));
  }
  for (const trial::AssignmentMetered& metered : trial.metering()) {
    out["metering"].push_back({{"node_energy", to_json(metered.node)},
                               {"foreign_cpu_share", optional_json(metered.foreign_cpu_share)},
                               {"notes", metered.notes}});
  }
  return out;
}

Json parameters_json(const trial::Problem& problem) {
  return Json(space::to_json(problem.space)).at("parameters");
}

Json savings_json(const std::vector<Saving>& savings) {
  Json list = Json::array();
  for (const Saving& saving : savings) {
    Json entry = {{"against", saving.against},
                  {"trial", saving.trial.number()},
                  {"comparable", !saving.why_not.has_value()}};
    if (saving.why_not) {
      entry["why_not"] = *saving.why_not;
    } else {
      entry["energy"] = to_json(saving.energy);
      entry["projected"] = saving.is_projected;
      entry["percent"] = saving.percent;
      entry["pays_after_trainings"] = optional_json(saving.pays_after_trainings);
      entry["pays_after_inferences"] = optional_json(saving.pays_after_inferences);
    }
    list.push_back(entry);
  }
  return list;
}

Json ledger_json(const StudyRecord& record, const std::vector<Recommendation>& recommendations,
                 double tolerance) {
  const History& history = record.history;
  Json entries = Json::array();
  for (const Ledger::Entry& entry : record.ledger.entries()) {
    Json out = {{"name", entry.name}, {"label", entry.label}, {"energy", to_json(entry.energy)}};
    if (entry.num_trials > 0) out["num_trials"] = entry.num_trials;
    if (entry.node) out["node_energy"] = to_json(*entry.node);
    entries.push_back(out);
  }
  const std::vector<Saving> saved = savings(history, recommendations, tolerance);
  return {{"total", to_json(record.ledger.total())},
          {"entries", entries},
          {"carbon", carbon_json(history)},
          {"cost", cost_json(history)},
          {"embodied", embodied_json(history)},
          {"footprint_notes", footprint_notes(history)},
          {"notes", record.ledger.notes()},
          {"savings", savings_json(saved)},
          {"stages", stages_json(record.ledger)},
          {"sentence", ledger_sentence(history, recommendations, saved)}};
}

}  // namespace

void StudyRecord::apply(const trial::LoggedEvent& logged) {
  if (logged.sequence == 1) started_at = logged.at;
  updated_at = logged.at;
  history.apply(logged.event, logged.at);
  ledger.apply(logged.event);
  anytime.apply(logged.event, history);
  carbontracker.apply(logged.event);
}

Json to_json(const EnergyFigure& figure) {
  if (figure.is_missing()) {
    return {
        {"value", nullptr}, {"uncertainty", nullptr}, {"provenance", to_text(figure.provenance)}};
  }
  return {{"value", figure.total().joules().value()},
          {"uncertainty", figure.uncertainty.value()},
          {"provenance", to_text(figure.provenance)}};
}

Json report_document(const StudyRecord& record, const DocumentOptions& options) {
  const History& history = record.history;
  const std::vector<TrialId> front_ids = front(history);
  const std::vector<Recommendation> recommendations = recommend(history, options.tolerance);
  Json document = {{"schema", kSchema}, {"wattune", version()}, {"study", study_json(record)}};
  document["budgets"] = Json::array();
  for (const trial::BudgetUse& budget : options.budgets) {
    document["budgets"].push_back({{"name", budget.name},
                                   {"limit", budget.limit},
                                   {"used", budget.used},
                                   {"unit", budget.unit}});
  }
  document["objectives"] = objectives_json(history.problem());
  document["constraints"] = constraints_json(history.problem());
  document["parameters"] = parameters_json(history.problem());
  document["channels"] = environment_part(history, "channels");
  document["trials"] = Json::array();
  for (const Trial& trial : history.trials()) {
    const bool is_on_front = std::ranges::find(front_ids, trial.id()) != front_ids.end();
    document["trials"].push_back(trial_json(history, trial, is_on_front));
  }
  document["front"] = Json::array();
  for (const TrialId id : front_ids) document["front"].push_back(id.number());
  document["recommendations"] = Json::array();
  for (const Recommendation& recommendation : recommendations) {
    document["recommendations"].push_back({{"kind", to_text(recommendation.kind)},
                                           {"trial", recommendation.trial.number()},
                                           {"tolerance", options.tolerance},
                                           {"measured_again", recommendation.is_measured_again},
                                           {"why", recommendation.why}});
  }
  document["finalists"] = finalists_json(history, recommendations);
  document["anytime"] = anytime_json(record);
  document["ledger"] = ledger_json(record, recommendations, options.tolerance);
  if (options.carbontracker) {
    document["ledger"]["carbontracker"] =
        carbontracker_json(record.carbontracker, *options.carbontracker);
  }
  if (options.with_insight) {
    document["importance"] = importance_json(history);
    document["proxies"] = to_json(proxies(history));
  }
  document["advice"] = advice(history, recommendations);
  document["messages"] = options.messages;
  for (const Json& each : document["advice"]) document["messages"].push_back(each);
  for (const std::string& note : record.ledger.notes()) document["messages"].push_back(note);
  if (auto cut = cut_text(history); !cut.empty()) document["messages"].push_back(std::move(cut));
  if (history.end()) {
    for (const std::string& note : history.end()->notes) document["messages"].push_back(note);
  }
  return document;
}

}  // namespace wattune::report
