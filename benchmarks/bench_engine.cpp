// Measures what the README promises. Prints one line per figure and, last, one flat JSON object.
//
//   bench-engine [name ...]     all benchmarks, or those named

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "benchmark.hpp"

int main(int argc, char** argv) try {
  using namespace wattune::bench;
  const std::vector<std::pair<std::string, Benchmark>> benchmarks{
      // First: a child's peak memory counts from what its parent had when it began.
      {"cli_start", cli_start},
      {"bytes_per_trial", bytes_per_trial},
      {"trial_overhead_ms", trial_overhead_ms},
      {"open_10k_ms", open_10k_ms},
      {"appends_per_s", appends_per_s},
      {"idle_cpu_percent", idle_cpu_percent},
  };
  const std::vector<std::string> wanted(argv + 1, argv + argc);
  nlohmann::ordered_json summary;
  for (const auto& [name, measure] : benchmarks) {
    if (!wanted.empty() && std::ranges::find(wanted, name) == wanted.end()) continue;
    for (const Figure& figure : measure()) {
      fmt::print("{:<26} {:>12.4g}   {}\n", figure.key, figure.value, figure.note);
      summary[figure.key] = figure.value;
    }
  }
  fmt::print("{}\n", summary.dump());
  return 0;
} catch (const std::exception& error) {
  fmt::print(stderr, "bench-engine: {}\n", error.what());
  return 1;
}
