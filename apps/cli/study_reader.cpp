#include "study_reader.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "command.hpp"
#include "wattune/config/study_file.hpp"
#include "wattune/storage/sqlite.hpp"

namespace wattune::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kRunsFolder = "runs";

fs::path newest_database() {
  std::optional<fs::directory_entry> newest;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(kRunsFolder, ignored)) {
    if (entry.path().extension() != ".db") continue;
    if (!newest || entry.last_write_time() > newest->last_write_time()) newest = entry;
  }
  if (!newest) {
    throw CommandError(
        ExitStatus::BadInput,
        "there is no study in runs/ yet; name one, or run `wattune tune STUDY.yaml`");
  }
  return newest->path();
}

report::DocumentOptions options_of(const report::StudyRecord& record) {
  report::DocumentOptions options;
  const auto environment = nlohmann::json::parse(record.history.environment(), nullptr, false);
  if (!environment.is_object()) return options;
  options.tolerance = environment.value("tolerance", options.tolerance);
  if (environment.contains("carbontracker")) {
    options.carbontracker = report::carbontracker_options_from(environment.at("carbontracker"));
  }
  options.messages = environment.value("messages", options.messages);
  if (environment.contains("budgets")) {
    options.budgets = trial::budget_use(trial::budgets_from_json(environment.at("budgets")),
                                        record.history, record.history.total_duration());
  }
  return options;
}

}  // namespace

fs::path default_database(const std::string& study_name) {
  return fs::path{kRunsFolder} / (study_name + ".db");
}

fs::path find_database(const std::string& argument) {
  if (argument.empty()) return newest_database();
  fs::path path = argument;
  if (fs::is_directory(path)) {
    throw CommandError(ExitStatus::BadInput,
                       argument + " is a folder; name a study file or a database in it");
  }
  if (path.extension() == ".yaml" || path.extension() == ".yml") {
    path = default_database(config::read_study_file(path).problem.name);
    if (!fs::exists(path)) {
      throw CommandError(
          ExitStatus::BadInput,
          fmt::format("{} has not been run here: there is no {}; run `wattune tune {}`", argument,
                      path.string(), argument));
    }
  }
  return path;
}

report::StudyRecord read_study(const fs::path& database) {
  const auto storage = storage::open_sqlite(database, {.mode = storage::OpenMode::Read});
  if (!storage) throw CommandError(ExitStatus::BadInput, storage.error().message);
  std::optional<report::StudyRecord> record;
  const auto read = (*storage)->read(0, [&](const trial::LoggedEvent& logged) {
    const auto* created = std::get_if<trial::StudyCreated>(&logged.event);
    if (created != nullptr) record.emplace(created->problem);
    if (record) record->apply(logged);
  });
  if (!read) throw CommandError(ExitStatus::Failure, read.error().message);
  if (!record) {
    throw CommandError(ExitStatus::BadInput, database.string() + " holds no study");
  }
  return std::move(*record);
}

nlohmann::ordered_json document_of(
    const report::StudyRecord& record, Insight insight,
    const std::optional<report::CarbontrackerOptions>& carbontracker) {
  report::DocumentOptions options = options_of(record);
  if (carbontracker) options.carbontracker = carbontracker;
  options.with_insight = insight == Insight::With;
  return report::report_document(record, options);
}

nlohmann::ordered_json read_document(const fs::path& database, Insight insight) {
  return document_of(read_study(database), insight);
}

}  // namespace wattune::cli
