#include "tuning.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "command.hpp"
#include "machine.hpp"
#include "node_meter.hpp"
#include "power_limits.hpp"
#include "study_history.hpp"
#include "study_observer.hpp"
#include "study_reader.hpp"
#include "wattune/base/version.hpp"
#include "wattune/config/assemble.hpp"
#include "wattune/runners/checkpoint_files.hpp"
#include "wattune/runners/local.hpp"
#include "wattune/samplers/warm_start.hpp"
#include "wattune/storage/sqlite.hpp"

namespace wattune::cli {
namespace {

namespace fs = std::filesystem;

void say(Voice voice, const std::string& line) {
  if (voice != Voice::Silent) fmt::print("{}\n", line);
}

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

/// What the study named under `warm_start` offers; says what became of it.
std::vector<space::Configuration> warm_start_of(const config::StudyFile& file, Voice voice) {
  if (!file.warm_start) return {};
  const report::StudyRecord other = read_study(find_database(file.warm_start->study.string()));
  samplers::WarmStart start = samplers::warm_start_configurations(
      other.history, file.problem, static_cast<std::size_t>(file.warm_start->count));
  say(voice, fmt::format("warm start  {}", to_text(start)));
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

/// Given candidates are trained to the end, whatever the budget of a search would be.
trial::Budgets budgets_of(const Tuning& tuning) {
  return tuning.candidates ? trial::Budgets{} : config::make_budgets(tuning.file);
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
std::vector<space::Configuration> learned_of(const Tuning& tuning) {
  if (!tuning.has_history || !config::learns_from_history(tuning.file)) return {};
  auto learned = learned_configurations(tuning.file.problem, tuning.database);
  if (!learned.empty()) {
    say(tuning.voice, fmt::format("history     {} configuration{} learned from earlier studies",
                                  learned.size(), learned.size() == 1 ? "" : "s"));
  }
  return learned;
}

std::unique_ptr<strategies::Strategy> strategy_of(
    const Tuning& tuning, const trial::Problem& problem,
    const std::vector<space::Configuration>& learned) {
  if (tuning.candidates) return config::make_list_strategy(problem, *tuning.candidates);
  return config::make_strategy(tuning.file, problem, warm_start_of(tuning.file, tuning.voice),
                               learned);
}

std::unique_ptr<study::Observer> observer_of(Voice voice) {
  switch (voice) {
    case Voice::Live:
      return make_live_observer(stop_signal());
    case Voice::Plain:
      return make_plain_observer(stop_signal());
    case Voice::Silent:
      break;
  }
  return std::make_unique<study::Observer>();
}

}  // namespace

Voice voice_for(bool is_plain) {
  return !is_plain && isatty(STDOUT_FILENO) != 0 ? Voice::Live : Voice::Plain;
}

fs::path put_aside(const fs::path& database) {
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
  return name + ".db";
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

study::StudyEnd run_tuning(const Tuning& tuning) {
  const config::StudyFile& file = tuning.file;
  const fs::path& database = tuning.database;
  const SystemClock clock;
  trial::Problem problem = file.problem;
  const auto learned = learned_of(tuning);
  const std::unique_ptr<strategies::Strategy> strategy = strategy_of(tuning, problem, learned);
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
  const auto observer = observer_of(tuning.voice);

  say(tuning.voice, fmt::format("strategy    {}", problem.strategy));
  catch_stop_signals();
  const auto end = study::run_study(
      study::StudyParts{.problem = problem,
                        .strategy = *strategy,
                        .runner = *runner,
                        .storage = *storage,
                        .clock = clock,
                        .observer = *observer,
                        .budgets = budgets_of(tuning),
                        .environment = environment_text(file, budgets_of(tuning), meter, accountant,
                                                        groups, learned),
                        .can_pause = file.capture.empty(),
                        .checkpoints = checkpoints.get(),
                        .deletes_checkpoints = !file.runner.keeps_all_checkpoints,
                        .tolerance = file.report.tolerance},
      stop_signal());
  if (!end) throw CommandError(status_of(end.error()), end.error().message);
  return *end;
}

}  // namespace wattune::cli
