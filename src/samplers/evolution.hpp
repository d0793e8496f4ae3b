#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "arrivals.hpp"
#include "breeding.hpp"
#include "wattune/samplers/sampler.hpp"

namespace wattune::samplers {

/// One of those that survive a generation.
struct Survivor {
  std::size_t index = 0;  ///< Among the candidates.
  std::size_t rank = 0;   ///< The lower one wins a tournament ...
  double spread = 0.0;    ///< ... and of equal ranks the one with more room around it.
};

/// Chooses who of a generation and its offspring lives on.
class Survival {
 public:
  Survival(const Survival&) = delete;
  Survival& operator=(const Survival&) = delete;
  virtual ~Survival() = default;

  /// Forgets all earlier generations.
  virtual void reset() = 0;
  /// Takes    candidates  none of them failed; count  how many survive, at most all
  ///          generation  0, 1, 2, ... since the last reset
  [[nodiscard]] virtual std::vector<Survivor> select(std::span<const Arrival* const> candidates,
                                                     std::size_t count,
                                                     std::uint64_t generation) = 0;

 protected:
  Survival() = default;
};

struct EvolutionOptions {
  std::string name;  ///< Of the sampler, for messages.
  std::size_t population_size = 50;
  VariationOptions variation;
  std::uint64_t seed = 0;
};

/// Breeds configurations from the survivors of past generations.
///
/// A generation is the next `population_size` trials to end, whoever chose them. So trials that
/// still run hold nothing up, and the parents follow from the history alone. Failed trials survive
/// nowhere; while there are no two parents, points of a Sobol sequence are tried.
///
/// Errors   ConfigError  a population below 4, variation options out of range
/// Cost     amortised: one selection per generation; then O(parameters) per suggestion
[[nodiscard]] std::unique_ptr<Sampler> make_evolution(space::Space space,
                                                      const EvolutionOptions& options,
                                                      std::unique_ptr<Survival> survival,
                                                      std::string description);

/// Indices sorted into fronts, best front first; within a front in the order given.
[[nodiscard]] std::vector<std::vector<std::size_t>> sorted_fronts(
    std::span<const Arrival* const> candidates);

}  // namespace wattune::samplers
