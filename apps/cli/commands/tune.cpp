#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "command.hpp"
#include "output_file.hpp"
#include "reading.hpp"
#include "study_history.hpp"
#include "study_reader.hpp"
#include "tuning.hpp"
#include "wattune/base/text.hpp"
#include "wattune/config/study_file.hpp"
#include "wattune/report/html.hpp"

namespace wattune::cli {
namespace {

namespace fs = std::filesystem;

struct TuneOptions {
  std::string study;
  std::string database;
  std::string report;
  std::string same_candidates_as;
  bool again = false;
  bool plain = false;
  bool no_history = false;
};

bool has_only_failures(const trial::History& history) {
  return !history.trials().empty() &&
         std::ranges::all_of(history.trials(), [](const trial::Trial& trial) {
           return trial.state() == trial::TrialState::Failed;
         });
}

/// Nothing where no other study is named.
std::optional<std::vector<space::Configuration>> candidates_of(const std::string& database) {
  if (database.empty()) return std::nullopt;
  std::vector<space::Configuration> candidates;
  const report::StudyRecord record = read_study(find_database(database));
  for (const trial::Trial& trial : record.history.trials()) {
    if (trial.purpose() == trial::Purpose::Search) candidates.push_back(trial.configuration());
  }
  return candidates;
}

/// What of the disk the study holds; empty where it holds nothing and has deleted nothing.
std::string checkpoint_line(const study::CheckpointUse& use) {
  if (use.num_kept == 0 && use.num_deleted == 0) return {};
  const auto text = [](std::size_t count, std::uintmax_t bytes) {
    return fmt::format("{} checkpoint{}, {}", count, count == 1 ? "" : "s",
                       si_text(static_cast<double>(bytes), "B"));
  };
  const std::string deleted = text(use.num_deleted, use.bytes_deleted);
  return fmt::format("disk     {} kept{}\n", text(use.num_kept, use.bytes_kept),
                     use.num_deleted == 0 ? "" : "; no longer needed and deleted: " + deleted);
}

ExitStatus tune(const TuneOptions& options) {
  const config::StudyFile file = config::read_study_file(options.study);
  for (const config::Diagnostic& warning : file.warnings) {
    fmt::print(stderr, "{}\n", to_text(file.source, warning));
  }
  const fs::path database =
      options.database.empty() ? default_database(file.problem.name) : fs::path{options.database};
  if (options.again && is_finished(database)) {
    fmt::print("the finished study was put aside as {}\n", put_aside(database).string());
  }

  const bool has_history =
      is_history_on(file, options.no_history) && options.same_candidates_as.empty();
  const study::StudyEnd end = run_tuning({.file = file,
                                          .database = database,
                                          .candidates = candidates_of(options.same_candidates_as),
                                          .has_history = has_history,
                                          .voice = voice_for(options.plain)});
  fmt::print("\n{}: {}\n", to_text(end.reason), end.text);
  const report::StudyRecord record = read_study(database);
  if (end.has_run && has_history && end.reason != trial::EndReason::Interrupted) {
    keep_in_history(record, database);
  }
  if (!end.has_run) {
    fmt::print(
        "nothing was run: the study had finished before\n"
        "`--again` puts it aside and runs it anew; a larger budget goes on with it\n");
  }
  const Json document =
      document_of(record, options.report.empty() ? Insight::Without : Insight::With);
  fmt::print("\n{}\n{}study    {}\n", best_text(document), checkpoint_line(end.checkpoints),
             database.string());
  if (!options.report.empty()) {
    write_file(options.report, report::render_html(document.dump()));
    fmt::print("report   {}\n", options.report);
  }
  if (end.reason == trial::EndReason::Interrupted) return ExitStatus::Interrupted;
  if (has_only_failures(record.history)) {
    throw CommandError(
        ExitStatus::Failure,
        fmt::format("every trial failed; `wattune trials {}` says why", database.string()));
  }
  return ExitStatus::Ok;
}

}  // namespace

void add_tune(const Command& program, ExitStatus& status) {
  const Command command = program.add(
      "tune", "Tune what a study file describes; the same command again goes on where it stopped");
  const auto options = std::make_shared<TuneOptions>();
  command.option("study", options->study, "study file (docs/study-file.md)").required();
  command.option("--db", options->database, "database of the study; runs/NAME.db where left out");
  command.option("--report", options->report, "write the HTML report there at the end");
  command.flag("--again", options->again,
               "where the study has finished, put it aside and run it anew");
  command.flag("--plain", options->plain, "print lines instead of the live view");
  command.flag("--no-history", options->no_history,
               "neither learn from earlier studies nor leave anything to later ones");
  command.option("--same-candidates-as", options->same_candidates_as,
                 "train the candidates of that study, every one to the end");
  command.footer(
      "Ctrl-C once: trials save a checkpoint and pause; twice: stop now. Both can be gone on "
      "with.\n"
      "Examples:\n"
      "  wattune tune study.yaml\n"
      "  wattune tune study.yaml --report report.html\n"
      "  wattune tune study.yaml --db full.db --same-candidates-as study.yaml\n");
  command.on_call([options, &status] { status = tune(*options); });
}

}  // namespace wattune::cli
