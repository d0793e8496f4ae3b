#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "command_line.hpp"
#include "wattune/trial/problem.hpp"

namespace wattune::cli {

/// What the reading commands share: which study, and for whom.
struct ReadingOptions {
  std::string study;  ///< As given; empty for the newest.
  bool as_json = false;
};

using Json = nlohmann::ordered_json;

/// Adds a command that reads a study's report document and prints a part of it: as JSON what `part`
/// picks, otherwise what `text` makes of the document.
void add_reading_command(const Command& program, const std::string& name, const std::string& about,
                         std::function<Json(const Json& document)> part,
                         std::function<std::string(const Json& document)> text);

/// "0.8912", "41.2 J ± 24.7 J (modelled)", "–" for what is absent or null.
[[nodiscard]] std::string number_cell(const Json& value);
[[nodiscard]] std::string figure_cell(const Json& figure);
/// "lr=0.05 width=16"
[[nodiscard]] std::string configuration_cell(const Json& configuration);
/// The recommendations with their reasons, and the ledger's sentence.
[[nodiscard]] std::string best_text(const Json& document);
[[nodiscard]] const Json& trial_of(const Json& document, const Json& id);
/// " at 12500 samples"; empty where the program runs as a whole or nothing is known.
[[nodiscard]] std::string step_words(const trial::Problem& problem, const Json& step);
/// Errors   CommandError  the name is none of these; says which there are and which one is near
void require_known(const std::string& option, const std::string& name,
                   const std::vector<std::string>& known);

}  // namespace wattune::cli
