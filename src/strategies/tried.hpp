#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>

#include "wattune/trial/history.hpp"

namespace wattune::strategies {

/// The configurations that a history has tried, by their hash: a cache that follows the history.
class Tried {
 public:
  /// Has a search trial had this configuration?
  [[nodiscard]] bool contains(const trial::History& history,
                              const space::Configuration& configuration);

 private:
  std::size_t num_seen_ = 0;  // trials of the history that are in the table
  std::unordered_multimap<std::uint64_t, std::uint32_t> trial_by_hash_;
};

}  // namespace wattune::strategies
