#include "wattune/report/statement.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>
#include <vector>

#include "wattune/base/text.hpp"
#include "wattune/base/units.hpp"

namespace wattune::report {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kJoulesPerWh = 3600.0;

/// The value at a path of keys; null where one is not there.
Json at(const Json& document, std::initializer_list<const char*> path) {
  const Json* place = &document;
  for (const char* key : path) {
    if (!place->is_object() || !place->contains(key)) return nullptr;
    place = &place->at(key);
  }
  return *place;
}

/// The parts of the ledger that a reader asks for: all rungs are one.
constexpr std::array<std::pair<const char*, const char*>, 8> kParts{
    {{"probe", "probing the hardware"},
     {"exploration", "exploration: trials that were compared"},
     {"final", "final training"},
     {"finalists", "finalists that were measured again"},
     {"cut", "trials that a budget has cut"},
     {"failed", "failed trials"},
     {"engine", "the tuner itself"},
     {"idle", "idle and other processes"}}};

/// Joules by part, which add up to the total; null where part of it is not known.
Json parts_json(const Json& document) {
  Json parts = Json::object();
  const Json entries = at(document, {"ledger", "entries"});
  for (const auto& [part, words] : kParts) {
    double joules = 0.0;
    bool is_known = true;
    bool is_there = false;
    for (const Json& entry : entries.is_array() ? entries : Json::array()) {
      const std::string name = entry.value("name", std::string{});
      if (name != part && !(name.starts_with("rung_") && part == std::string_view{"exploration"})) {
        continue;
      }
      const Json value = at(entry, {"energy", "value"});
      is_there = true;
      is_known = is_known && value.is_number();
      joules += value.is_number() ? value.get<double>() : 0.0;
    }
    if (is_there) parts[part] = is_known ? Json(joules) : Json(nullptr);
  }
  return parts;
}

Json recommended_json(const Json& document) {
  const Json recommendations = at(document, {"recommendations"});
  if (!recommendations.is_array() || recommendations.empty()) return nullptr;
  for (const Json& trial : document.at("trials")) {
    if (trial.at("id") != recommendations[0].at("trial")) continue;
    return {{"trial", trial.at("id")},
            {"configuration", trial.at("configuration")},
            {"objectives", trial.at("objectives")},
            {"full_training", at(trial, {"full_training_energy"})}};
  }
  return nullptr;
}

Json meters_json(const Json& document) {
  Json meters = Json::array();
  const Json channels = at(document, {"channels"});
  if (!channels.is_array()) return meters;
  for (const Json& channel : channels) {
    meters.push_back({{"channel", at(channel, {"id"})},
                      {"kind", at(channel, {"kind"})},
                      {"provenance", at(channel, {"provenance"})},
                      {"gain_uncertainty", at(channel, {"gain_uncertainty"})},
                      {"source", at(channel, {"source"})}});
  }
  return meters;
}

bool has_kind(const Json& meters, std::string_view kind) {
  for (const Json& meter : meters) {
    if (meter.at("kind") == kind) return true;
  }
  return false;
}

/// What the figures do not hold; a statement that leaves this out would promise too much.
Json limits_of(const Json& statement) {
  Json limits = Json::array();
  const Json& meters = statement.at("meters");
  if (meters.empty()) limits.push_back("No meter was recorded with the study.");
  if (!meters.empty() && !has_kind(meters, "dram")) {
    limits.push_back("Memory has no channel of its own.");
  }
  if (at(statement, {"energy", "total", "value"}).is_null()) {
    limits.push_back("Part of the energy is not known; there is no total.");
  }
  const Json carbon = at(statement, {"carbon"});
  if (carbon.is_null()) {
    limits.push_back("No grid intensity was given: carbon is not stated.");
  } else if (at(carbon, {"pue"}) == 1.0) {
    limits.push_back("Cooling and power supply of the building are left out (PUE 1).");
  }
  if (at(statement, {"embodied"}).is_null()) {
    limits.push_back("Making the machine is left out.");
  }
  limits.push_back("Earlier experiments, data collection and network traffic are left out.");
  return limits;
}

std::string text_or(const Json& value, const std::string& fallback) {
  return value.is_string() && !value.get<std::string>().empty() ? value.get<std::string>()
                                                                : fallback;
}

/// "3.12 kJ ± 1.87 kJ (0.867 Wh; modelled)".
std::string figure_text(const Json& figure) {
  const Json value = at(figure, {"value"});
  if (!value.is_number()) return "unknown";
  const auto joules = value.get<double>();
  const Json uncertainty = at(figure, {"uncertainty"});
  return fmt::format("{}{} ({}; {})", si_text(joules, "J"),
                     uncertainty.is_number() ? " ± " + si_text(uncertainty.get<double>(), "J") : "",
                     si_text(joules / kJoulesPerWh, "Wh"),
                     text_or(at(figure, {"provenance"}), "provenance not stated"));
}

std::string hardware_text(const Json& statement) {
  const Json hardware = at(statement, {"hardware"});
  const Json cores = at(hardware, {"num_cores"});
  std::string text = text_or(at(hardware, {"cpu"}), "processor not recorded");
  if (cores.is_number()) {
    text += fmt::format(", {} hardware threads", number_text(cores.get<double>()));
  }
  const Json gpus = at(hardware, {"gpus"});
  if (gpus.is_array()) {
    for (const Json& gpu : gpus) text += ", " + text_or(gpu, "GPU");
    if (gpus.empty()) text += ", no GPU";
  }
  return text;
}

std::string meter_text(const Json& meter) {
  std::string text = fmt::format("{} ({})", text_or(at(meter, {"channel"}), "channel"),
                                 text_or(at(meter, {"provenance"}), "provenance not stated"));
  const Json gain = at(meter, {"gain_uncertainty"});
  if (gain.is_number()) text += fmt::format(", ± {:.3g} %", 100.0 * gain.get<double>());
  const std::string source = text_or(at(meter, {"source"}), "");
  return source.empty() ? text : text + ": " + source;
}

std::string carbon_text(const Json& statement) {
  const Json carbon = at(statement, {"carbon"});
  const Json value = at(carbon, {"value"});
  if (!value.is_number()) return "not stated: no grid intensity was given";
  const Json uncertainty = at(carbon, {"uncertainty"});
  return fmt::format("{}{} of CO2 equivalents; {}", si_text(value.get<double>(), "g"),
                     uncertainty.is_number() ? " ± " + si_text(uncertainty.get<double>(), "g") : "",
                     text_or(at(carbon, {"basis"}), "basis not recorded"));
}

std::string configuration_text(const Json& configuration) {
  std::string text;
  for (const auto& [name, value] : configuration.items()) {
    text += fmt::format("{}{} = {}", text.empty() ? "" : ", ", name,
                        value.is_string() ? value.get<std::string>() : value.dump());
  }
  return text;
}

/// What the statement says, as pairs of what and how much: both formats print the same rows.
std::vector<std::pair<std::string, std::string>> rows_of(const Json& statement) {
  std::vector<std::pair<std::string, std::string>> rows;
  const auto add = [&](std::string what, std::string how) {
    rows.emplace_back(std::move(what), std::move(how));
  };
  add("Study", fmt::format("{} ({}), seed {}", text_or(at(statement, {"study", "name"}), "unnamed"),
                           text_or(at(statement, {"study", "strategy"}), "strategy not recorded"),
                           at(statement, {"study", "seed"}).dump()));
  add("Hardware", hardware_text(statement));
  for (const Json& meter : statement.at("meters")) add("Meter", meter_text(meter));
  add("Total of the search", figure_text(at(statement, {"energy", "total"})));
  for (const auto& [part, words] : kParts) {
    const Json parts = at(statement, {"energy", "parts"});
    if (!parts.contains(part)) continue;
    const Json joules = parts.at(part);
    add(fmt::format("of it {}", words),
        joules.is_number() ? si_text(joules.get<double>(), "J") : "unknown");
  }
  const Json recommended = at(statement, {"recommended"});
  if (!recommended.is_null()) {
    const bool is_projected = at(recommended, {"full_training", "projected"}) == true;
    add(is_projected ? "One full training of the result (projected)"
                     : "One full training of the result",
        figure_text(at(recommended, {"full_training"})));
    add("Result", configuration_text(recommended.at("configuration")));
  }
  const Json elapsed = at(statement, {"study", "elapsed_s"});
  if (elapsed.is_number()) add("Time", duration_text(Seconds{elapsed.get<double>()}));
  add("Carbon", carbon_text(statement));
  const Json cost = at(statement, {"cost", "value"});
  if (cost.is_number()) {
    add("Cost of the energy", fmt::format("{:.3g} {}", cost.get<double>(),
                                          text_or(at(statement, {"cost", "currency"}), "")));
  }
  const Json embodied = at(statement, {"embodied", "value"});
  if (embodied.is_number()) {
    add("Making the machine, its share",
        si_text(embodied.get<double>(), "g") + " of CO2 equivalents");
  }
  return rows;
}

std::string latex_escaped(std::string_view text) {
  std::string escaped;
  for (std::size_t i = 0; i < text.size(); ++i) {
    constexpr std::string_view kPlusMinus = "±";
    constexpr std::string_view kMicro = "µ";
    const char letter = text[i];
    if (text.substr(i).starts_with(kPlusMinus)) {
      escaped += "$\\pm$";
      i += kPlusMinus.size() - 1;
    } else if (text.substr(i).starts_with(kMicro)) {
      escaped += "$\\mu$";
      i += kMicro.size() - 1;
    } else if (letter == '\\') {
      escaped += "\\textbackslash{}";
    } else if (letter == '~' || letter == '^') {
      escaped += fmt::format("\\{}{{}}", letter);
    } else {
      if (std::string_view{"&%$#_{}"}.find(letter) != std::string_view::npos) escaped += '\\';
      escaped += letter;
    }
  }
  return escaped;
}

std::string markdown_escaped(std::string_view text) {
  std::string escaped;
  for (const char letter : text) {
    if (letter == '|' || letter == '\\') escaped += '\\';
    escaped += letter == '\n' ? ' ' : letter;
  }
  return escaped;
}

std::string lead_of(const Json& statement) {
  std::string carbon = carbon_text(statement);
  carbon.resize(std::min(carbon.find(';'), carbon.size()));
  return fmt::format(
      "Searching took {}; carbon: {}. Uncertainties are half widths of 95 % intervals.",
      figure_text(at(statement, {"energy", "total"})), carbon);
}

}  // namespace

Json statement(const Json& document) {
  Json study = Json::object();
  for (const char* key : {"name", "seed", "strategy", "command", "started_at", "updated_at",
                          "elapsed_s", "state", "state_reason", "resource"}) {
    study[key] = at(document, {"study", key});
  }
  study["num_trials"] = document.at("trials").size();
  Json out{{"schema", 1},
           {"kind", "statement"},
           {"study", std::move(study)},
           {"software", {{"wattune", at(document, {"wattune"})}}},
           {"hardware", at(document, {"study", "host"})},
           {"meters", meters_json(document)},
           {"energy",
            {{"total", at(document, {"ledger", "total"})},
             {"parts", parts_json(document)},
             {"notes", at(document, {"ledger", "notes"})}}},
           {"recommended", recommended_json(document)},
           {"carbon", at(document, {"ledger", "carbon"})},
           {"cost", at(document, {"ledger", "cost"})},
           {"embodied", at(document, {"ledger", "embodied"})}};
  out["limits"] = limits_of(out);
  return out;
}

std::string statement_markdown(const Json& statement) {
  std::string text =
      "## Energy and carbon\n\n" + lead_of(statement) + "\n\n| what | how much |\n|---|---|\n";
  for (const auto& [what, how] : rows_of(statement)) {
    text += fmt::format("| {} | {} |\n", markdown_escaped(what), markdown_escaped(how));
  }
  text += "\nNot in these figures:\n\n";
  for (const Json& limit : statement.at("limits")) {
    text += fmt::format("- {}\n", limit.get<std::string>());
  }
  return text;
}

std::string statement_latex(const Json& statement) {
  std::string text = "\\paragraph{Energy and carbon.} " + latex_escaped(lead_of(statement)) + "\n";
  for (const Json& limit : statement.at("limits")) {
    text += latex_escaped(limit.get<std::string>()) + "\n";
  }
  text +=
      "\n\\begin{table}[h]\n  \\centering\n  \\begin{tabular}{lp{0.6\\linewidth}}\n    \\hline\n";
  for (const auto& [what, how] : rows_of(statement)) {
    text += fmt::format("    {} & {} \\\\\n", latex_escaped(what), latex_escaped(how));
  }
  return text +
         "    \\hline\n  \\end{tabular}\n  \\caption{Energy and carbon of the "
         "study.}\n\\end{table}\n";
}

}  // namespace wattune::report
