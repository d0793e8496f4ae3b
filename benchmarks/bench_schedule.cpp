// Measures how many joules a strategy needs to find a good configuration, on recorded trainings,
// beside other projects' strategies. Prints tables for people and, last, one flat JSON object;
// progress goes to stderr.
//
//   bench-schedule --data DIR [option ...]
//
//   --data DIR         folder with lcbench/ and zeus-traces/
//   --strategies LIST  names, or words of a study file's `strategy`, separated by `;`; the first
//   one
//                      is judged, the others are shown beside it. `race slack=1 num_start=6;` is
//                      the race with other constants (benchmarks/schedule/race_knobs.cpp)
//   --tasks NAMES      of LCBench, separated by commas (all 24); `tuning` and `report` are its
//   halves
//   --starts NAMES     of plain, default, margin, history, default_and_history (all)
//   --parts NAMES      of ett, hypervolume, zeus, decisions, race (all)
//   --seeds N          studies of each task (10)
//   --first-seed N     of their seeds (1); others than the defaults were chosen on
//   --jobs N           studies at a time (2)
//   --quick            3 seeds and 6 tasks
//   --peers            measure the peers anew instead of taking the traces that lie with the data;
//                      hours, can be interrupted
//   --peer-folder DIR  their virtual environment and results (schedule-peers in the build folder)
//   --curves           answer requests for learning curves on standard input, for the peers
//   --json FILE        every trace

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>

#include "arguments.hpp"
#include "schedule/decisions.hpp"
#include "schedule/energy_to_target.hpp"
#include "schedule/hypervolume_area.hpp"
#include "schedule/peer_runs.hpp"
#include "schedule/race_decision.hpp"
#include "schedule/zeus_regret.hpp"

namespace {

using wattune::bench::ScheduleBenchOptions;

std::vector<std::string> split(const std::string& list, char separator) {
  std::vector<std::string> words;
  std::istringstream in{list};
  for (std::string word; std::getline(in, word, separator);) words.push_back(word);
  return words;
}

/// Where the words of a study file have commas of their own, semicolons separate.
std::vector<std::string> split_strategies(const std::string& list) {
  return split(list, list.find_first_of("{;") == std::string::npos ? ',' : ';');
}

void be_quick(ScheduleBenchOptions& options) {
  options.is_quick = true;
  options.num_seeds = 3;
  options.tasks = {"126026", "167149", "167161", "168868", "189873", "189906"};
}

ScheduleBenchOptions parse(int argc, char** argv) {
  ScheduleBenchOptions options;
  options.strategies = {"auto",     "tpe_hyperband", "tpe_halving", "random_halving",
                        "tpe_full", "random_full",   "sm2"};
  options.peer_folder =
      std::filesystem::read_symlink("/proc/self/exe").parent_path() / "../../schedule-peers";
  const wattune::bench::Flags flags{{"--quick", [&] { be_quick(options); }},
                                    {"--curves", [&] { options.serves_curves = true; }},
                                    {"--peers", [&] { options.measures_peers = true; }}};
  const wattune::bench::Values values{
      {"--data", [&](const std::string& value) { options.data = value; }},
      {"--strategies",
       [&](const std::string& value) { options.strategies = split_strategies(value); }},
      {"--tasks", [&](const std::string& value) { options.tasks = split(value, ','); }},
      {"--starts", [&](const std::string& value) { options.starts = split(value, ','); }},
      {"--parts", [&](const std::string& value) { options.parts = split(value, ','); }},
      {"--seeds", [&](const std::string& value) { options.num_seeds = std::stoul(value); }},
      {"--first-seed", [&](const std::string& value) { options.first_seed = std::stoull(value); }},
      {"--jobs", [&](const std::string& value) { options.num_jobs = std::stoul(value); }},
      {"--peer-folder", [&](const std::string& value) { options.peer_folder = value; }},
      {"--json", [&](const std::string& value) { options.json = value; }}};
  wattune::bench::read_arguments(argc, argv, flags, values);
  if (options.data.empty()) throw std::runtime_error("--data DIR is needed: recorded trainings");
  if (options.strategies.empty()) throw std::runtime_error("--strategies names none");
  return options;
}

bool is_wanted(const ScheduleBenchOptions& options, const std::string& part) {
  return options.parts.empty() || std::ranges::count(options.parts, part) > 0;
}

/// Says which keys of the whole bench this run has not measured.
void name_missing(const ScheduleBenchOptions& options, const nlohmann::ordered_json& summary) {
  if (!options.parts.empty()) return;
  std::vector<std::string> missing;
  for (const char* key :
       {"ett_ratio_best_peer", "ett_ratio_best_peer_hard", "ett_ratio_best_peer_default",
        "ett_ratio_best_peer_default_hard", "ett_ratio_best_peer_history",
        "ett_ratio_best_peer_history_hard", "ett_ratio_best_peer_margin",
        "ett_ratio_best_peer_margin_hard", "match_ratio_best_peer", "ett_worst_task", "mo_hv_ratio",
        "mo_hv_ratio_tpe", "zeus_regret", "sm2_equals_sha", "decision_us", "race_decision_ms_260",
        "resume_divergences"}) {
    if (!summary.contains(key)) missing.emplace_back(key);
  }
  if (!missing.empty()) fmt::print("\nnot measured: {}\n", fmt::join(missing, ", "));
}

}  // namespace

int main(int argc, char** argv) try {
  using namespace wattune::bench;
  const ScheduleBenchOptions options = parse(argc, argv);
  if (options.serves_curves) {
    serve_curves(options);
    return 0;
  }
  nlohmann::ordered_json summary = nlohmann::ordered_json::object();
  if (is_wanted(options, "ett")) summary.update(measure_energy_to_target(options));
  if (is_wanted(options, "hypervolume")) summary.update(measure_hypervolume(options));
  if (is_wanted(options, "zeus")) summary.update(measure_zeus_regret(options));
  if (is_wanted(options, "decisions")) summary.update(measure_decisions(options));
  if (is_wanted(options, "race")) summary["race_decision_ms_260"] = race_decision_ms(options);
  name_missing(options, summary);
  fmt::print("{}\n", summary.dump());
  return 0;
} catch (const std::exception& error) {
  fmt::print(stderr, "bench-schedule: {}\n", error.what());
  return 1;
}
