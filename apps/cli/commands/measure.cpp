#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>

#include "command.hpp"
#include "machine_options.hpp"
#include "measurement.hpp"
#include "node_meter.hpp"
#include "output_file.hpp"
#include "parse_duration.hpp"
#include "tariff_options.hpp"
#include "wattune/base/text.hpp"
#include "wattune/report/emissions_csv.hpp"

namespace wattune::cli {
namespace {

namespace fs = std::filesystem;
using runners::CommandMeter;
using runners::MeasuredRun;

constexpr int kDefaultPairs = 6;

struct MeasureOptions {
  std::vector<std::string> compare;
  int repeat = 0;  ///< 0: not said.
  int warm_up = 0;
  std::string cool_down = "0 s";
  std::string output;
  std::string csv;
  std::string name;
  std::string share;
  std::string gpus = "all";
  bool as_json = false;
};

[[noreturn]] void refuse_to_measure(const std::string& message) {
  throw CommandError(ExitStatus::MeasureFailed, message);
}

/// The words of the command: those after `--`, or those from the first that is no option on.
std::vector<std::string> command_of(const std::vector<std::string>& remaining,
                                    const std::optional<std::vector<std::string>>& after_dashes) {
  if (after_dashes && !remaining.empty()) {
    refuse_to_measure(
        fmt::format("measure has no option `{}`; it stands before `--`", remaining.front()));
  }
  const std::vector<std::string>& command = after_dashes ? *after_dashes : remaining;
  if (!after_dashes && !command.empty() && command.front().starts_with('-')) {
    refuse_to_measure(fmt::format("measure has no option `{}`; `wattune measure --help` lists them",
                                  command.front()));
  }
  return command;
}

void check_options(const MeasureOptions& options, const std::vector<std::string>& command) {
  if (options.compare.empty() && command.empty()) {
    refuse_to_measure("measure: which command? As in `wattune measure -- sleep 1`");
  }
  if (!options.compare.empty() && !command.empty()) {
    refuse_to_measure(fmt::format(
        "measure --compare takes two commands as two words, so `{}` is too much", command.front()));
  }
}

std::vector<std::string> chosen_gpus(const std::string& option,
                                     const std::vector<energy::GpuInfo>& gpus) {
  std::vector<std::string> all;
  for (const energy::GpuInfo& gpu : gpus) all.push_back(gpu.uuid);
  if (option == "all") return all;
  if (option == "none") return {};
  std::vector<std::string> chosen;
  std::istringstream words{option};
  for (std::string word; std::getline(words, word, ',');) {
    if (std::ranges::find(all, word) == all.end()) {
      refuse_to_measure(
          fmt::format("--gpus: there is no GPU `{}`; {}", word,
                      all.empty() ? "none was found" : "there are " + join_names(all)));
    }
    chosen.push_back(word);
  }
  return chosen;
}

View chosen_view(const std::string& option, bool knows_idle_power) {
  if (option.empty()) return knows_idle_power ? View::Allocated : View::Machine;
  if (option == "allocated") return View::Allocated;
  return option == "marginal" ? View::Marginal : View::Machine;
}

/// A meter for commands, and what its figures will be shown with.
struct Prepared {
  NodeMeter node;  ///< Before the meter, which looks through it.
  std::unique_ptr<CommandMeter> meter;
  MeasureSetting setting;
};

Prepared prepare(const MeasureOptions& options, const MachineOptions& machine_options,
                 const energy::Tariff& tariff, const Clock& clock) {
  Prepared prepared;
  prepared.node = open_node_meter(clock, machine_options);
  const NodeMeter& node = prepared.node;
  const std::vector<energy::Channel> channels = node.sampler->channels();
  if (channels.empty()) {
    prepared.setting.warnings.push_back("nothing here can be metered; `wattune doctor` says why");
  }
  runners::CommandMeterOptions meter_options;
  meter_options.accountant = node.accountant_options();
  meter_options.gpu_uuids = chosen_gpus(options.gpus, node.machine.gpus);
  for (const energy::GpuInfo& gpu : node.machine.gpus) {
    const bool has_meter = std::ranges::any_of(
        channels, [&](const energy::Channel& channel) { return channel.device_uuid == gpu.uuid; });
    if (has_meter || std::ranges::count(meter_options.gpu_uuids, gpu.uuid) == 0) continue;
    prepared.setting.warnings.push_back(fmt::format(
        "{} ({}) cannot be metered, so what the command drew is not known; `--gpus none` leaves "
        "GPUs out",
        gpu.name, gpu.uuid));
  }
  prepared.meter = std::make_unique<CommandMeter>(node.sampler->views(), meter_options, clock);
  MeasureSetting& setting = prepared.setting;
  if (!prepared.meter->knows_idle_power()) {
    for (const auto& [id, power] : node.idle_power) prepared.meter->set_idle_power(id, power);
    setting.idle_words = node.idle_words;
  }
  setting.knows_idle_power = prepared.meter->knows_idle_power();
  setting.uncalibrated = prepared.meter->uncalibrated();
  setting.view = chosen_view(options.share, setting.knows_idle_power);
  setting.tariff = tariff;
  setting.channels = prepared.meter->channels();
  setting.gpus = node.machine.gpus;
  return prepared;
}

int status_of(const Error& error) {
  if (error.kind == ErrorKind::NotFound) return 127;
  if (error.kind == ErrorKind::Permission || error.kind == ErrorKind::Invalid) return 126;
  return static_cast<int>(ExitStatus::MeasureFailed);
}

bool wants_end(std::optional<int> signal) {
  return signal && *signal != SIGUSR1 && *signal != SIGUSR2;
}

/// Runs commands in order until one fails or somebody wants the end.
class Sequence {
 public:
  Sequence(CommandMeter& meter, Seconds cool_down) : meter_(meter), cool_down_(cool_down) {}

  /// Whether the next may follow. A run that counts goes into the series.
  bool run(MeasuredSeries& series, bool counts) {
    if (num_runs_++ > 0 && cool_down_ > Seconds{}) {
      if (const auto signal = meter_.rest(cool_down_)) {
        status_ = 128 + *signal;
        return false;
      }
    }
    const Result<MeasuredRun> run = meter_.run(series.command);
    if (!run)
      throw CommandError(static_cast<ExitStatus>(status_of(run.error())), run.error().message);
    status_ = run->end.shell_status();
    if (counts) series.runs.push_back(*run);
    return status_ == 0 && !wants_end(run->stopped_by);
  }

  [[nodiscard]] int status() const { return status_; }

 private:
  CommandMeter& meter_;
  Seconds cool_down_;
  int num_runs_ = 0;
  int status_ = 0;
};

/// Before the command runs, which may take hours. Gives whether the table has its header.
bool check_csv(const fs::path& path) {
  std::ifstream old{path};
  std::string first;
  if (!std::getline(old, first)) return false;
  const std::string header = report::emissions_header();
  if (first != header && first != header + "\r") {
    refuse_to_measure(fmt::format(
        "{} is another table: its first line is not that of an emissions.csv", path.string()));
  }
  return true;
}

void append_csv(const fs::path& path, const std::string& rows) {
  const bool has_header = check_csv(path);
  std::error_code error;
  if (path.has_parent_path()) fs::create_directories(path.parent_path(), error);
  std::ofstream out{path, std::ios::app};
  out << (has_header ? "" : report::emissions_header() + "\n") << rows;
  out.close();
  if (!out) refuse_to_measure(fmt::format("cannot write {}; the command has run", path.string()));
}

void deliver(const MeasureOptions& options, const std::string& text) {
  // Whoever reads our summary may have gone; the status of the command is passed on all the same.
  std::signal(SIGPIPE, SIG_IGN);
  if (options.output.empty()) {
    std::fwrite(text.data(), 1, text.size(), stderr);
    return;
  }
  try {
    write_file(options.output, text.starts_with('\n') ? text.substr(1) : text);
  } catch (const CommandError& error) {
    refuse_to_measure(std::string(error.what()) + "; the command has run");
  }
}

std::string project_of(const MeasureOptions& options, const MeasuredSeries& series) {
  if (!options.name.empty()) return options.name;
  return fs::path(series.command.front()).filename().string();
}

int measure_one(const MeasureOptions& options, const std::vector<std::string>& command,
                Prepared& prepared, Seconds cool_down) {
  MeasuredSeries series{command, {}};
  Sequence sequence{*prepared.meter, cool_down};
  const int repeat = std::max(1, options.repeat);
  bool goes_on = true;
  for (int i = 0; i < options.warm_up && goes_on; ++i) goes_on = sequence.run(series, false);
  for (int i = 0; i < repeat && goes_on; ++i) goes_on = sequence.run(series, true);
  MeasureSetting& setting = prepared.setting;
  setting.sampler = prepared.node.sampler->report();
  if (series.runs.empty()) {
    std::fprintf(stderr, "wattune: a warm-up run ended with status %d; nothing was measured\n",
                 sequence.status());
    return sequence.status();
  }
  const auto num_runs = static_cast<int>(series.runs.size());
  if (num_runs < repeat) {
    setting.warnings.push_back(fmt::format("{} of {} runs were made", num_runs, repeat));
  }
  deliver(options, options.as_json ? series_json(series, setting).dump(2) + "\n"
                                   : series_text(series, setting));
  if (!options.csv.empty()) {
    append_csv(options.csv, series_csv(series, setting, project_of(options, series)));
  }
  return sequence.status();
}

int measure_two(const MeasureOptions& options, Prepared& prepared, Seconds cool_down) {
  std::array<MeasuredSeries, 2> both{MeasuredSeries{{"sh", "-c", options.compare[0]}, {}},
                                     MeasuredSeries{{"sh", "-c", options.compare[1]}, {}}};
  Sequence sequence{*prepared.meter, cool_down};
  const int num_pairs = options.repeat > 0 ? options.repeat : kDefaultPairs;
  bool goes_on = true;
  const auto run_pair = [&](std::size_t first, bool counts) {
    goes_on = goes_on && sequence.run(both[first], counts);
    goes_on = goes_on && sequence.run(both[1 - first], counts);
  };
  for (int i = 0; i < options.warm_up; ++i) run_pair(0, false);
  for (int i = 0; i < num_pairs; ++i) run_pair(static_cast<std::size_t>(i % 2), true);
  MeasureSetting& setting = prepared.setting;
  setting.sampler = prepared.node.sampler->report();
  // Half a pair is no pair, and neither is one of which a command failed.
  const bool has_failed = sequence.status() != 0;
  const bool is_half = both[0].runs.size() != both[1].runs.size();
  std::size_t num_whole = std::min(both[0].runs.size(), both[1].runs.size());
  if (has_failed && !is_half && num_whole > 0) --num_whole;
  for (MeasuredSeries& series : both) series.runs.resize(num_whole);
  if (has_failed) {
    std::fprintf(stderr,
                 "\nwattune: a command ended with status %d after %zu of %d pairs; nothing "
                 "is compared\n",
                 sequence.status(), num_whole, num_pairs);
    return sequence.status();
  }
  if (num_whole == 0) {
    std::fprintf(stderr, "\nwattune: stopped before a pair was complete; nothing is compared\n");
    return static_cast<int>(ExitStatus::Interrupted);
  }
  if (static_cast<int>(num_whole) < num_pairs) {
    setting.warnings.push_back(fmt::format("{} of {} pairs were made", num_whole, num_pairs));
  }
  if (num_whole % 2 != 0) {
    setting.warnings.push_back(
        "an odd number of pairs: one command was first more often than the other");
  }
  deliver(options, options.as_json ? comparison_json(both[0], both[1], setting).dump(2) + "\n"
                                   : comparison_text(both[0], both[1], setting));
  if (!options.csv.empty()) {
    std::string rows;
    for (const MeasuredSeries& series : both) {
      rows +=
          series_csv(series, setting, options.name.empty() ? series.command.back() : options.name);
    }
    append_csv(options.csv, rows);
  }
  return sequence.status();
}

int measure(const MeasureOptions& options, const MachineOptions& machine_options,
            const TariffOptions& tariff_options, const std::vector<std::string>& command) {
  check_options(options, command);
  if (!options.csv.empty()) check_csv(options.csv);
  const Seconds cool_down =
      parse_duration(options.cool_down, "--cool-down", ExitStatus::MeasureFailed);
  energy::Tariff tariff;
  try {
    tariff = make_tariff(tariff_options);
  } catch (const CommandError& error) {
    refuse_to_measure(error.what());
  }
  const SystemClock clock;
  Prepared prepared = prepare(options, machine_options, tariff, clock);
  if (!options.compare.empty()) return measure_two(options, prepared, cool_down);
  return measure_one(options, command, prepared, cool_down);
}

void add_measure_options(const Command& command, const std::shared_ptr<MeasureOptions>& options) {
  command
      .option("--repeat", options->repeat,
              "runs that are measured: mean, deviation and 95 % interval are shown")
      .between(1, 1'000'000);
  command.option("--warm-up", options->warm_up, "runs before them that are not")
      .between(0, 1'000'000);
  command.option("--cool-down", options->cool_down, "pause between runs: 5, 5 s, 2 min");
  command
      .option("--compare", options->compare,
              "two commands for `sh -c`, run in turn: the ratio of their energies")
      .takes(2, "A B");
  command
      .option("--share", options->share,
              "whose energy: allocated (all idle energy and its part of the rest; where left "
              "out and idle power is known), marginal (without idle), machine (everything)")
      .one_of({"allocated", "marginal", "machine"});
  command.option("--gpus", options->gpus,
                 "GPUs that the command has: all, none, or UUIDs with commas");
  command.option("--output", options->output, "write the summary there, not to standard error");
  command.flag("--json", options->as_json, "as JSON (docs/command-line.md)");
  command.option("--csv", options->csv, "append lines to this emissions.csv");
  command.option("--name", options->name, "project_name in the CSV; the command's where left out");
}

}  // namespace

void add_measure(const Command& program, ExitStatus& status,
                 const std::optional<std::vector<std::string>>& after_dashes) {
  const Command command =
      program.add("measure", "Run a command and tell its energy, as `time` does its seconds");
  const auto options = std::make_shared<MeasureOptions>();
  const auto tariff = std::make_shared<TariffOptions>();
  const auto machine = std::make_shared<MachineOptions>();
  command.leaves_the_rest();
  add_measure_options(command, options);
  add_tariff_options(command, tariff);
  add_machine_options(command, machine);
  command.footer(
      "The command has the terminal to itself; the summary follows on standard error. Exit "
      "status:\n"
      "the command's own, 128 + the signal that ended it, 127 not found, 126 not executable,\n"
      "125 where measuring itself failed.\n"
      "Examples:\n"
      "  wattune measure -- python3 train.py --epochs 1\n"
      "  wattune measure --repeat 10 --warm-up 1 --zone DEU --price '0.30 EUR/kWh' -- ./solve "
      "big.txt\n"
      "  wattune measure --compare 'gzip -k9 log' 'zstd -k19 log'\n"
      "  wattune measure --csv emissions.csv --json --output run.json -- make -j8\n");
  command.on_call([command, options, tariff, machine, &after_dashes, &status] {
    status = static_cast<ExitStatus>(
        measure(*options, *machine, *tariff, command_of(command.remaining(), after_dashes)));
  });
}

}  // namespace wattune::cli
