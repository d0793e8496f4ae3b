#include <fmt/format.h>

#include "command.hpp"
#include "reading.hpp"

namespace wattune::cli {
namespace {

std::string title_of(const std::string& kind) {
  if (kind == "best_quality") return "Best quality";
  if (kind == "knee") return "Knee of the front";
  return "Recommended";
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
  return text + fmt::format("  {:<16} {}\n", "energy", figure_cell(trial.at("energy")));
}

Json best_json(const Json& document) {
  Json out = {{"study", document.at("study").at("name")}, {"recommendations", Json::array()}};
  for (Json recommendation : document.at("recommendations")) {
    const Json& trial = trial_of(document, recommendation.at("trial"));
    for (const char* key :
         {"configuration", "objectives", "metrics", "energy", "step", "complete"}) {
      recommendation[key] = trial.at(key);
    }
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
  return text + document.at("ledger").at("sentence").get<std::string>() + "\n";
}

void add_best(CLI::App& program) {
  add_reading_command(program, "best", "Show the recommended configuration and why", best_json,
                      best_text);
}

}  // namespace wattune::cli
