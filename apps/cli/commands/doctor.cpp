#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>

#include "command.hpp"
#include "machine.hpp"
#include "machine_checks.hpp"
#include "power_limits.hpp"
#include "wattune/base/version.hpp"
#include "wrap.hpp"

namespace wattune::cli {
namespace {

using energy::BackendNote;
using energy::BackendState;
using Json = nlohmann::ordered_json;

/// How good the best figures can be.
enum class Verdict { Measures, ModelsOnly, Nothing };

std::string_view to_text(BackendState state) {
  switch (state) {
    case BackendState::Used:
      return "used";
    case BackendState::Refused:
      return "not used";
    case BackendState::Absent:
      return "absent";
  }
  return "";
}

std::string_view to_text(CheckState state) {
  switch (state) {
    case CheckState::Fine:
      return "fine";
    case CheckState::Note:
      return "note";
    case CheckState::Lacking:
      return "lacking";
  }
  return "";
}

struct Findings {
  energy::MachineMeters machine;
  std::vector<MachineCheck> checks;
  Verdict verdict = Verdict::Nothing;
};

Verdict verdict_on(const energy::MachineMeters& machine) {
  if (machine.meters.empty()) return Verdict::Nothing;
  const bool measures = std::ranges::any_of(machine.meters, [](const auto& meter) {
    return meter->channel().provenance <= Provenance::Integrated;
  });
  return measures ? Verdict::Measures : Verdict::ModelsOnly;
}

std::string words_of(Verdict verdict, const energy::MachineMeters& machine) {
  switch (verdict) {
    case Verdict::Measures: {
      const bool has_model = std::ranges::any_of(machine.meters, [](const auto& meter) {
        return meter->channel().provenance > Provenance::Integrated;
      });
      return has_model ? "Energy is measured in part and modelled in part."
                       : "Energy is measured here.";
    }
    case Verdict::ModelsOnly:
      return "Nothing here measures energy: figures are modelled, and say so.";
    case Verdict::Nothing:
      return "Nothing here can tell energy: figures are missing, and say so.";
  }
  return "";
}

Findings examine(const MachineOptions& options) {
  const SystemClock clock;
  Findings findings;
  findings.machine = open_machine(clock, options);
  CheckPaths paths;
  paths.proc_root = options.proc_root;
  paths.cpu_root = options.cpu_root;
  std::error_code ignored;
  paths.own_program = std::filesystem::read_symlink("/proc/self/exe", ignored);
  const char* search_path = std::getenv("PATH");
  paths.search_path = search_path != nullptr ? search_path : "";
  findings.checks = check_machine(paths);
  findings.checks.push_back(check_power_limits());
  findings.checks.push_back(check_idle_power(findings.machine, read_idle_knowledge(options)));
  findings.verdict = verdict_on(findings.machine);
  return findings;
}

constexpr std::size_t kWords = 29;

std::string line_of(std::string_view state, const std::string& name, const std::string& words,
                    const std::string& remedy) {
  std::string text = wrapped(fmt::format("  {:<9} {:<16}", state, name), words, kWords);
  // A command stays on its line, so that it can be copied.
  std::size_t start = 0;
  while (start < remedy.size()) {
    const std::size_t end = std::min(remedy.find('\n', start), remedy.size());
    text += std::string(kWords, ' ') + "$ " + remedy.substr(start, end - start) + "\n";
    start = end + 1;
  }
  return text;
}

std::string findings_text(const Findings& findings) {
  std::string text = "Where energy could come from\n";
  for (const BackendNote& note : findings.machine.notes) {
    text += line_of(to_text(note.state), note.backend, note.words, note.remedy);
  }
  text += "\nThe machine\n";
  for (const MachineCheck& check : findings.checks) {
    text += line_of(to_text(check.state), check.name, check.words, check.remedy);
  }
  return text + "\n" + words_of(findings.verdict, findings.machine) + "\n";
}

Json findings_json(const Findings& findings) {
  Json json = {{"format", 1},
               {"version", version()},
               {"host", host_json(findings.machine.gpus)},
               {"verdict", findings.verdict == Verdict::Measures     ? "measures"
                           : findings.verdict == Verdict::ModelsOnly ? "models"
                                                                     : "nothing"},
               {"backends", Json::array()},
               {"channels", Json::array()},
               {"checks", Json::array()}};
  const auto text_or_null = [](const std::string& text) {
    return text.empty() ? Json(nullptr) : Json(text);
  };
  for (const BackendNote& note : findings.machine.notes) {
    const char* state = note.state == BackendState::Used      ? "used"
                        : note.state == BackendState::Refused ? "refused"
                                                              : "absent";
    json["backends"].push_back({{"name", note.backend},
                                {"state", state},
                                {"words", note.words},
                                {"remedy", text_or_null(note.remedy)}});
  }
  for (const auto& meter : findings.machine.meters) {
    const energy::Channel& channel = meter->channel();
    json["channels"].push_back({{"id", channel.id},
                                {"kind", energy::to_text(channel.kind)},
                                {"provenance", wattune::to_text(channel.provenance)},
                                {"gain_uncertainty", channel.gain_uncertainty},
                                {"refresh_s", channel.refresh.value()},
                                {"source", channel.source}});
  }
  for (const MachineCheck& check : findings.checks) {
    json["checks"].push_back({{"name", check.name},
                              {"state", to_text(check.state)},
                              {"words", check.words},
                              {"remedy", text_or_null(check.remedy)}});
  }
  return json;
}

}  // namespace

void add_doctor(const Command& program, ExitStatus& status) {
  const Command command = program.add(
      "doctor", "Say how well this machine's energy can be metered, and what would help");
  const auto as_json = std::make_shared<bool>(false);
  const auto machine = std::make_shared<MachineOptions>();
  command.flag("--json", *as_json, "print JSON (docs/command-line.md)");
  add_machine_options(command, machine);
  command.footer(
      "Nothing is changed: the commands it names are yours to run. Exit status: 0 where something\n"
      "measures energy, 1 where it is only modelled or cannot be told at all.\n"
      "Examples:\n"
      "  wattune doctor\n"
      "  wattune doctor --json | jq .verdict\n");
  command.on_call([as_json, machine, &status] {
    const Findings findings = examine(*machine);
    const std::string out =
        *as_json ? findings_json(findings).dump(2) + "\n" : findings_text(findings);
    std::fwrite(out.data(), 1, out.size(), stdout);
    status = findings.verdict == Verdict::Measures ? ExitStatus::Ok : ExitStatus::Failure;
  });
}

}  // namespace wattune::cli
