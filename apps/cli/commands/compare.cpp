#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <optional>

#include "command.hpp"
#include "reading.hpp"
#include "study_reader.hpp"
#include "text_table.hpp"
#include "wattune/base/text.hpp"

namespace wattune::cli {
namespace {

const Json* best_trial(const Json& document) {
  for (const Json& recommendation : document.at("recommendations")) {
    if (recommendation.at("kind") == "best_quality") {
      return &trial_of(document, recommendation.at("trial"));
    }
  }
  return nullptr;
}

std::optional<double> total_energy(const Json& document) {
  const Json& value = document.at("ledger").at("total").at("value");
  if (value.is_null()) return std::nullopt;
  return value.get<double>();
}

Json summary_of(const Json& document) {
  Json summary = {{"study", document.at("study").at("name")},
                  {"strategy", document.at("study").at("strategy")},
                  {"state", document.at("study").at("state")},
                  {"energy", document.at("ledger").at("total")},
                  {"elapsed_s", document.at("study").at("elapsed_s")},
                  {"num_trials", document.at("trials").size()}};
  const Json* best = best_trial(document);
  if (best == nullptr) return summary;
  summary["best"] = {
      {"trial", best->at("id")},          {"step", best->at("step")},
      {"complete", best->at("complete")}, {"configuration", best->at("configuration")},
      {"metrics", best->at("metrics")},   {"energy", best->at("energy")}};
  return summary;
}

Json comparison(const Json& left, const Json& right) {
  Json out = {{"studies", {summary_of(left), summary_of(right)}}};
  const auto left_energy = total_energy(left);
  const auto right_energy = total_energy(right);
  if (left_energy && right_energy && *left_energy > 0.0) {
    out["energy_ratio"] = *right_energy / *left_energy;
  }
  return out;
}

std::string comparison_text(const Json& comparison) {
  TextTable table{{"study", "energy", "time", "trials", "best trial", "metrics of the best trial"}};
  std::string strategies;
  for (const Json& study : comparison.at("studies")) {
    const std::string name =
        (strategies.empty() ? "first: " : "second: ") + study.at("study").get<std::string>();
    strategies += fmt::format("{}: {}\n", name, study.at("strategy").get<std::string>());
    std::string metrics = "no result";
    if (study.contains("best")) metrics = configuration_cell(study.at("best").at("metrics"));
    table.add({name, figure_cell(study.at("energy")),
               duration_text(Seconds{study.at("elapsed_s").get<double>()}),
               study.at("num_trials").dump(),
               study.contains("best") ? study.at("best").at("trial").dump() : "–", metrics});
  }
  std::string text = table.text() + "\n" + strategies;
  if (comparison.contains("energy_ratio")) {
    text += fmt::format("\nthe second took {:.2f} times the energy of the first\n",
                        comparison.at("energy_ratio").get<double>());
  }
  return text;
}

}  // namespace

void add_compare(const Command& program) {
  struct Options {
    std::string left;
    std::string right;
    bool as_json = false;
  };
  const Command command =
      program.add("compare", "Set the energy and the best results of two studies side by side");
  const auto options = std::make_shared<Options>();
  command.option("first", options->left, "study file or database").required();
  command.option("second", options->right, "study file or database").required();
  command.flag("--json", options->as_json, "print JSON");
  command.footer("Examples:\n  wattune compare search.yaml runs/baseline.db\n");
  command.on_call([options] {
    const Json result = comparison(read_document(find_database(options->left)),
                                   read_document(find_database(options->right)));
    const std::string out = options->as_json ? result.dump(2) + "\n" : comparison_text(result);
    std::fwrite(out.data(), 1, out.size(), stdout);
  });
}

}  // namespace wattune::cli
