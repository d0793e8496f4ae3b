#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "arrivals.hpp"
#include "axis.hpp"
#include "choice_weights.hpp"
#include "moving_normal.hpp"
#include "wattune/samplers/cma_es.hpp"

namespace wattune::samplers {

/// Which parameter is moved by what.
struct CmaParts {
  explicit CmaParts(const space::Space& space);

  std::vector<Axis> axes;
  std::vector<std::size_t> ordered;    ///< Parameters of the normal distribution.
  std::vector<std::size_t> unordered;  ///< Parameters with probabilities.
  std::size_t num_choices = 0;         ///< Of all unordered ones.
};

/// One descent of CMA-ES, from its first draw to where it has closed in.
class CmaSearch {
 public:
  /// Takes    parts  lent for the life of the search
  CmaSearch(const CmaParts& parts, std::size_t population, std::vector<double> start,
            double deviation, std::uint64_t seed);

  [[nodiscard]] std::size_t population() const { return population_; }
  /// A point of the space's cube.
  [[nodiscard]] std::vector<double> draw(Rng& rng) const;
  /// Takes    generation  [population()]
  void learn(const space::Space& space, const trial::History& history,
             std::span<const Arrival* const> generation);
  /// Has it closed in on one place, or can it not go on?
  [[nodiscard]] bool has_converged() const;

 private:
  [[nodiscard]] Eigen::VectorXd latent(const space::Space& space,
                                       const space::Configuration& configuration,
                                       std::uint32_t number) const;
  void note_best(std::span<const Arrival* const> ranked);

  const CmaParts& parts_;
  std::size_t population_;
  std::uint64_t seed_;
  std::optional<MovingNormal> normal_;
  std::vector<ChoiceWeights> choices_;
  std::vector<double> best_losses_;  // of the last generations, of a single objective
};

}  // namespace wattune::samplers
