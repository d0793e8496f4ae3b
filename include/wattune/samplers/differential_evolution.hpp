#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "wattune/samplers/sampler.hpp"

namespace wattune::samplers {

enum class DifferentialStrategy : std::uint8_t {
  CurrentToPbest,  ///< Towards one of the best, with adapted weights (JADE).
  Rand1Bin,        ///< From a random member, with the weights given.
};

struct DifferentialEvolutionOptions {
  std::optional<std::size_t> population_size = std::nullopt;  ///< 3 per parameter, 12 to 60.
  DifferentialStrategy strategy = DifferentialStrategy::CurrentToPbest;
  double differential_weight = 0.5;    ///< F; where weights adapt, their start.
  double crossover_probability = 0.5;  ///< CR; where weights adapt, their start.
  double best_fraction = 0.2;          ///< Of the population, that CurrentToPbest goes towards.
  double adaptation_rate = 0.1;        ///< Of the weights, per generation.
  std::uint64_t seed = 0;              ///< Of the Sobol start and of the adapted weights.
};

/// Moves the members of a population by differences between others, and keeps what is better.
///
/// Trial n competes for place n modulo the population size, with whoever holds it when the trial
/// ends; so trials that still run hold nothing up. With several objectives every place has its own
/// weights, and the largest weighted loss decides.
///
/// Errors   ConfigError  a population below 4, a weight outside (0, 2], a probability or fraction
///          outside [0, 1], a fraction or rate of 0
/// Cost     O(population log population + parameters) per suggestion
/// Source   Storn, Price, J. Global Optim. 11, 1997, doi:10.1023/A:1008202821328; JADE: Zhang,
///          Sanderson, IEEE Trans. Evol. Comput. 13(5), 2009, doi:10.1109/TEVC.2009.2014613;
///          several objectives: Li, Zhang, same journal 13(2), 2009, doi:10.1109/TEVC.2008.925798
/// Differs  see docs/papers.md, "Samplers"
[[nodiscard]] std::unique_ptr<Sampler> make_differential_evolution(
    space::Space space, const DifferentialEvolutionOptions& options);

}  // namespace wattune::samplers
