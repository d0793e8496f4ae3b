#include "search/peers.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <stdexcept>

extern char** environ;

namespace wattune::bench {
namespace {

using nlohmann::json;

/// Starts a program with our two pipe ends as its standard input and output.
pid_t spawn(const std::vector<std::string>& words, int input, int output) {
  std::vector<char*> argv;
  for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  pid_t process = -1;
  const int error = posix_spawnp(&process, argv[0], &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) throw std::runtime_error("cannot start " + words.front());
  return process;
}

/// Both ends of a pipe, closed in children.
std::array<int, 2> make_pipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe can be had");
  return ends;
}

bool has_conditions(const space::Space& space) {
  return std::ranges::any_of(space.parameters(), [](const space::Parameter& parameter) {
    return !parameter.when.empty() || !std::holds_alternative<space::FloatDomain>(parameter.domain);
  });
}

/// Changes when the problem does: its space and its values at three places.
std::string fingerprint(const SearchProblem& problem) {
  std::string text = to_json(problem.space).dump();
  for (const std::uint64_t place : {1U, 2U, 3U}) {
    Rng rng{place};
    for (const double value : problem.values(problem.space.sample(rng).value())) {
      text += fmt::format(" {:.9g}", value);
    }
  }
  text += fmt::format(" {}", fmt::join(problem.noise_deviations, " "));
  return fmt::format("{:016x}", std::hash<std::string>{}(text));
}

std::string key_of(const Peer& peer, const std::string& problem, const std::string& print,
                   std::uint64_t seed) {
  return fmt::format("{} {} {} {} {}", peer.name, peer.version, problem, print, seed);
}

}  // namespace

bool Peer::suits(const SearchProblem& problem) const {
  return (takes_conditions || !has_conditions(problem.space)) &&
         (takes_constraints || problem.num_constraints == 0) &&
         (problem.num_objectives == 1 ? takes_one_objective : takes_many_objectives);
}

PeerProcess::PeerProcess(const std::filesystem::path& python,
                         const std::vector<std::string>& arguments) {
  std::vector<std::string> words{python.string(), WATTUNE_PEERS_SCRIPT};
  words.insert(words.end(), arguments.begin(), arguments.end());
  signal(SIGPIPE, SIG_IGN);  // a script that died is found when it is read from
  const auto to = make_pipe();
  const auto from = make_pipe();
  process_ = spawn(words, to[0], from[1]);
  close(to[0]);
  close(from[1]);
  to_ = fdopen(to[1], "w");
  from_ = fdopen(from[0], "r");
}

PeerProcess::~PeerProcess() {
  std::fclose(to_);
  std::fclose(from_);
  waitpid(process_, nullptr, 0);
}

void PeerProcess::send(const json& message) {
  const std::string line = message.dump() + "\n";
  std::fwrite(line.data(), 1, line.size(), to_);
  std::fflush(to_);
}

json PeerProcess::receive() {
  char* line = nullptr;
  std::size_t capacity = 0;
  const ssize_t length = getline(&line, &capacity, from_);
  const std::unique_ptr<char, decltype(&std::free)> owner{line, &std::free};
  if (length < 0) throw std::runtime_error("benchmarks/peers.py has ended");
  return json::parse(line, line + length);
}

Peers::Peers(const SearchBenchOptions& options) : options_(options) {
  std::filesystem::create_directories(options.peer_folder);
  if (!std::filesystem::exists(options.peer_folder / "installed.json")) {
    fmt::print(stderr, "bench-search: installing the peers under {} ...\n",
               options.peer_folder.string());
    PeerProcess install{"/usr/bin/python3", {"install", options.peer_folder.string()}};
    const json done = install.receive();
    if (done.contains("error")) throw std::runtime_error(done.at("error").get<std::string>());
  }
  const json hello = json::parse(std::ifstream{options.peer_folder / "installed.json"});
  for (const json& entry : hello.at("peers")) {
    const auto name = entry.at("name").get<std::string>();
    const bool is_named = options.peers.empty() || std::ranges::count(options.peers, name) > 0;
    if (!is_named) continue;
    peers_.push_back({name, entry.at("version"), entry.at("conditions"), entry.at("constraints"),
                      entry.at("many_objectives"), entry.at("one_objective")});
  }
  missing_ = hello.at("missing").get<std::map<std::string, std::string>>();
  if (!options.is_fresh) read_results();
}

std::filesystem::path Peers::python() const {
  return options_.peer_folder / "venv/bin/python";
}

std::unique_ptr<PeerProcess> Peers::take_process() {
  const std::lock_guard lock{mutex_};
  if (idle_.empty()) {
    return std::make_unique<PeerProcess>(python(), std::vector<std::string>{"serve"});
  }
  auto process = std::move(idle_.back());
  idle_.pop_back();
  return process;
}

json Peers::ask(const json& job) {
  auto process = take_process();
  process->send(job);
  json answer = process->receive();
  const std::lock_guard lock{mutex_};
  idle_.push_back(std::move(process));
  return answer;
}

void Peers::read_results() {
  std::ifstream in{options_.peer_folder / "results.jsonl"};
  for (std::string line; std::getline(in, line);) {
    const json entry = json::parse(line, nullptr, false);
    if (entry.is_discarded()) continue;  // cut off while it was written
    SearchResult result{entry.at("values"), entry.at("seconds")};
    auto& longest = results_[entry.at("key").get<std::string>()];
    if (result.exact_values.size() > longest.exact_values.size()) longest = std::move(result);
  }
}

void Peers::keep(const Peer& peer, const SearchProblem& problem, std::uint64_t seed,
                 const SearchResult& result) {
  const std::string key = key_of(peer, problem.name, fingerprint(problem), seed);
  const json entry{{"key", key}, {"values", result.exact_values}, {"seconds", result.seconds}};
  const std::lock_guard lock{mutex_};
  std::ofstream out{options_.peer_folder / "results.jsonl", std::ios::app};
  out << entry.dump() + "\n" << std::flush;
  results_[key] = result;
}

std::optional<SearchResult> Peers::kept(const Peer& peer, const SearchProblem& problem,
                                        std::size_t num_evaluations, std::uint64_t seed) const {
  const std::string key = key_of(peer, problem.name, fingerprint(problem), seed);
  const std::lock_guard lock{mutex_};
  const auto found = results_.find(key);
  if (found == results_.end() || found->second.exact_values.size() < num_evaluations) return {};
  return found->second;
}

std::optional<SearchResult> Peers::run(const Peer& peer, const SearchProblem& problem,
                                       std::size_t num_evaluations, std::uint64_t seed) {
  auto process = take_process();
  auto result = search(*process, peer, problem, num_evaluations, seed);
  if (result) keep(peer, problem, seed, *result);
  const std::lock_guard lock{mutex_};
  idle_.push_back(std::move(process));
  return result;
}

std::optional<SearchResult> Peers::search(PeerProcess& process, const Peer& peer,
                                          const SearchProblem& problem, std::size_t num_evaluations,
                                          std::uint64_t seed) const {
  process.send({{"study", peer.name},
                {"space", to_json(problem.space)},
                {"num_objectives", problem.num_objectives},
                {"num_constraints", problem.num_constraints},
                {"noise_deviations", problem.noise_deviations},
                {"reference", problem.reference},
                {"evaluations", num_evaluations},
                {"seed", seed}});
  SearchResult result;
  while (true) {
    const json message = process.receive();
    if (message.contains("error")) {
      fmt::print(stderr, "bench-search: {} on {}: {}\n", peer.name, problem.name,
                 message.at("error").get<std::string>());
      return std::nullopt;
    }
    if (message.contains("done")) {
      result.seconds = message.at("done");
      return result;
    }
    const auto configuration = problem.space.from_json(message.at("ask"));
    if (!configuration || !problem.space.contains(*configuration)) {
      process.send({{"refused", configuration ? "forbidden" : configuration.error().message}});
      continue;
    }
    const std::size_t evaluation = result.exact_values.size();
    result.exact_values.push_back(problem.values(*configuration));
    process.send({{"values", observe(problem, result.exact_values.back(), seed, evaluation)}});
  }
}

}  // namespace wattune::bench
