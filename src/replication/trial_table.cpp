#include "wattune/replication/trial_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "wattune/base/text.hpp"
#include "wattune/base/version.hpp"

namespace wattune::replication {
namespace {

using Json = nlohmann::ordered_json;
using trial::History;
using trial::Trial;

constexpr std::size_t kLongestDetail = 200;

Cell cell_from(const Json& value) {
  if (value.is_number()) return value.get<double>();
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean()) return value.get<bool>() ? 1.0 : 0.0;
  return {};
}

/// The value under a path of keys; missing where one is not there.
Cell cell_at(const Json& document, std::initializer_list<const char*> path) {
  const Json* place = &document;
  for (const char* key : path) {
    if (!place->is_object() || !place->contains(key)) return {};
    place = &place->at(key);
  }
  return cell_from(*place);
}

Cell truth(bool holds) {
  return holds ? 1.0 : 0.0;
}

/// Does it keep the constraints? Missing where that is not known.
Cell feasible(const History& history, const Trial& trial) {
  const auto violation = history.violation(trial);
  return cell_if(violation.has_value(), violation == 0.0 ? 1.0 : 0.0);
}

/// The last line of what is known of a failure: where a program says why it ended.
std::string detail_of(const Trial& trial) {
  std::string text = trial.detail();
  while (text.ends_with('\n')) text.pop_back();
  const std::size_t line = text.rfind('\n');
  if (line != std::string::npos) text.erase(0, line + 1);
  return text.substr(0, kLongestDetail);
}

/// The names that differ from trial to trial, in the order in which they are met.
struct Names {
  std::vector<std::string> facts;
  std::vector<std::string> phases;
};

void add_once(std::vector<std::string>& names, const std::string& name) {
  if (std::ranges::find(names, name) == names.end()) names.push_back(name);
}

Names names_in(const History& history) {
  Names names;
  for (const Trial& trial : history.trials()) {
    for (const trial::MetricValue& fact : trial.info()) add_once(names.facts, fact.name);
    for (const trial::PhaseTotal& phase : trial.phases()) add_once(names.phases, phase.name);
  }
  return names;
}

/// Joins the names of all channels that the study's joules come from.
std::string meters_of(const Json& document) {
  std::string meters;
  if (!document.contains("channels") || !document.at("channels").is_array()) return meters;
  for (const Json& channel : document.at("channels")) {
    meters +=
        fmt::format("{}{} ({})", meters.empty() ? "" : ", ", channel.value("id", std::string{"?"}),
                    channel.value("provenance", std::string{"?"}));
  }
  return meters;
}

/// A row under way: cells with their columns, so that both are written in one place.
class RowWriter {
 public:
  void put(std::string column, Cell cell) {
    columns_.push_back(std::move(column));
    cells_.push_back(std::move(cell));
  }
  void put_into(Table& table) && {
    if (table.num_rows() == 0) table = Table{std::move(columns_)};
    table.add(std::move(cells_));
  }
  [[nodiscard]] Cell find(std::string_view column) const {
    const auto found = std::ranges::find(columns_, column);
    return found == columns_.end() ? Cell{}
                                   : cells_[static_cast<std::size_t>(found - columns_.begin())];
  }

 private:
  std::vector<std::string> columns_;
  std::vector<Cell> cells_;
};

void put_parameters(RowWriter& row, const History& history, const Trial& trial) {
  const Json values = Json(history.problem().space.to_json(trial.configuration()));
  for (const space::Parameter& parameter : history.problem().space.parameters()) {
    row.put("parameter." + parameter.name,
            values.contains(parameter.name) ? cell_from(values.at(parameter.name)) : Cell{});
  }
}

void put_energy(RowWriter& row, const History& history, const Trial& trial) {
  const EnergyFigure& energy = trial.energy();
  const bool is_known = !energy.is_missing();
  row.put("duration_s", trial.duration().value());
  row.put("energy_j", cell_if(is_known, energy.total().joules().value()));
  row.put("energy_uncertainty_j", cell_if(is_known, energy.uncertainty.value()));
  row.put("energy_idle_j", cell_if(is_known, energy.idle.joules().value()));
  row.put("energy_provenance", std::string{wattune::to_text(energy.provenance)});
  const trial::Measure carbon{trial::MeasureKind::Carbon, ""};
  row.put("carbon_g", cell_of(history.value(trial, carbon)));
}

void put_phases(RowWriter& row, const Trial& trial, const Names& names) {
  for (const std::string& name : names.phases) {
    const auto phases = trial.phases();
    const auto found = std::ranges::find(phases, name, &trial::PhaseTotal::name);
    const bool is_there = found != phases.end();
    const bool is_known = is_there && !found->energy.is_missing();
    row.put(fmt::format("phase.{}.energy_j", name),
            is_known ? Cell{found->energy.total().joules().value()} : Cell{});
    row.put(fmt::format("phase.{}.duration_s", name),
            is_there ? Cell{found->duration.value()} : Cell{});
    row.put(fmt::format("phase.{}.samples", name), is_there ? Cell{found->samples} : Cell{});
  }
}

void put_provenance(RowWriter& row, const report::StudyRecord& record, const Json& document) {
  row.put("seed", static_cast<double>(record.history.problem().seed));
  row.put("machine", cell_at(document, {"study", "host", "name"}));
  row.put("cpu", cell_at(document, {"study", "host", "cpu"}));
  row.put("meters", meters_of(document));
  row.put("wattune", std::string{version()});
  row.put("started_at", iso_text(record.started_at));
}

void put_facts(RowWriter& row, const History& history, const Trial& trial, const Names& names) {
  const auto metrics = history.metric_names();
  for (std::size_t id = 0; id < metrics.size(); ++id) {
    row.put("metric." + metrics[id], cell_of(trial.last_metric(static_cast<trial::MetricId>(id))));
  }
  for (const std::string& name : names.facts) {
    const auto facts = trial.info();
    const auto found = std::ranges::find(facts, name, &trial::MetricValue::name);
    row.put("info." + name, found != facts.end() ? Cell{found->value} : Cell{});
  }
}

}  // namespace

Table trial_table(const std::string& experiment, const report::StudyRecord& record,
                  const Json& document,
                  const std::vector<std::pair<std::string, Expression>>& columns) {
  const History& history = record.history;
  const Names names = names_in(history);
  std::set<std::uint32_t> front;
  for (const Json& id : document.at("front")) front.insert(id.get<std::uint32_t>());
  const Json& recommendations = document.at("recommendations");
  const Cell recommended =
      recommendations.empty() ? Cell{} : cell_at(recommendations[0], {"trial"});
  Table table{{"experiment"}};
  for (const Trial& trial : history.trials()) {
    RowWriter row;
    row.put("experiment", experiment);
    row.put("trial", static_cast<double>(trial.id().number()));
    row.put("state", std::string{to_text(trial.state())});
    row.put("outcome", trial.outcome() ? Cell{std::string{to_text(*trial.outcome())}} : Cell{});
    row.put("detail", detail_of(trial));
    row.put("purpose", std::string{to_text(trial.purpose())});
    row.put("origin", std::string{to_text(trial.origin())});
    row.put("rung", static_cast<double>(trial.rung()));
    row.put("step", trial.step());
    row.put("complete", truth(history.is_complete(trial)));
    row.put("on_front", truth(front.contains(trial.id().number())));
    row.put("recommended", truth(recommended == Cell{static_cast<double>(trial.id().number())}));
    row.put("feasible", feasible(history, trial));
    put_energy(row, history, trial);
    put_parameters(row, history, trial);
    put_facts(row, history, trial, names);
    put_phases(row, trial, names);
    put_provenance(row, record, document);
    for (const auto& [name, formula] : columns) {
      row.put(name, formula.evaluate([&](std::string_view column) { return row.find(column); }));
    }
    std::move(row).put_into(table);
  }
  return table;
}

Table curve_table(const std::string& experiment, const report::StudyRecord& record) {
  const History& history = record.history;
  const auto metrics = history.metric_names();
  Table table{{"experiment"}};
  for (const Trial& trial : history.trials()) {
    for (std::size_t i = 0; i < trial.reports().size(); ++i) {
      const trial::Report& report = trial.reports()[i];
      const bool is_known = report.provenance != Provenance::Missing;
      RowWriter row;
      row.put("experiment", experiment);
      row.put("trial", static_cast<double>(trial.id().number()));
      put_parameters(row, history, trial);
      row.put("step", report.step);
      row.put("energy_j", cell_if(is_known, report.energy.joules().value()));
      row.put("duration_s", static_cast<double>(report.duration_s));
      row.put("samples", report.samples);
      for (std::size_t id = 0; id < metrics.size(); ++id) {
        row.put("metric." + metrics[id],
                cell_of(trial.metric(i, static_cast<trial::MetricId>(id))));
      }
      std::move(row).put_into(table);
    }
  }
  return table;
}

Table experiment_table(const std::string& experiment, const Json& document) {
  const Json& trials = document.at("trials");
  const auto num_failed = std::ranges::count_if(
      trials, [](const Json& trial) { return trial.at("state") == "failed"; });
  const Json& curve = document.at("anytime").at("curve");
  const Json best = curve.empty() ? Json::object() : curve.back();
  const Json& recommendations = document.at("recommendations");
  Json chosen = Json::object();
  for (const Json& trial : trials) {
    if (!recommendations.empty() && trial.at("id") == recommendations[0].at("trial"))
      chosen = trial;
  }
  const std::string objective = document.at("objectives").at(0).at("name").get<std::string>();
  RowWriter row;
  row.put("experiment", experiment);
  row.put("state", cell_at(document, {"study", "state"}));
  row.put("why", cell_at(document, {"study", "state_reason"}));
  row.put("strategy", cell_at(document, {"study", "strategy"}));
  row.put("trials", static_cast<double>(trials.size()));
  row.put("failed", static_cast<double>(num_failed));
  row.put("energy_j", cell_at(document, {"ledger", "total", "value"}));
  row.put("energy_uncertainty_j", cell_at(document, {"ledger", "total", "uncertainty"}));
  row.put("energy_provenance", cell_at(document, {"ledger", "total", "provenance"}));
  const Json& stages = document.at("ledger").at("stages");
  for (const char* stage : {"probe", "exploration", "final", "failed", "engine", "idle"}) {
    // A stage that is not there did not occur; where energies are missing, none is there.
    row.put(fmt::format("{}_j", stage),
            stages.is_object() ? Cell{stages.value(stage, 0.0)} : Cell{});
  }
  row.put("elapsed_s", cell_at(document, {"study", "elapsed_s"}));
  row.put("quality", cell_at(best, {"quality"}));
  row.put("quality_energy_j", cell_at(best, {"energy"}));
  row.put("recommended", cell_at(chosen, {"id"}));
  row.put("recommended_quality", cell_at(chosen, {"objectives", objective.c_str()}));
  row.put("recommended_energy_j", cell_at(chosen, {"full_training_energy", "value"}));
  row.put("carbontracker_wh", cell_at(document, {"ledger", "carbontracker", "without_pue"}));
  row.put("carbontracker_pue_wh", cell_at(document, {"ledger", "carbontracker", "value"}));
  row.put("carbon_g", cell_at(document, {"ledger", "carbon", "value"}));
  row.put("grid_g_per_kwh", cell_at(document, {"ledger", "carbon", "intensity"}));
  Table table;
  std::move(row).put_into(table);
  return table;
}

Table experiment_table(const std::string& experiment, const std::string& state,
                       const std::string& why) {
  Table table{{"experiment", "state", "why"}};
  table.add({experiment, state, why});
  return table;
}

}  // namespace wattune::replication
