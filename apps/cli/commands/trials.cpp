#include <fmt/format.h>

#include "command.hpp"
#include "reading.hpp"
#include "text_table.hpp"

namespace wattune::cli {
namespace {

/// "completed", "failed_exit", "probe stopped", "finalist completed".
std::string state_of(const Json& trial) {
  const auto state = trial.value("outcome", trial.at("state").get<std::string>());
  const auto purpose = trial.at("purpose").get<std::string>();
  return purpose == "search" ? state : purpose + " " + state;
}

std::string table_of(const Json& document, const std::vector<const Json*>& trials) {
  std::vector<std::string> head{"trial", "state", "step"};
  for (const Json& objective : document.at("objectives")) {
    if (objective.at("name") != "energy") head.push_back(objective.at("name"));
  }
  head.insert(head.end(), {"energy", "configuration"});
  TextTable table{head};
  for (const Json* trial : trials) {
    std::vector<std::string> row{trial->at("id").dump(), state_of(*trial),
                                 number_cell(trial->at("step"))};
    for (const Json& objective : document.at("objectives")) {
      if (objective.at("name") == "energy") continue;
      row.push_back(
          number_cell(trial->at("objectives").value(objective.at("name"), Json(nullptr))));
    }
    row.push_back(figure_cell(trial->at("energy")));
    row.push_back(configuration_cell(trial->at("configuration")));
    table.add(row);
  }
  return table.text();
}

/// Why a trial has failed, in one line: what happened, and the last that it wrote to standard
/// error.
std::string reason_of(const Json& trial) {
  std::string detail = trial.value("detail", std::string{});
  detail.erase(detail.find_last_not_of(" \n\r\t") + 1);
  const std::string first = detail.substr(0, detail.find('\n'));
  if (first.size() == detail.size()) return first;
  return first + ": " + detail.substr(detail.rfind('\n') + 1);
}

std::string failures_text(const Json& document) {
  std::string text;
  for (const Json& trial : document.at("trials")) {
    if (trial.at("state") != "failed") continue;
    text += fmt::format("trial {}: {}\n", trial.at("id").dump(), reason_of(trial));
  }
  return text.empty() ? text : "\n" + text;
}

/// Meters that failed, and processes that ran beside the trials.
std::string metering_text(const Json& document) {
  std::string text;
  for (const Json& note : document.at("ledger").at("notes")) {
    text += "\n" + note.get<std::string>() + "\n";
  }
  return text;
}

std::string trials_text(const Json& document) {
  std::vector<const Json*> trials;
  for (const Json& trial : document.at("trials")) trials.push_back(&trial);
  return table_of(document, trials) + failures_text(document) + metering_text(document);
}

std::string front_text(const Json& document) {
  std::vector<const Json*> trials;
  for (const Json& id : document.at("front")) trials.push_back(&trial_of(document, id));
  if (trials.empty()) return "No trial has reached a result yet.\n";
  return table_of(document, trials);
}

Json front_json(const Json& document) {
  Json out = {{"study", document.at("study").at("name")},
              {"objectives", document.at("objectives")},
              {"trials", Json::array()}};
  for (const Json& id : document.at("front")) out["trials"].push_back(trial_of(document, id));
  return out;
}

}  // namespace

void add_trials(const Command& program) {
  add_reading_command(
      program, "trials", "List every trial, and why those that failed did",
      [](const Json& document) { return document.at("trials"); }, trials_text);
}

void add_front(const Command& program) {
  add_reading_command(program, "front", "List the trials that no other one beats", front_json,
                      front_text);
}

}  // namespace wattune::cli
