#include "replication_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "command.hpp"
#include "output_file.hpp"
#include "study_reader.hpp"
#include "wattune/base/text.hpp"
#include "wattune/replication/planned_study.hpp"
#include "wattune/replication/trial_table.hpp"

namespace wattune::cli {
namespace {

namespace fs = std::filesystem;
using replication::Experiment;
using replication::Table;
using Json = nlohmann::ordered_json;

constexpr const char* kExperiments = "experiments";

/// What became of an experiment; no row of trials where it left nothing.
struct Left {
  Table summary;
  std::optional<Table> trials = {};
  std::optional<Table> curves = {};
  bool is_interrupted = false;
};

void say(const ReplicationRun& run, const std::string& line) {
  if (run.voice == Voice::Silent) return;
  fmt::print("{}\n", line);
  std::fflush(stdout);
}

fs::path database_of(const ReplicationRun& run, const std::string& experiment) {
  return fs::path{"runs"} / "studies" / run.manifest.name / to_text(run.scale) /
         (experiment + ".db");
}

fs::path table_path(const ReplicationRun& run, const std::string& table) {
  return results_folder(run.manifest, run.scale) / (table + ".csv");
}

std::string text_of(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>{stream}, {}};
}

/// The folder of the trial that an experiment recommends.
fs::path recommended_folder(const fs::path& database) {
  const Json document = read_document(database);
  const Json& recommendations = document.at("recommendations");
  if (recommendations.empty()) return {};
  return fs::absolute(fs::path{database}.replace_extension(".files")) /
         fmt::format("trial-{:06}", recommendations[0].at("trial").get<std::uint32_t>());
}

/// The files that an experiment takes from others.
///
/// Errors   CommandError  one of them is not there
std::map<std::string, std::string> inputs_of(const ReplicationRun& run,
                                             const Experiment& experiment) {
  std::map<std::string, std::string> inputs;
  if (experiment.inputs.empty()) return inputs;
  // As seen from where the command runs, so that results name no folder of this machine.
  const fs::path study = run.manifest.folder / experiment.study;
  const fs::path named = config::read_study_file(study).runner.directory;
  const fs::path directory = fs::absolute(named.empty() ? run.manifest.folder : named);
  for (const replication::Input& input : experiment.inputs) {
    const fs::path database = database_of(run, input.experiment);
    const fs::path file =
        fs::exists(database) ? recommended_folder(database) / input.file : fs::path{input.file};
    if (!fs::exists(file)) {
      throw CommandError(ExitStatus::Failure,
                         fmt::format("`{}` left no {}", input.experiment, input.file));
    }
    inputs.emplace(input.parameter, fs::relative(file, directory).string());
  }
  return inputs;
}

/// Why nothing came of it: what the first failed trial said.
std::string failure_of(const Json& document) {
  for (const Json& trial : document.at("trials")) {
    if (trial.at("state") != "failed") return {};
  }
  if (document.at("trials").empty()) return "no trial was run";
  std::string detail = document.at("trials")[0].value("detail", std::string{});
  std::ranges::replace(detail, '\n', ' ');
  return fmt::format("every trial failed: {}", detail);
}

Left tables_of(const ReplicationRun& run, const Experiment& experiment, const fs::path& database) {
  const report::StudyRecord record = read_study(database);
  const Json document = document_of(record);
  const bool is_interrupted = document.at("study").at("state") == "interrupted";
  const std::string failure = is_interrupted ? std::string{} : failure_of(document);
  Left left{failure.empty() ? replication::experiment_table(experiment.name, document)
                            : replication::experiment_table(experiment.name, "failed", failure)};
  left.trials = replication::trial_table(experiment.name, record, document, run.manifest.columns);
  left.curves = replication::curve_table(experiment.name, record);
  left.is_interrupted = is_interrupted;
  return left;
}

/// Errors   runtime_error  with what cannot be run of the study, and where its text lies
void tune(const ReplicationRun& run, const config::StudyFile& file, const fs::path& database,
          const fs::path& text) {
  try {
    const auto end = run_tuning({.file = file, .database = database, .voice = run.voice});
    say(run, fmt::format("{}: {}", to_text(end.reason), end.text));
  } catch (const config::StudyFileError& error) {
    throw std::runtime_error(
        fmt::format("{} (in {})", replication::words_of(error), text.string()));
  }
}

/// Runs one experiment, or finds it finished.
Left run_experiment(const ReplicationRun& run, const Experiment& experiment) {
  const auto planned =
      replication::plan_study(run.manifest, experiment, run.scale, inputs_of(run, experiment));
  const fs::path database = database_of(run, experiment.name);
  const fs::path kept = fs::path{table_path(run, experiment.name)}.replace_extension(".yaml");
  const bool is_same = fs::exists(database) && text_of(kept) == planned.text;
  const bool has_failed =
      is_same && is_finished(database) && !failure_of(read_document(database)).empty();
  if (fs::exists(database) && (!is_same || has_failed || (run.again && is_finished(database)))) {
    const fs::path aside = put_aside(database);
    const char* const what = has_failed ? "what failed"
                             : is_same  ? "what was finished"
                                        : "another study of this name";
    say(run, fmt::format("{} was put aside as {}", what, aside.string()));
  }
  write_file(kept, planned.text);
  if (is_finished(database)) {
    say(run, "finished before");
  } else {
    tune(run, planned.file, database, kept);
  }
  return tables_of(run, experiment, database);
}

/// The same, with everything that can go wrong turned into the experiment's state.
Left attempt(const ReplicationRun& run, const Experiment& experiment) {
  const auto failed = [&](const std::string& why) {
    say(run, "failed: " + why);
    return Left{replication::experiment_table(experiment.name, "failed", why)};
  };
  try {
    return run_experiment(run, experiment);
  } catch (const config::StudyFileError& error) {
    std::string first = error.what();
    return failed(first.substr(0, first.find('\n')));
  } catch (const std::runtime_error& error) {
    return failed(error.what());
  }
}

void write_tables(const ReplicationRun& run, const Experiment& experiment, const Left& left) {
  for (const auto& [table, name] : {std::pair{&left.trials, experiment.name},
                                    std::pair{&left.curves, experiment.name + ".curves"}}) {
    if (*table) {
      write_file(table_path(run, name), to_csv(**table));
    } else {
      std::error_code ignored;
      fs::remove(table_path(run, name), ignored);
    }
  }
}

}  // namespace

fs::path results_folder(const replication::Manifest& manifest, replication::Scale scale) {
  return manifest.folder / "results" / to_text(scale);
}

bool run_experiments(const ReplicationRun& run) {
  const std::vector<Experiment>& planned = run.manifest.experiments;
  Table experiments{{"experiment", "state", "why"}};
  bool is_whole = true;
  for (std::size_t i = 0; i < planned.size() && is_whole; ++i) {
    const Experiment& experiment = planned[i];
    say(run, fmt::format("\n{} of {}  {}{}{}", i + 1, planned.size(), experiment.name,
                         experiment.about.empty() ? "" : "  ", experiment.about));
    const Left left = attempt(run, experiment);
    experiments.append(left.summary);
    write_tables(run, experiment, left);
    is_whole = !left.is_interrupted;
  }
  write_file(table_path(run, kExperiments), to_csv(experiments));
  return is_whole;
}

replication::Workbook read_tables(const replication::Manifest& manifest, replication::Scale scale) {
  const fs::path folder = results_folder(manifest, scale);
  if (!fs::exists(folder / "experiments.csv")) {
    throw CommandError(
        ExitStatus::BadInput,
        fmt::format("{} has not been run at scale {}: there is no {}; run `wattune study run {} "
                    "--scale {}`",
                    manifest.name, to_text(scale), (folder / "experiments.csv").string(),
                    manifest.name, to_text(scale)));
  }
  replication::Workbook book;
  const auto read = [&](const fs::path& path, const std::string& name) {
    if (fs::exists(path)) {
      book.put(name, replication::table_from_csv(text_of(path), path.string()));
    }
  };
  read(folder / "experiments.csv", kExperiments);
  // Only what the last run tells of: tables of an experiment that has gone are another run's.
  const Table& experiments = *book.find(kExperiments);
  for (std::size_t row = 0; row < experiments.num_rows(); ++row) {
    const std::string name = replication::to_text(experiments.at(row, "experiment"));
    for (const std::string& table : {name, name + ".curves"})
      read(folder / (table + ".csv"), table);
  }
  for (const auto& [name, file] : manifest.tables) {
    const fs::path path = manifest.folder / file;
    book.put(name, replication::table_from_csv(text_of(path), path.string()));
  }
  return book;
}

}  // namespace wattune::cli
