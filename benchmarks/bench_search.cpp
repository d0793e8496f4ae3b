// Measures how good and how fast the search is, beside other projects' samplers where those can be
// installed. Prints tables for people and, last, one flat JSON object; progress goes to stderr.
//
//   bench-search [--quality] [--speed] [option ...]
//
//   --quality          best values and hypervolumes reached on test problems
//   --speed            times of suggestions, studies and hypervolumes on one pinned core
//   --quick            without the study of 10,000 trials, which takes a peer minutes
//   --only NAMES       keys or problems, separated by commas, such as hartmann6,hv_zdt1_60
//   --samplers NAMES   ours; the first is judged, the others are compared with it
//   --peers NAMES      others; `none`, or `kept` for what earlier runs left
//   --repeats N        studies of each problem (20)
//   --first-seed N     of their seeds (1); others than the defaults were chosen on
//   --evaluations N    in place of each key's own number
//   --jobs N           studies at a time (2)
//   --data DIR         folder with lcbench/, for its 24 tasks
//   --json FILE        all results, seed by seed
//   --peer-folder DIR  virtual environment and results of the peers (search-peers in the build
//   folder)
//   --fresh            measure peers anew instead of using what earlier runs left

#include <fmt/format.h>

#include <exception>
#include <functional>
#include <map>
#include <sstream>
#include <stdexcept>

#include "arguments.hpp"
#include "search/quality.hpp"

namespace {

using wattune::bench::SearchBenchOptions;

std::vector<std::string> split(const std::string& list) {
  std::vector<std::string> words;
  std::istringstream in{list};
  for (std::string word; std::getline(in, word, ',');) words.push_back(word);
  return words;
}

void choose_peers(SearchBenchOptions& options, const std::string& list) {
  options.peers = split(list);
  if (list != "kept") return;
  options.peers.clear();
  options.measures_peers = false;
}

SearchBenchOptions parse(int argc, char** argv) {
  SearchBenchOptions options;
  options.samplers = {"auto", "tpe", "cma_es", "nsga2", "random"};
  options.peer_folder =
      std::filesystem::read_symlink("/proc/self/exe").parent_path() / "../../search-peers";
  const wattune::bench::Flags flags{{"--quality", [&] { options.is_quality = true; }},
                                    {"--speed", [&] { options.is_speed = true; }},
                                    {"--quick", [&] { options.is_quick = true; }},
                                    {"--fresh", [&] { options.is_fresh = true; }}};
  const wattune::bench::Values values{
      {"--only", [&](const std::string& value) { options.only = split(value); }},
      {"--samplers", [&](const std::string& value) { options.samplers = split(value); }},
      {"--peers", [&](const std::string& value) { choose_peers(options, value); }},
      {"--repeats", [&](const std::string& value) { options.num_repeats = std::stoul(value); }},
      {"--first-seed", [&](const std::string& value) { options.first_seed = std::stoull(value); }},
      {"--evaluations",
       [&](const std::string& value) { options.num_evaluations = std::stoul(value); }},
      {"--jobs", [&](const std::string& value) { options.num_jobs = std::stoul(value); }},
      {"--data", [&](const std::string& value) { options.data = value; }},
      {"--json", [&](const std::string& value) { options.json = value; }},
      {"--peer-folder", [&](const std::string& value) { options.peer_folder = value; }}};
  wattune::bench::read_arguments(argc, argv, flags, values);
  return options;
}

}  // namespace

int main(int argc, char** argv) try {
  using namespace wattune::bench;
  const SearchBenchOptions options = parse(argc, argv);
  nlohmann::ordered_json summary = nlohmann::ordered_json::object();
  if (options.is_speed) summary.update(measure_speed(options));
  if (options.is_quality) summary.update(measure_quality(options));
  fmt::print("{}\n", summary.dump());
  return 0;
} catch (const std::exception& error) {
  fmt::print(stderr, "bench-search: {}\n", error.what());
  return 1;
}
