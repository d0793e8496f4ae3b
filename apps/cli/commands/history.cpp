#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "command.hpp"
#include "output_file.hpp"
#include "study_history.hpp"
#include "text_table.hpp"
#include "wattune/base/text.hpp"

namespace wattune::cli {
namespace {

using Json = nlohmann::ordered_json;

struct HistoryOptions {
  std::vector<std::string> ids;
  std::string id;
  std::string output;
  bool all = false;
  bool json = false;
};

std::string goal_of(const strategies::PastStudy& study) {
  const bool is_maximised = study.direction == trial::Direction::Maximize;
  return fmt::format("{} {}", is_maximised ? "maximize" : "minimize", study.objective);
}

std::vector<std::string> parameters_of(const strategies::PastStudy& study) {
  std::vector<std::string> names;
  for (const space::Parameter& parameter : study.space.parameters()) {
    names.push_back(parameter.name);
  }
  return names;
}

/// Those that the user names, by the first letters of their name where these are enough.
std::vector<KeptStudy> named(const std::vector<std::string>& ids) {
  const std::vector<KeptStudy> all = read_history();
  std::vector<KeptStudy> chosen;
  for (const std::string& id : ids) {
    std::vector<KeptStudy> found;
    for (const KeptStudy& kept : all) {
      if (kept.id.starts_with(id)) found.push_back(kept);
    }
    if (found.size() != 1) {
      throw CommandError(ExitStatus::BadInput,
                         fmt::format("{} {}; `wattune history` lists what is kept", id,
                                     found.empty() ? "names no study that is kept"
                                                   : "is not the only one of its kind"));
    }
    chosen.push_back(found.front());
  }
  return chosen;
}

void list(const HistoryOptions& options) {
  const std::vector<KeptStudy> all = read_history();
  if (options.json) {
    Json out = Json::array();
    for (const KeptStudy& kept : all) {
      out.push_back({{"id", kept.id},
                     {"goal", goal_of(kept.study)},
                     {"parameters", parameters_of(kept.study)},
                     {"num_trials", kept.study.trials.size()}});
    }
    fmt::print("{}\n", out.dump(2));
    return;
  }
  const auto folder = history_folder();
  if (all.empty()) {
    fmt::print("no study is kept{}\n", folder ? " in " + folder->string() : "");
    return;
  }
  TextTable table({"study", "goal", "trials", "parameters"});
  for (const KeptStudy& kept : all) {
    table.add({kept.id, goal_of(kept.study), std::to_string(kept.study.trials.size()),
               join_names(parameters_of(kept.study))});
  }
  fmt::print("{}\nin {}\n", table.text(), folder->string());
}

void show(const HistoryOptions& options) {
  const KeptStudy kept = named({options.id}).front();
  if (options.json) {
    fmt::print("{}\n", to_json(kept.study).dump(2));
    return;
  }
  std::vector<std::string> head{"rank"};
  for (const std::string& name : parameters_of(kept.study)) head.push_back(name);
  TextTable table(head);
  for (const auto& each : kept.study.trials) {
    std::vector<std::string> row{fmt::format("{:.3f}", each.rank)};
    for (std::size_t i = 0; i < kept.study.space.size(); ++i) {
      row.push_back(kept.study.space.value_text(i, each.configuration[i]));
    }
    table.add(std::move(row));
  }
  fmt::print("{}: {}\n{}", kept.id, goal_of(kept.study), table.text());
}

void remove(const HistoryOptions& options) {
  if (options.ids.empty() != options.all) {
    throw CommandError(ExitStatus::BadInput, "name the studies to forget, or give --all");
  }
  const std::vector<KeptStudy> studies = options.all ? read_history() : named(options.ids);
  for (const KeptStudy& kept : studies) {
    std::error_code error;
    std::filesystem::remove(kept.file, error);
    if (error) {
      throw CommandError(ExitStatus::Failure,
                         fmt::format("cannot delete {}: {}", kept.file.string(), error.message()));
    }
  }
  fmt::print("{} {} forgotten\n", studies.size(), studies.size() == 1 ? "study" : "studies");
}

void export_all(const HistoryOptions& options) {
  Json out = Json::array();
  for (const KeptStudy& kept : options.ids.empty() ? read_history() : named(options.ids)) {
    Json document = to_json(kept.study);
    document["id"] = kept.id;
    out.push_back(std::move(document));
  }
  if (options.output.empty()) {
    fmt::print("{}\n", out.dump(1));
  } else {
    write_file(options.output, out.dump(1) + "\n");
  }
}

}  // namespace

void add_history(const Command& program) {
  const Command command =
      program.add("history", "What is kept of earlier studies for later ones to begin with");
  const auto options = std::make_shared<HistoryOptions>();
  command.may_have_command();
  command.flag("--json", options->json, "as JSON");

  const Command of_one = command.add("show", "One study: its configurations and their ranks");
  of_one.option("study", options->id, "name of a study, or how it begins").required();
  of_one.flag("--json", options->json, "as it is kept");

  const Command forget = command.add("remove", "Forget studies");
  forget.option("studies", options->ids, "names of studies, or how they begin");
  forget.flag("--all", options->all, "forget all of them");

  const Command to_file = command.add("export", "Write studies to one JSON file");
  to_file.option("studies", options->ids, "names of studies; all where left out");
  to_file.option("--output,-o", options->output, "file; standard output where left out");

  command.footer(
      "A study that has ended leaves its configurations and how they ranked: no metric, no name, "
      "no "
      "command.\n"
      "The strategies that learn from them try up to five at the beginning. `history: false` in a "
      "study\n"
      "file, `tune --no-history` and WATTUNE_HISTORY=off leave both out.\n"
      "Examples:\n"
      "  wattune history\n"
      "  wattune history show 3f2a\n"
      "  wattune history remove --all\n");
  command.on_call([=] {
    if (of_one.was_called()) return show(*options);
    if (forget.was_called()) return remove(*options);
    if (to_file.was_called()) return export_all(*options);
    list(*options);
  });
}

}  // namespace wattune::cli
