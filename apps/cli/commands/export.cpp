#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <set>

#include "command.hpp"
#include "output_file.hpp"
#include "reading.hpp"
#include "study_reader.hpp"

namespace wattune::cli {
namespace {

/// RFC 4180: quotes where a field needs them. What is absent is an empty field.
std::string csv_field(const Json& value) {
  if (value.is_null()) return {};
  const std::string text = value.is_string() ? value.get<std::string>() : value.dump();
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char letter : text) quoted += letter == '"' ? "\"\"" : std::string{letter};
  return quoted + "\"";
}

std::string csv_line(const std::vector<Json>& fields) {
  std::string line;
  for (std::size_t i = 0; i < fields.size(); ++i) line += (i > 0 ? "," : "") + csv_field(fields[i]);
  return line + "\n";
}

Json field(const Json& object, const std::string& name) {
  return object.contains(name) ? object.at(name) : Json(nullptr);
}

std::string csv_of(const Json& document) {
  std::set<std::string> metrics;
  for (const Json& trial : document.at("trials")) {
    for (const auto& [name, value] : trial.at("metrics").items()) metrics.insert(name);
  }
  std::vector<Json> head{"trial",
                         "state",
                         "outcome",
                         "purpose",
                         "origin",
                         "rung",
                         "step",
                         "complete",
                         "on_front",
                         "duration_s",
                         "energy_j",
                         "energy_uncertainty_j",
                         "energy_provenance"};
  for (const Json& parameter : document.at("parameters")) {
    head.push_back("parameter." + parameter.at("name").get<std::string>());
  }
  for (const std::string& metric : metrics) head.push_back("metric." + metric);
  std::string csv = csv_line(head);
  for (const Json& trial : document.at("trials")) {
    std::vector<Json> row;
    for (const char* key : {"id", "state", "outcome", "purpose", "origin", "rung", "step",
                            "complete", "on_front", "duration_s"}) {
      row.push_back(field(trial, key));
    }
    for (const char* key : {"value", "uncertainty", "provenance"}) {
      row.push_back(trial.at("energy").at(key));
    }
    for (const Json& parameter : document.at("parameters")) {
      row.push_back(field(trial.at("configuration"), parameter.at("name")));
    }
    for (const std::string& metric : metrics) row.push_back(field(trial.at("metrics"), metric));
    csv += csv_line(row);
  }
  return csv;
}

}  // namespace

void add_export(const Command& program) {
  struct Options {
    std::string study;
    std::string format = "csv";
    std::string output;
  };
  const Command command =
      program.add("export", "Write the trials as CSV, or the whole report document as JSON");
  const auto options = std::make_shared<Options>();
  command.option("study", options->study,
                 "study file or database; the newest in runs/ where left out");
  command.option("-f,--format", options->format, "csv or json").one_of({"csv", "json"});
  command.option("-o,--output", options->output, "file to write; standard output where left out");
  command.footer(
      "Examples:\n  wattune export > trials.csv\n  wattune export study.yaml -f json -o "
      "study.json\n");
  command.on_call([options] {
    const Insight insight = options->format == "csv" ? Insight::Without : Insight::With;
    const Json document = read_document(find_database(options->study), insight);
    const std::string text = options->format == "csv" ? csv_of(document) : document.dump(2) + "\n";
    if (options->output.empty()) {
      std::fwrite(text.data(), 1, text.size(), stdout);
    } else {
      write_file(options->output, text);
    }
  });
}

}  // namespace wattune::cli
