#include "schedule/peer_runs.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "schedule/lcbench_tasks.hpp"
#include "wattune/recorded/lcbench.hpp"

namespace wattune::bench {

std::filesystem::path peer_traces_file(const ScheduleBenchOptions& options) {
  if (!options.measures_peers) return options.data / "lcbench/peers.json";
  std::vector<std::string> tasks = recorded::LcBench{options.data / "lcbench"}.tasks();
  std::erase_if(tasks, [&](const std::string& task) { return !is_asked_for(task, options.tasks); });
  const std::string command = fmt::format(
      "'{}' '{}' '{}' '{}' --jobs {} --tasks {}", WATTUNE_SCHEDULE_PEERS,
      options.peer_folder.string(), std::filesystem::read_symlink("/proc/self/exe").string(),
      options.data.string(), options.num_jobs, fmt::join(tasks, ","));
  if (std::system(command.c_str()) != 0)
    throw std::runtime_error("the peers could not be measured");
  return options.peer_folder / "peers.json";
}

void serve_curves(const ScheduleBenchOptions& options) {
  const recorded::LcBench bench{options.data / "lcbench"};
  std::map<std::string, std::unique_ptr<recorded::RecordedTrainings>> tasks;
  for (std::string line; std::getline(std::cin, line);) {
    const auto request = nlohmann::json::parse(line);
    const auto task = request.at("task").get<std::string>();
    auto& trainings = tasks[task];
    if (!trainings) trainings = bench.trainings(task, bench.space());
    const auto configuration = bench.space().from_json(request.at("configuration"));
    if (!configuration) throw std::runtime_error(configuration.error().message);
    const auto recording = trainings->open(*configuration, 0);
    nlohmann::json curve{{"accuracy", nlohmann::json::array()},
                         {"time_s", nlohmann::json::array()}};
    for (auto step = (*recording)->next(0.0); step; step = (*recording)->next(step->step)) {
      curve["accuracy"].push_back(step->metrics.front().value);
      curve["time_s"].push_back(step->time.value());
    }
    fmt::print("{}\n", curve.dump());
    std::fflush(stdout);
  }
}

}  // namespace wattune::bench
