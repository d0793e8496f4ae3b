// Measures how much the meter costs and how true it is. Prints one line per figure and, last, one
// flat JSON object; what it is doing goes to stderr.
//
//   bench-meter [--quick] [--only NAME]... [--data DIR] [--codecarbon PYTHON]
//
//   --quick       seconds instead of minutes
//   --only        one of the benchmarks below, by the name in the table
//   --data        folder of recorded power (zeus-traces/*.csv) as one more ground truth
//   --codecarbon  a Python that has CodeCarbon, instead of one installed for the occasion

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <functional>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "meter_benchmarks.hpp"

namespace {

using wattune::bench::MeterBenchOptions;

struct Arguments {
  MeterBenchOptions options;
  std::vector<std::string> only;
  std::optional<double> meter_for_s;
};

Arguments parse(int argc, char** argv) {
  Arguments arguments;
  arguments.options.program = std::filesystem::read_symlink("/proc/self/exe");
  arguments.options.wattune = arguments.options.program.parent_path() / "wattune";
  const std::vector<std::string> words(argv + 1, argv + argc);
  for (std::size_t i = 0; i < words.size(); ++i) {
    const auto value = [&] {
      if (i + 1 == words.size()) throw std::runtime_error(words[i] + " needs a value");
      return words[++i];
    };
    if (words[i] == "--quick") {
      arguments.options.is_quick = true;
    } else if (words[i] == "--only") {
      arguments.only.push_back(value());
    } else if (words[i] == "--data") {
      arguments.options.data = value();
    } else if (words[i] == "--codecarbon") {
      arguments.options.codecarbon = value();
    } else if (words[i] == "--meter-for") {  // how it runs itself
      arguments.meter_for_s = std::stod(value());
    } else {
      throw std::runtime_error("unknown argument " + words[i]);
    }
  }
  return arguments;
}

}  // namespace

int main(int argc, char** argv) try {
  using namespace wattune::bench;
  const Arguments arguments = parse(argc, argv);
  if (arguments.meter_for_s) {
    meter_this_machine(wattune::Seconds{*arguments.meter_for_s});
    return 0;
  }
  using MeterBenchmark = std::function<std::vector<Figure>(const MeterBenchOptions&)>;
  const std::vector<std::pair<std::string, MeterBenchmark>> benchmarks{
      {"tick_us", tick_cost},
      {"core_share_1hz", core_share},
      {"coverage", simulated_truth},
      {"naive_error_ratio_cpu_share", cpu_share_error},
      {"measure_overhead_ms", measure_overhead},
      {"codecarbon_cpu_ratio", codecarbon_ratio},
  };
  for (const std::string& name : arguments.only) {
    if (std::ranges::count(benchmarks, name, &std::pair<std::string, MeterBenchmark>::first) == 0) {
      throw std::runtime_error("there is no benchmark " + name);
    }
  }
  nlohmann::ordered_json summary = nlohmann::ordered_json::object();
  for (const auto& [name, measure] : benchmarks) {
    if (!arguments.only.empty() && std::ranges::count(arguments.only, name) == 0) continue;
    fmt::print(stderr, "bench-meter: {} ...\n", name);
    for (const Figure& figure : measure(arguments.options)) {
      fmt::print("{:<32} {:>12.4g}   {}\n", figure.key, figure.value, figure.note);
      summary[figure.key] = figure.value;
    }
  }
  fmt::print("{}\n", summary.dump());
  return 0;
} catch (const std::exception& error) {
  fmt::print(stderr, "bench-meter: {}\n", error.what());
  return 1;
}
