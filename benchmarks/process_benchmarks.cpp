#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <algorithm>
#include <filesystem>
#include <stdexcept>

#include "bench_folder.hpp"
#include "benchmark.hpp"
#include "runner_figures.hpp"
#include "sample_study.hpp"

namespace wattune::bench {
namespace {

constexpr std::size_t kTrialRounds = 100;
constexpr std::size_t kStartRounds = 21;
constexpr Seconds kQuietTime{20.0};

struct ProcessCost {
  double wall_ms = 0.0;
  double peak_mb = 0.0;
};

/// Runs the program with its output thrown away.
ProcessCost cost_of(const std::vector<std::string>& command) {
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  const auto begin = std::chrono::steady_clock::now();
  pid_t child = 0;
  const int failed =
      posix_spawn(&child, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) throw std::runtime_error(command[0] + " cannot be started");
  int status = 0;
  rusage usage{};
  wait4(child, &status, 0, &usage);
  if (status != 0) throw std::runtime_error(command[0] + " failed");
  return {1e3 * seconds_since(begin), static_cast<double>(usage.ru_maxrss) / 1024.0};
}

}  // namespace

std::vector<Figure> trial_overhead_ms() {
  const BenchFolder folder;
  const TrialOverhead cost =
      measure_trial_overhead(WATTUNE_ONE_REPORT, folder.path(), kTrialRounds);
  return {{"trial_overhead_ms", cost.overhead_ms,
           fmt::format("medians of {}: {:.2f} ms as a trial, {:.2f} ms bare", kTrialRounds,
                       cost.trial_ms, cost.bare_ms)}};
}

std::vector<Figure> idle_cpu_percent() {
  const BenchFolder folder;
  return {{"idle_cpu_percent", measure_idle_cpu_percent(folder.path(), kQuietTime),
           fmt::format("of one core, over {} s, metering at 1 Hz", kQuietTime.value())}};
}

std::vector<Figure> cli_start() {
  const BenchFolder folder;
  write_sample_study(folder.study(), 20);
  std::vector<double> times;
  double peak_mb = 0.0;
  for (std::size_t i = 0; i < kStartRounds; ++i) {
    const ProcessCost cost = cost_of({WATTUNE_PROGRAM, "best", folder.study().string()});
    times.push_back(cost.wall_ms);
    peak_mb = std::max(peak_mb, cost.peak_mb);
  }
  std::ranges::sort(times);
  return {{"cli_start_ms", times[times.size() / 2],
           fmt::format("`wattune best`, 20 trials; median of {}, {:.1f} to {:.1f}", kStartRounds,
                       times.front(), times.back())},
          {"cli_rss_mb", peak_mb, "the same, largest peak"}};
}

}  // namespace wattune::bench
