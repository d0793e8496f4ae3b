#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace wattune::bench {

/// What `bench-schedule` was asked for; see its top.
struct ScheduleBenchOptions {
  std::filesystem::path data;           ///< Has lcbench/ and zeus-traces/.
  std::vector<std::string> strategies;  ///< The first one is judged.
  std::vector<std::string> tasks;       ///< Of LCBench; empty: all.
  std::vector<std::string> parts;       ///< Empty: all.
  std::vector<std::string> starts;      ///< Of the strategy that is judged; empty: all.
  std::size_t num_seeds = 10;
  std::uint64_t first_seed = 1;
  std::size_t num_jobs = 2;
  bool is_quick = false;
  bool measures_peers = false;
  bool serves_curves = false;
  std::filesystem::path peer_folder;
  std::optional<std::filesystem::path> json;  ///< Where every trace is written.
};

}  // namespace wattune::bench
