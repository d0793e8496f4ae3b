#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace wattune::bench {

/// One figure of the table in the README, with its bar.
struct Figure {
  std::string key;
  double value = 0.0;
  std::string note;  ///< How it was measured, for the screen.
};

/// Measures some figures; each file of benchmarks gives one such list.
using Benchmark = std::function<std::vector<Figure>()>;

[[nodiscard]] std::vector<Figure> trial_overhead_ms();
[[nodiscard]] std::vector<Figure> appends_per_s();
[[nodiscard]] std::vector<Figure> open_10k_ms();
[[nodiscard]] std::vector<Figure> cli_start();
[[nodiscard]] std::vector<Figure> bytes_per_trial();
[[nodiscard]] std::vector<Figure> idle_cpu_percent();

[[nodiscard]] inline double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace wattune::bench
