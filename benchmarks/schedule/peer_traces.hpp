#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "schedule/trace.hpp"

namespace wattune::bench {

/// What a task's targets were measured to be.
struct TaskTargets {
  double median_full_training_s = 0.0;
  double best_one_percent = 0.0;    ///< Accuracy that the best 1 % of random configurations reach.
  double best_tenth_percent = 0.0;  ///< The best 0.1 %.
  double best = 0.0;
  double median_random = 0.0;
};

/// Traces of other projects' strategies, and the targets of every task.
struct PeerTraces {
  std::map<std::string, TaskTargets> targets;  ///< By task.
  /// By strategy and task, one trace per seed.
  std::map<std::string, std::map<std::string, std::vector<Trace>>> runs;
};

/// Reads lcbench/peers.json.
///
/// Errors   ConfigError  it is missing or holds something else
[[nodiscard]] PeerTraces read_peer_traces(const std::filesystem::path& file);

}  // namespace wattune::bench
