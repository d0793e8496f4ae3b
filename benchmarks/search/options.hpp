#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace wattune::bench {

/// The command line of `bench-search`.
struct SearchBenchOptions {
  bool is_quality = false;
  bool is_speed = false;
  std::vector<std::string> only = {};      ///< Keys or problems; empty: all.
  std::vector<std::string> samplers = {};  ///< Ours; the first is the one that is judged.
  std::vector<std::string> peers = {};     ///< Others; empty: all that can be had. "none": none.
  std::size_t num_repeats = 20;
  std::uint64_t first_seed = 1;
  std::optional<std::size_t> num_evaluations;  ///< In place of what the key says.
  std::size_t num_jobs = 2;
  std::optional<std::filesystem::path> data;  ///< Folder with lcbench/.
  std::optional<std::filesystem::path> json;  ///< Where all results go, seed by seed.
  std::filesystem::path peer_folder;          ///< Keeps the virtual environment and peers' results.
  bool is_quick = false;                      ///< Leaves out what takes minutes.
  bool is_fresh = false;                      ///< Forget what peers did in earlier runs.
  bool measures_peers = true;                 ///< False: only what earlier runs left.
};

/// Is one of the words named with --only, or nothing?
[[nodiscard]] inline bool is_wanted(const SearchBenchOptions& options,
                                    const std::vector<std::string>& words) {
  for (const std::string& name : options.only) {
    for (const std::string& word : words) {
      if (word == name) return true;
    }
  }
  return options.only.empty();
}

}  // namespace wattune::bench
