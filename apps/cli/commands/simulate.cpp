#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "command.hpp"
#include "reading.hpp"
#include "study_observer.hpp"
#include "study_reader.hpp"
#include "wattune/base/random.hpp"
#include "wattune/base/text.hpp"
#include "wattune/base/version.hpp"
#include "wattune/config/assemble.hpp"
#include "wattune/config/recorded_trainings.hpp"
#include "wattune/runners/replay.hpp"
#include "wattune/storage/sqlite.hpp"
#include "wattune/study/study.hpp"

namespace wattune::cli {
namespace {

namespace fs = std::filesystem;

struct SimulateOptions {
  std::string study;
  std::string database;
  std::string data;
  config::RecordedSource source;
  std::optional<double> power_w;
  std::optional<std::size_t> workers;
  std::optional<std::uint64_t> seed;
  double fail_rate = 0.0;
  bool again = false;
  bool exact = false;
  bool as_json = false;
  bool plain = false;
};

/// Virtual time begins here, so that nobody takes its dates for real ones.
constexpr WallTime kBeginning{std::chrono::sys_days{std::chrono::year{2000} / 1 / 1}};

/// The study file as it is played: another name, and the seed of the command line.
config::StudyFile read_file(const SimulateOptions& options) {
  config::StudyFile file = config::read_study_file(options.study);
  file.problem.name += "-simulated";
  if (options.seed) file.problem.seed = *options.seed;
  return file;
}

/// Whether a database holds a simulated study; real ones are neither gone on with nor overwritten.
bool is_simulated(const fs::path& database) {
  const report::StudyRecord record = read_study(database);
  const auto environment = Json::parse(record.history.environment(), nullptr, false);
  return environment.is_object() && environment.contains("simulated");
}

void remove_simulated(const fs::path& database) {
  for (const char* ending : {"", "-wal", "-shm"}) fs::remove(database.string() + ending);
}

fs::path database_of(const SimulateOptions& options, const config::StudyFile& file) {
  const fs::path database =
      options.database.empty() ? default_database(file.problem.name) : fs::path{options.database};
  if (!fs::exists(database)) {
    std::error_code ignored;
    if (database.has_parent_path()) fs::create_directories(database.parent_path(), ignored);
    return database;
  }
  if (!is_simulated(database)) {
    throw CommandError(ExitStatus::BadInput,
                       fmt::format("{} holds a study that was run, not simulated; name another "
                                   "file with --db",
                                   database.string()));
  }
  if (options.again) remove_simulated(database);
  return database;
}

/// The time of the last event of the log, where virtual time goes on.
WallTime end_of(const storage::Storage& storage) {
  WallTime last = kBeginning;
  const auto done = storage.read(0, [&](const trial::LoggedEvent& logged) { last = logged.at; });
  if (!done) throw CommandError(ExitStatus::BadInput, done.error().message);
  return last;
}

std::string environment_text(const config::StudyFile& file, const trial::Budgets& budgets,
                             const Json& simulated) {
  const std::vector<std::string> messages{fmt::format(
      "simulated, nothing was run or metered: {}", simulated.at("trainings").get<std::string>())};
  return Json{{"version", version()},
              {"tolerance", file.report.tolerance},
              {"budgets", to_json(budgets)},
              {"messages", messages},
              {"simulated", simulated}}
      .dump();
}

runners::InjectedFailures failures_of(const SimulateOptions& options, std::uint64_t seed) {
  constexpr std::uint64_t kFailures = 0x6661696c75726573;  // a stream apart from that of the trials
  return {.crash_rate = options.fail_rate / 2.0,
          .divergence_rate = options.fail_rate / 2.0,
          .seed = mix_seed(seed, kFailures)};
}

/// Says nothing, for JSON.
class SilentObserver final : public study::Observer {};

study::StudyEnd play(const SimulateOptions& options, const config::StudyFile& file,
                     const config::OpenRecordings& recordings, const Json& simulated,
                     const fs::path& database) {
  trial::Problem problem = file.problem;
  const auto strategy = config::make_strategy(file, problem);
  problem.strategy = strategy->describe();
  problem.command = "simulated: " + recordings.trainings->describe();
  auto storage = storage::open_sqlite(
      database, {.mode = storage::OpenMode::Append, .survives_power_loss = false});
  if (!storage) throw CommandError(ExitStatus::BadInput, storage.error().message);
  runners::VirtualClock clock{end_of(**storage)};
  const bool counts_steps = !trial::is_metered(problem.resource.unit);
  const auto runner = runners::make_replay_runner(
      *recordings.trainings, clock,
      {.num_workers = simulated.at("workers").get<std::size_t>(),
       .max_step = counts_steps ? problem.resource.max : recordings.trainings->last_step(),
       .counts_steps = counts_steps,
       .failures = failures_of(options, problem.seed)});
  const study::StopSignal stop;
  const auto observer = options.plain ? make_plain_observer(stop)
                                      : std::unique_ptr<study::Observer>{new SilentObserver};
  const trial::Budgets budgets = config::make_budgets(file);
  const auto end = study::run_study({.problem = problem,
                                     .strategy = *strategy,
                                     .runner = *runner,
                                     .storage = **storage,
                                     .clock = clock,
                                     .observer = *observer,
                                     .budgets = budgets,
                                     .environment = environment_text(file, budgets, simulated),
                                     .can_pause = true,
                                     .tick = Seconds{1e6}},
                                    stop);
  if (!end) throw CommandError(ExitStatus::BadInput, end.error().message);
  return *end;
}

Json outcome_of(const study::StudyEnd& end, const report::StudyRecord& record,
                const recorded::RecordedTable* table) {
  const trial::History& history = record.history;
  const auto count = [&](auto is_one) { return std::ranges::count_if(history.trials(), is_one); };
  return {{"end", to_text(end.reason)},
          {"text", end.text},
          {"trials", history.trials().size()},
          {"failed", count([](const trial::Trial& trial) {
             return trial.state() == trial::TrialState::Failed;
           })},
          {"nearest", table == nullptr ? 0 : count([&](const trial::Trial& trial) {
             return !table->holds(trial.configuration());
           })},
          {"time_s", history.total_duration().value()},
          {"energy_j", history.total_energy().total().joules().value()}};
}

void print(const Json& simulated, const Json& outcome, const Json& document,
           const fs::path& database) {
  fmt::print("simulated   {}\n", simulated.at("trainings").get<std::string>());
  fmt::print("{}: {}\n", outcome.at("end").get<std::string>(),
             outcome.at("text").get<std::string>());
  fmt::print("{} trials, {} failed; {} of virtual time with {} worker{}, {} as recorded\n",
             outcome.at("trials").get<std::size_t>(), outcome.at("failed").get<std::size_t>(),
             duration_text(Seconds{outcome.at("time_s").get<double>()}),
             simulated.at("workers").get<std::size_t>(),
             simulated.at("workers").get<std::size_t>() == 1 ? "" : "s",
             si_text(outcome.at("energy_j").get<double>(), "J"));
  if (const auto nearest = outcome.at("nearest").get<std::size_t>(); nearest > 0) {
    fmt::print(
        "{} trials are of configurations that are not in the table: each was played from "
        "the nearest one that is (--exact lets them fail)\n",
        nearest);
  }
  fmt::print("\n{}\nstudy    {}\n", best_text(document), database.string());
}

ExitStatus simulate(SimulateOptions options) {
  const config::StudyFile file = read_file(options);
  for (const config::Diagnostic& warning : file.warnings) {
    fmt::print(stderr, "{}\n", to_text(file.source, warning));
  }
  if (options.power_w) options.source.power = Watts{*options.power_w};
  options.source.takes_nearest = !options.exact;
  options.source.data = options.data;
  const config::OpenRecordings recordings = config::open_recordings(options.source, file.problem);
  const std::size_t workers =
      options.workers.value_or(static_cast<std::size_t>(file.runner.workers.value_or(1)));
  const Json simulated{{"table", options.source.table},
                       {"trainings", recordings.trainings->describe()},
                       {"workers", workers},
                       {"seed", file.problem.seed},
                       {"fail_rate", options.fail_rate}};
  const fs::path database = database_of(options, file);
  const study::StudyEnd end = play(options, file, recordings, simulated, database);
  const report::StudyRecord record = read_study(database);
  const Json document = document_of(record);
  const Json outcome = outcome_of(end, record, options.exact ? nullptr : recordings.table);
  if (options.as_json) {
    Json all = simulated;
    all.update(outcome);
    all["database"] = database.string();
    all["recommendations"] = document.at("recommendations");
    fmt::print("{}\n", all.dump(2));
  } else {
    print(simulated, outcome, document, database);
    if (!end.has_run)
      fmt::print("nothing was played: the study had finished before; --again plays it anew\n");
  }
  return ExitStatus::Ok;
}

}  // namespace

void add_simulate(const Command& program, ExitStatus& status) {
  const Command command = program.add(
      "simulate", "Play recorded trainings instead of running the program, in virtual time");
  const auto options = std::make_shared<SimulateOptions>();
  command.option("study", options->study, "study file (docs/study-file.md)").required();
  command
      .option("--table", options->source.table,
              "CSV file (docs/replay.md), or lcbench:TASK, hpolib:TASK, zeus:GPU/DATASET")
      .required();
  command.option("--data", options->data, "folder with lcbench/, hpolib/ and zeus-traces/");
  command.option("--db", options->database,
                 "database of the study; runs/NAME-simulated.db where left out");
  command.option("--workers", options->workers, "trials at once; else the study file's, else 1")
      .between(1, 100000);
  command.option("--seed", options->seed, "in place of the study file's");
  command
      .option("--power", options->power_w,
              "watts that make joules of seconds, where nothing else tells")
      .positive();
  command
      .option("--fail-rate", options->fail_rate,
              "share of the trials that fail on the way: half crash, half diverge")
      .between(0.0, 1.0);
  command.flag("--exact", options->exact,
               "let trials fail whose configuration is not in the table");
  command.flag("--again", options->again, "where it was simulated before, play it anew");
  command.flag("--plain", options->plain, "print a line for everything that happens");
  command.flag("--json", options->as_json, "print what came out as JSON");
  command.footer(
      "The study is kept as `tune` would keep it: best, front, ledger, report and the others read "
      "it.\n"
      "Examples:\n"
      "  wattune simulate study.yaml --table curves.csv\n"
      "  wattune simulate study.yaml --table curves.csv --workers 8 --fail-rate 0.1 --again\n"
      "  wattune simulate lcbench.yaml --table lcbench:189906 --data DIR\n");
  command.on_call([options, &status] { status = simulate(*options); });
}

}  // namespace wattune::cli
