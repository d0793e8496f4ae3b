#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "wattune/samplers/sampler.hpp"
#include "wattune/samplers/variation.hpp"

namespace wattune::samplers {

struct Nsga2Options {
  std::size_t population_size = 50;
  VariationOptions variation = {};
  std::uint64_t seed = 0;  ///< Of the Sobol start.
};

/// Breeds the configurations of past generations that are on the best fronts and far apart.
///
/// A generation is the next `population_size` trials to end. Trials that break a constraint come
/// after all that do not, by how far; then short ones by how far they came; failed ones are never
/// parents.
///
/// Errors   ConfigError  a population below 4, a probability outside [0, 1], a negative index
/// Cost     amortised O(parameters + population log population) per suggestion with two objectives
/// Source   Deb, Pratap, Agarwal, Meyarivan, IEEE Trans. Evol. Comput. 6(2), 2002,
///          doi:10.1109/4235.996017
/// Differs  see docs/papers.md, "Samplers"
[[nodiscard]] std::unique_ptr<Sampler> make_nsga2(space::Space space, const Nsga2Options& options);

}  // namespace wattune::samplers
