#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "command.hpp"
#include "machine.hpp"
#include "node_meter.hpp"
#include "output_file.hpp"
#include "power_limits.hpp"
#include "reading.hpp"
#include "study_history.hpp"
#include "study_observer.hpp"
#include "study_reader.hpp"
#include "wattune/base/text.hpp"
#include "wattune/base/version.hpp"
#include "wattune/config/assemble.hpp"
#include "wattune/report/html.hpp"
#include "wattune/runners/checkpoint_files.hpp"
#include "wattune/runners/local.hpp"
#include "wattune/samplers/warm_start.hpp"
#include "wattune/storage/sqlite.hpp"
#include "wattune/study/study.hpp"

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

study::StopSignal& stop_signal() {
  static study::StopSignal signal;
  return signal;
}

extern "C" void on_stop_signal(int) {
  stop_signal().request();
}

void catch_stop_signals() {
  struct sigaction action {};
  action.sa_handler = on_stop_signal;
  sigemptyset(&action.sa_mask);
  for (const int number : {SIGINT, SIGTERM}) sigaction(number, &action, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

/// Moves a finished study out of the way: name.db becomes name-1.db, and its files with it.
void put_aside(const fs::path& database) {
  const auto numbered = [&](int number) {
    return database.parent_path() / fmt::format("{}-{}", database.stem().string(), number);
  };
  int number = 1;
  while (fs::exists(numbered(number).string() + ".db")) ++number;
  const std::string name = numbered(number).string();
  const std::string old_name = (database.parent_path() / database.stem()).string();
  for (const char* ending : {".db", ".db-wal", ".db-shm", ".files"}) {
    if (fs::exists(old_name + ending)) fs::rename(old_name + ending, name + ending);
  }
  fmt::print("the finished study was put aside as {}.db\n", name);
}

bool is_finished(const fs::path& database) {
  if (!fs::exists(database)) return false;
  try {
    const report::StudyRecord record = read_study(database);
    return record.history.end() && record.history.end()->reason != trial::EndReason::Interrupted;
  } catch (const CommandError&) {
    return false;  // Whoever opens it to append says what is wrong with it.
  }
}

bool has_only_failures(const trial::History& history) {
  return !history.trials().empty() &&
         std::ranges::all_of(history.trials(), [](const trial::Trial& trial) {
           return trial.state() == trial::TrialState::Failed;
         });
}

std::vector<space::Configuration> candidates_of(const std::string& database) {
  std::vector<space::Configuration> candidates;
  const report::StudyRecord record = read_study(find_database(database));
  for (const trial::Trial& trial : record.history.trials()) {
    if (trial.purpose() == trial::Purpose::Search) candidates.push_back(trial.configuration());
  }
  return candidates;
}

/// What the study named under `warm_start` offers; says what became of it.
std::vector<space::Configuration> warm_start_of(const config::StudyFile& file) {
  if (!file.warm_start) return {};
  const report::StudyRecord other = read_study(find_database(file.warm_start->study.string()));
  samplers::WarmStart start = samplers::warm_start_configurations(
      other.history, file.problem, static_cast<std::size_t>(file.warm_start->count));
  fmt::print("warm start  {}\n", to_text(start));
  return std::move(start.configurations);
}

std::string environment_text(const config::StudyFile& file, const trial::Budgets& budgets,
                             const NodeMeter& meter, const energy::EnergyAccountant& accountant,
                             const Result<energy::CgroupParent>& groups,
                             const std::vector<space::Configuration>& learned) {
  nlohmann::json messages = nlohmann::json::array();
  for (const energy::BackendNote& note : meter.machine.notes)
    messages.push_back(note.backend + ": " + note.words);
  messages.push_back("meter: " + meter.describe_sharing());
  messages.push_back(
      "CPU time of trials: " +
      (groups ? groups->describe() : "process trees, because " + groups.error().message));
  nlohmann::json begun_with = nlohmann::json::array();  // again when the study is gone on with
  for (const space::Configuration& each : learned) {
    begun_with.push_back(file.problem.space.to_json(each));
  }
  return nlohmann::json{{"version", version()},
                        {"host", host_json(meter.machine.gpus)},
                        {"channels", channels_json(accountant)},
                        {"tolerance", file.report.tolerance},
                        {"carbontracker", report::to_json(file.report.carbontracker)},
                        {"budgets", to_json(budgets)},
                        {"learned", begun_with},
                        {"messages", messages}}
      .dump();
}

/// A database that is none, or holds another study, was named wrongly: nothing has run.
ExitStatus status_of(const Error& error) {
  return error.kind == ErrorKind::Invalid ? ExitStatus::BadInput : ExitStatus::Failure;
}

std::unique_ptr<storage::Storage> open_storage(const fs::path& database) {
  std::error_code error;
  if (database.has_parent_path()) fs::create_directories(database.parent_path(), error);
  auto storage = storage::open_sqlite(database, {.mode = storage::OpenMode::Append});
  if (!storage) throw CommandError(status_of(storage.error()), storage.error().message);
  return std::move(*storage);
}

/// Candidates of another study are trained to the end, whatever the budget of the search was.
trial::Budgets budgets_of(const TuneOptions& options, const config::StudyFile& file) {
  return options.same_candidates_as.empty() ? config::make_budgets(file) : trial::Budgets{};
}

/// What sets power limits, where the study has a parameter for them; it puts them back when it
/// goes.
std::optional<energy::PowerLimitControl> open_power_limits(const config::StudyFile& file) {
  if (!config::tunes_power_limit(file)) return std::nullopt;
  const fs::path journal = power_limit_journal();
  std::error_code ignored;
  fs::create_directories(journal.parent_path(), ignored);
  auto nvml = energy::Nvml::open();
  if (!nvml) throw config::no_power_limit_error(file, nvml.error().message);
  auto control = energy::PowerLimitControl::open(std::move(*nvml), journal);
  if (!control) throw config::no_power_limit_error(file, control.error().message);
  return std::move(*control);
}

/// What earlier studies offer; says so.
std::vector<space::Configuration> learned_of(const config::StudyFile& file,
                                             const fs::path& database, bool has_history) {
  if (!has_history || !config::learns_from_history(file)) return {};
  auto learned = learned_configurations(file.problem, database);
  if (!learned.empty()) {
    fmt::print("history     {} configuration{} learned from earlier studies\n", learned.size(),
               learned.size() == 1 ? "" : "s");
  }
  return learned;
}

study::StudyEnd run(const TuneOptions& options, const config::StudyFile& file,
                    const fs::path& database, bool has_history) {
  const SystemClock clock;
  trial::Problem problem = file.problem;
  const auto learned = learned_of(file, database, has_history);
  const std::unique_ptr<strategies::Strategy> strategy =
      options.same_candidates_as.empty()
          ? config::make_strategy(file, problem, warm_start_of(file), learned)
          : config::make_list_strategy(problem, candidates_of(options.same_candidates_as));
  problem.strategy = strategy->describe();

  // First of all the study is taken: the runner ends processes that it finds among its files.
  const auto storage = open_storage(database);
  const NodeMeter meter = open_node_meter(clock);
  energy::EnergyAccountant accountant = meter.make_accountant(clock);
  const Result<energy::CgroupParent> groups = energy::CgroupParent::open();
  std::vector<std::string> gpus;
  std::map<std::string, std::string> rocm_ids;
  for (const energy::GpuInfo& gpu : meter.machine.gpus) {
    if (!gpu.rocm_id.empty()) rocm_ids.emplace(gpu.uuid, gpu.rocm_id);
    const bool is_sliced = gpu.rocm_id.empty() && !gpu.instances.empty();
    if (!is_sliced) gpus.push_back(gpu.uuid);
    for (const energy::MigSlice& slice : gpu.instances) {
      if (is_sliced) gpus.push_back(slice.uuid);
    }
  }
  std::optional<energy::PowerLimitControl> power_limits = open_power_limits(file);
  runners::LocalRunnerOptions runner_options = config::make_runner_options(
      file, {.files_dir = fs::absolute(fs::path{database}.replace_extension(".files")),
             .environment = trial_environment(),
             .gpus = gpus,
             .rocm_ids = rocm_ids,
             .read_devices = device_reader(),
             .power_limits = power_limits ? &*power_limits : nullptr});
  if (groups) runner_options.trial_groups = &*groups;
  const auto checkpoints = runners::make_local_checkpoint_files(runner_options.files_dir);
  const auto runner =
      runners::make_local_runner(std::move(runner_options), accountant, problem.space, clock);
  const bool is_live = !options.plain && isatty(STDOUT_FILENO) != 0;
  const auto observer =
      is_live ? make_live_observer(stop_signal()) : make_plain_observer(stop_signal());

  fmt::print("strategy    {}\n", problem.strategy);
  catch_stop_signals();
  const auto end = study::run_study(
      study::StudyParts{.problem = problem,
                        .strategy = *strategy,
                        .runner = *runner,
                        .storage = *storage,
                        .clock = clock,
                        .observer = *observer,
                        .budgets = budgets_of(options, file),
                        .environment = environment_text(file, budgets_of(options, file), meter,
                                                        accountant, groups, learned),
                        .can_pause = file.capture.empty(),
                        .checkpoints = checkpoints.get(),
                        .deletes_checkpoints = !file.runner.keeps_all_checkpoints,
                        .tolerance = file.report.tolerance},
      stop_signal());
  if (!end) throw CommandError(status_of(end.error()), end.error().message);
  return *end;
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
  if (options.again && is_finished(database)) put_aside(database);

  const bool has_history =
      is_history_on(file, options.no_history) && options.same_candidates_as.empty();
  const study::StudyEnd end = run(options, file, database, has_history);
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
