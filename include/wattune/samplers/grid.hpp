#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "wattune/samplers/sampler.hpp"

namespace wattune::samplers {

enum class GridOrder : std::uint8_t {
  Lexicographic,  ///< The last parameter changes fastest; a child comes after its parents.
  Shuffled,       ///< Without replacement, by seed.
};

struct GridOptions {
  std::size_t points_per_float = 5;  ///< Also for floats with a step that has more.
  std::optional<std::size_t> points_per_int = std::nullopt;  ///< Every integer where not set.
  std::map<std::string, std::size_t> points = {};  ///< By parameter, in place of the two above.
  bool upper_bound = true;                         ///< Do continuous parameters include `high`?
  GridOrder order = GridOrder::Lexicographic;
  /// How many combinations are offered at most; with a shuffled order a sample without
  /// replacement.
  std::optional<std::size_t> count = std::nullopt;
  std::uint64_t seed = 0;  ///< Of the shuffled order.
};

/// Tries every combination of evenly spaced values once, then has no more to offer.
///
/// Combinations that differ only in inactive parameters count once; forbidden ones are skipped, and
/// so is the default configuration where the study has tried it.
/// Choices are all tried.
///
/// Errors   ConfigError  0 points or a count of 0, `points` for an unknown name, more than 10^15
/// combinations Cost     lexicographic: O(parameters) per suggestion; shuffled: as many draws as
/// one allowed
///          combination takes on average
[[nodiscard]] std::unique_ptr<Sampler> make_grid(space::Space space, const GridOptions& options);

}  // namespace wattune::samplers
