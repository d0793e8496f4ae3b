#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "search/options.hpp"
#include "search/problems.hpp"
#include "search/study.hpp"

namespace wattune::bench {

/// A sampler of another project, driven by benchmarks/peers.py.
struct Peer {
  std::string name;
  std::string version;
  bool takes_conditions = true;
  bool takes_constraints = true;
  bool takes_many_objectives = true;
  bool takes_one_objective = true;

  [[nodiscard]] bool suits(const SearchProblem& problem) const;
};

/// The script as a process: one JSON object per line in both directions.
class PeerProcess {
 public:
  /// Errors   std::runtime_error  the program cannot be started
  PeerProcess(const std::filesystem::path& python, const std::vector<std::string>& arguments);
  PeerProcess(const PeerProcess&) = delete;
  PeerProcess& operator=(const PeerProcess&) = delete;
  ~PeerProcess();

  void send(const nlohmann::json& message);
  /// Errors   std::runtime_error  it has ended
  [[nodiscard]] nlohmann::json receive();

 private:
  int process_ = -1;
  std::FILE* to_ = nullptr;
  std::FILE* from_ = nullptr;
};

/// All peers that could be installed, and what they have done so far.
///
/// Results are kept in a file, one line per study, by peer, version, problem, evaluations and seed:
/// a run that was cut off goes on, and a search is not run twice.
///
/// Threads  any number
class Peers {
 public:
  /// Makes the virtual environment if there is none.
  explicit Peers(const SearchBenchOptions& options);

  [[nodiscard]] const std::vector<Peer>& available() const { return peers_; }
  /// Peers that are missing, with the reason.
  [[nodiscard]] const std::map<std::string, std::string>& missing() const { return missing_; }
  [[nodiscard]] std::filesystem::path python() const;

  /// The script's answer to one job that asks nothing back.
  [[nodiscard]] nlohmann::json ask(const nlohmann::json& job);
  /// Runs a search now and keeps the result. Nothing where it failed.
  [[nodiscard]] std::optional<SearchResult> run(const Peer& peer, const SearchProblem& problem,
                                                std::size_t num_evaluations, std::uint64_t seed);
  /// What an earlier run left.
  [[nodiscard]] std::optional<SearchResult> kept(const Peer& peer, const SearchProblem& problem,
                                                 std::size_t num_evaluations,
                                                 std::uint64_t seed) const;

 private:
  /// An idle process of the script, or a new one.
  [[nodiscard]] std::unique_ptr<PeerProcess> take_process();
  [[nodiscard]] std::optional<SearchResult> search(PeerProcess& process, const Peer& peer,
                                                   const SearchProblem& problem,
                                                   std::size_t num_evaluations,
                                                   std::uint64_t seed) const;
  void read_results();
  void keep(const Peer& peer, const SearchProblem& problem, std::uint64_t seed,
            const SearchResult& result);

  SearchBenchOptions options_;
  std::vector<Peer> peers_;
  std::map<std::string, std::string> missing_;
  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<PeerProcess>> idle_;
  std::map<std::string, SearchResult> results_;  // by peer, version, problem and seed; the longest
};

}  // namespace wattune::bench
