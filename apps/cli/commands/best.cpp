#include <fmt/format.h>

#include "command.hpp"
#include "reading.hpp"
#include "text_table.hpp"
#include "wattune/base/text.hpp"

namespace wattune::cli {
namespace {

std::string title_of(const std::string& kind) {
  if (kind == "best_quality") return "Best quality";
  if (kind == "knee") return "Knee of the front";
  return "Recommended";
}

/// What happened to the meters while the trial ran, one line each.
std::string metering_lines(const Json& trial) {
  std::string text;
  for (const Json& metered : trial.value("metering", Json::array())) {
    for (const Json& note : metered.at("notes")) {
      text += fmt::format("  {:<16} {}\n", "meter", note.get<std::string>());
    }
  }
  return text;
}

std::string paragraph(const Json& document, const Json& recommendation) {
  const Json& trial = trial_of(document, recommendation.at("trial"));
  std::string text =
      fmt::format("{}: trial {}\n  {}\n", title_of(recommendation.at("kind")),
                  trial.at("id").get<int>(), recommendation.at("why").get<std::string>());
  for (const auto& [name, value] : trial.at("configuration").items()) {
    text += fmt::format("  {:<16} {}\n", name, number_cell(value));
  }
  for (const auto& [name, value] : trial.at("objectives").items()) {
    if (name != "energy") text += fmt::format("  {:<16} {}\n", name, number_cell(value));
  }
  return text + fmt::format("  {:<16} {}\n", "energy", figure_cell(trial.at("energy"))) +
         metering_lines(trial);
}

/// "0.8712 ± 0.0040"; the mean alone where there was one training.
std::string interval_cell(const Json& figure, const std::string& unit) {
  const auto amount = [&](const Json& value) {
    const auto number = value.get<double>();
    if (unit == "J" || unit == "s" || unit == "g") return si_text(number, unit);
    return unit.empty() ? fmt::format("{:.4g}", number) : fmt::format("{:.4g} {}", number, unit);
  };
  std::string text = amount(figure.at("mean"));
  if (figure.at("half_width").is_number()) text += " ± " + amount(figure.at("half_width"));
  return text;
}

std::string deviation_cell(const Json& figure, const std::string& unit) {
  if (!figure.at("deviation").is_number()) return "–";
  Json alone = {{"mean", figure.at("deviation")}, {"half_width", nullptr}};
  return interval_cell(alone, unit);
}

std::string unit_of(const Json& document, const std::string& measure) {
  for (const Json& objective : document.at("objectives")) {
    if (objective.at("name") == measure) return objective.at("unit");
  }
  return measure == "energy" ? "J" : "";
}

/// The difference to the reference, pair by pair; empty for the reference itself.
std::string pair_cell(const Json& finalists, const Json& trial, const std::string& measure,
                      const std::string& unit) {
  for (const Json& pair : finalists.at("pairs")) {
    if (pair.at("trial") != trial || pair.at("measure") != measure) continue;
    const Json& difference = pair.at("difference");
    const bool is_more = difference.at("mean").get<double>() > 0.0;
    return (is_more ? "+" : "") + interval_cell(difference, unit);
  }
  return "";
}

std::string finalists_text(const Json& document) {
  const Json& finalists = document.at("finalists");
  if (finalists.is_null()) return "";
  const std::string reference = finalists.at("reference").dump();
  TextTable table{{"finalist", "trainings", "measure", "mean and 95 % interval", "deviation",
                   fmt::format("less trial {}, in pairs", reference)}};
  for (const Json& finalist : finalists.at("trials")) {
    for (const auto& [measure, figure] : finalist.at("measures").items()) {
      const std::string unit = unit_of(document, measure);
      table.add({finalist.at("trial").dump(), figure.at("count").dump(), measure,
                 interval_cell(figure, unit), deviation_cell(figure, unit),
                 pair_cell(finalists, finalist.at("trial"), measure, unit)});
    }
  }
  return "Measured again, one at a time with nothing beside them:\n" + table.text() + "\n";
}

Json best_json(const Json& document) {
  Json out = {{"study", document.at("study").at("name")},
              {"recommendations", Json::array()},
              {"finalists", document.at("finalists")},
              {"advice", document.at("advice")}};
  for (Json recommendation : document.at("recommendations")) {
    const Json& trial = trial_of(document, recommendation.at("trial"));
    for (const char* key :
         {"configuration", "objectives", "metrics", "energy", "step", "complete"}) {
      recommendation[key] = trial.at(key);
    }
    if (trial.contains("metering")) recommendation["metering"] = trial.at("metering");
    out["recommendations"].push_back(recommendation);
  }
  return out;
}

}  // namespace

std::string best_text(const Json& document) {
  const Json& recommendations = document.at("recommendations");
  if (recommendations.empty()) return "No trial has reached a result that could be recommended.\n";
  std::string text;
  for (const Json& recommendation : recommendations) {
    text += paragraph(document, recommendation) + "\n";
  }
  text += finalists_text(document) + document.at("ledger").at("sentence").get<std::string>() + "\n";
  for (const Json& advice : document.at("advice")) text += "\n" + advice.get<std::string>() + "\n";
  return text;
}

void add_best(const Command& program) {
  add_reading_command(program, "best", "Show the recommended configuration and why", best_json,
                      best_text);
}

}  // namespace wattune::cli
