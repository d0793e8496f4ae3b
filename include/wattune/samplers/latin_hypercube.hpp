#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "wattune/samplers/sampler.hpp"

namespace wattune::samplers {

struct LatinHypercubeOptions {
  /// Points of one design: the trials that are to be run, where that is known; 4 per parameter
  /// where not set.
  std::optional<std::size_t> count = std::nullopt;
  std::uint64_t seed = 0;
};

/// Takes the points of Latin hypercubes: each of `count` equal parts of every parameter holds one
/// point, at a random place in it. After one design comes another.
///
/// The n-th configuration that comes from the sampler is the n-th allowed point, whatever became of
/// the others.
///
/// Errors   ConfigError  a count of 0 or above 10^7
/// Cost     O(count x parameters) at the start of a design, then O(parameters)
/// Source   McKay, Beckman, Conover, Technometrics 21(2), 1979, doi:10.2307/1268522
[[nodiscard]] std::unique_ptr<Sampler> make_latin_hypercube(space::Space space,
                                                            const LatinHypercubeOptions& options);

}  // namespace wattune::samplers
