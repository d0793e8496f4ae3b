#include "runner_figures.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

#include "wattune/base/clock.hpp"
#include "wattune/energy/accountant.hpp"
#include "wattune/energy/cpu_model.hpp"
#include "wattune/runners/local.hpp"

namespace wattune::bench {
namespace {

/// A runner of one program with the modelled CPU channel.
struct Bench {
  SystemClock clock;
  energy::EnergyAccountant accountant;
  std::unique_ptr<runners::Runner> runner;

  Bench(const std::string& command, const std::filesystem::path& files_dir)
      : accountant(
            meters(),
            {static_cast<double>(runners::allowed_cores().size()), "/proc", energy::own_cpu_time},
            clock.now()) {
    runners::LocalRunnerOptions options;
    options.study = "bench";
    options.command = runners::CommandTemplate::from_string(command);
    options.resource = {trial::ResourceUnit::Steps, 1.0, 1.0};
    options.files_dir = files_dir;
    options.base_environment = {{"PATH", "/usr/bin:/bin"}};
    options.slots.workers = 1;
    runner = runners::make_local_runner(options, accountant, space::Space({}), clock);
  }

  std::vector<std::unique_ptr<energy::Meter>> meters() const {
    std::vector<std::unique_ptr<energy::Meter>> all;
    auto model = energy::open_cpu_model(clock.now());
    if (model) all.push_back(std::move(*model));
    return all;
  }

  void start(std::uint32_t number) {
    runners::Launch launch;
    launch.assignment.trial = TrialId{number};
    launch.assignment.to = 1.0;
    runner->start(launch);
  }

  /// Runs a trial to its end; refuses one that has not done its work.
  void run(std::uint32_t number) {
    start(number);
    std::size_t num_reports = 0;
    while (runner->num_free_slots() == 0) {
      for (const trial::Event& event : runner->wait(Seconds{1.0})) {
        if (const auto* report = std::get_if<trial::Reported>(&event)) {
          runner->answer(report->trial, trial::Verdict::Continue, 2.0);
          ++num_reports;
        }
        const auto* end = std::get_if<trial::AssignmentEnded>(&event);
        if (end != nullptr && end->outcome != trial::Outcome::Completed) {
          throw std::runtime_error("the trial failed: " + end->detail);
        }
      }
    }
    if (num_reports != 1) throw std::runtime_error("the trial did not report once");
  }
};

/// Spawns and waits for a program whose channel leads nowhere.
void run_bare(std::vector<std::string> arguments) {
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  std::string channel = "WATTUNE_CHANNEL=3";
  char* environment[] = {channel.data(), nullptr};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 3, "/dev/null", O_RDWR, 0);
  pid_t pid = -1;
  const int error =
      ::posix_spawn(&pid, pointers[0], &actions, nullptr, pointers.data(), environment);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) throw std::runtime_error("cannot start " + arguments[0]);
  ::waitpid(pid, nullptr, 0);
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

TrialOverhead measure_trial_overhead(const std::string& program,
                                     const std::filesystem::path& files_dir,
                                     std::size_t num_rounds) {
  Bench bench(program, files_dir);
  const auto arguments = runners::CommandTemplate::from_string(program).expand(
      space::Space({}), space::Configuration(), {});
  std::vector<double> bare_ms;
  std::vector<double> trial_ms;
  for (std::uint32_t round = 0; round < num_rounds; ++round) {
    const MonotonicTime begun = bench.clock.now();
    run_bare(arguments);
    const MonotonicTime between = bench.clock.now();
    bench.run(round);
    bare_ms.push_back(elapsed(begun, between).value() * 1e3);
    trial_ms.push_back(elapsed(between, bench.clock.now()).value() * 1e3);
  }
  TrialOverhead overhead{median(bare_ms), median(trial_ms), 0.0};
  overhead.overhead_ms = overhead.trial_ms - overhead.bare_ms;
  return overhead;
}

double measure_idle_cpu_percent(const std::filesystem::path& files_dir, Seconds duration) {
  Bench bench("sleep 1000000", files_dir);
  bench.start(0);
  const Seconds used_before = energy::own_cpu_time();
  const MonotonicTime begun = bench.clock.now();
  while (elapsed(begun, bench.clock.now()) < duration) {
    static_cast<void>(bench.runner->wait(duration - elapsed(begun, bench.clock.now())));
  }
  const Seconds used = energy::own_cpu_time() - used_before;
  return 100.0 * (used / elapsed(begun, bench.clock.now()));
}

}  // namespace wattune::bench
