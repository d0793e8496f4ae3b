#pragma once

#include <filesystem>

#include "schedule/options.hpp"

namespace wattune::bench {

/// Where the peers' traces are: with the data, or measured now by schedule_peers.py, which takes
/// hours.
///
/// Errors   std::runtime_error  they could not be measured
[[nodiscard]] std::filesystem::path peer_traces_file(const ScheduleBenchOptions& options);

/// Answers {"task": ..., "configuration": ...} on standard input, line by line, with the accuracies
/// and the times after every epoch of that training.
void serve_curves(const ScheduleBenchOptions& options);

}  // namespace wattune::bench
