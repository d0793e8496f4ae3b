#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "wattune/samplers/sampler.hpp"
#include "wattune/samplers/variation.hpp"

namespace wattune::samplers {

struct Nsga3Options {
  std::size_t population_size = 50;
  /// Parts into which each objective's share is divided; where not set, as many as give no more
  /// directions than the population has members, and at least 1.
  std::optional<std::size_t> divisions = std::nullopt;
  VariationOptions variation = {.crossover_index = 30.0};
  std::uint64_t seed = 0;  ///< Of the Sobol start and of ties between directions.
};

/// Breeds the configurations of past generations that lie near evenly spread directions of the
/// objectives: for three objectives and more, where crowding says little.
///
/// Generations, constraints, short and failed trials: as make_nsga2.
///
/// Errors   ConfigError  as make_nsga2; 0 divisions, more than 100,000 directions
/// Cost     amortised O(parameters + population x directions x objectives) per suggestion
/// Source   Deb, Jain, IEEE Trans. Evol. Comput. 18(4), 2014, doi:10.1109/TEVC.2013.2281535;
///          constraints: Jain, Deb, same issue, doi:10.1109/TEVC.2013.2281534
/// Differs  see docs/papers.md, "Samplers"
[[nodiscard]] std::unique_ptr<Sampler> make_nsga3(space::Space space, std::size_t num_objectives,
                                                  const Nsga3Options& options);

/// Evenly spread directions: all vectors of shares that are multiples of 1 / divisions and add up
/// to 1.
///
/// Gives    [choose(divisions + num_objectives - 1, divisions) x num_objectives]
/// Source   Das, Dennis, SIAM J. Optim. 8(3), 1998, doi:10.1137/S1052623496307510
[[nodiscard]] std::vector<std::vector<double>> reference_directions(std::size_t num_objectives,
                                                                    std::size_t divisions);

}  // namespace wattune::samplers
