#include "reading.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>

#include "command.hpp"
#include "study_reader.hpp"
#include "wattune/base/text.hpp"

namespace wattune::cli {

void add_reading_command(const Command& program, const std::string& name, const std::string& about,
                         std::function<Json(const Json& document)> part,
                         std::function<std::string(const Json& document)> text) {
  const Command command = program.add(name, about);
  const auto options = std::make_shared<ReadingOptions>();
  command.option("study", options->study,
                 "study file or database; the newest in runs/ where left out");
  command.flag("--json", options->as_json, "print JSON (docs/report-data.md)");
  command.footer(fmt::format(
      "Examples:\n  wattune {0}\n  wattune {0} study.yaml\n  wattune {0} runs/mnist.db --json\n",
      name));
  command.on_call([options, part = std::move(part), text = std::move(text)] {
    const Json document = read_document(find_database(options->study));
    const std::string out = options->as_json ? part(document).dump(2) + "\n" : text(document);
    std::fwrite(out.data(), 1, out.size(), stdout);
  });
}

std::string number_cell(const Json& value) {
  if (value.is_number_integer()) return value.dump();
  if (value.is_number()) {
    const auto number = value.get<double>();
    const bool is_count = number == std::floor(number) && std::abs(number) < 1e15;
    return is_count ? number_text(number) : fmt::format("{:.4g}", number);
  }
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean()) return value.get<bool>() ? "true" : "false";
  return "–";
}

std::string figure_cell(const Json& figure) {
  if (!figure.is_object() || figure.at("value").is_null()) return "unknown (missing)";
  return fmt::format("{} ± {} ({})", si_text(figure.at("value"), "J"),
                     si_text(figure.at("uncertainty"), "J"),
                     figure.at("provenance").get<std::string>());
}

std::string configuration_cell(const Json& configuration) {
  std::string text;
  for (const auto& [name, value] : configuration.items()) {
    text += fmt::format("{}{}={}", text.empty() ? "" : " ", name, number_cell(value));
  }
  return text;
}

const Json& trial_of(const Json& document, const Json& id) {
  return document.at("trials").at(id.get<std::size_t>());
}

std::string step_words(const trial::Problem& problem, const Json& step) {
  if (step.is_null() || problem.resource.unit == trial::ResourceUnit::Run) return "";
  return fmt::format(" at {} {}", number_cell(step), to_text(problem.resource.unit));
}

void require_known(const std::string& option, const std::string& name,
                   const std::vector<std::string>& known) {
  if (std::ranges::find(known, name) != known.end()) return;
  const auto nearest = nearest_name(name, known);
  throw CommandError(
      ExitStatus::BadInput,
      fmt::format("{}: the study knows no `{}`; allowed: {}{}", option, name, join_names(known),
                  nearest ? fmt::format("; did you mean `{}`?", *nearest) : ""));
}

}  // namespace wattune::cli
