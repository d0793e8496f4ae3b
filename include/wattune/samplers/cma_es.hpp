#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "wattune/samplers/sampler.hpp"

namespace wattune::samplers {

/// What follows when a search has closed in on one place.
enum class CmaRestarts : std::uint8_t {
  None,   ///< It goes on where it is.
  Ipop,   ///< A new search from elsewhere, with twice the population.
  Bipop,  ///< Large populations, and small ones with small steps, in turn by trials spent.
};

struct CmaEsOptions {
  std::optional<std::size_t> population_size = std::nullopt;  ///< 4 + 3 ln d where not set.
  double initial_deviation = 0.25;  ///< Of every parameter, in parts of its domain.
  CmaRestarts restarts = CmaRestarts::Ipop;
  std::uint64_t seed = 0;  ///< Of restarts, and of what a value leaves open.
};

/// Draws from a normal distribution that moves and bends towards the best of each generation.
///
/// A generation is the next `population_size` trials to end, whoever chose them; one far off counts
/// as if it were nearer. Integers, steps and ordinals of up to 128 values keep a least
/// probability of changing. Choices without order have probabilities of their own, which move
/// towards the best ones. A conditional parameter stays in the distribution while it is inactive
/// and learns nothing from such trials. Trials are ranked as in make_nsga2, failed ones last.
///
/// Errors   ConfigError  a population below 4, a deviation that is not above 0 and up to 1
/// Cost     amortised O(d^2) per suggestion, d^3 per generation; d ordered parameters
/// Source   Hansen, The CMA Evolution Strategy: A Tutorial, 2016, arXiv:1604.00772; margin: Hamano
///          et al., GECCO 2022, doi:10.1145/3512290.3528827; choices: Hamano et al., GECCO 2024,
///          doi:10.1145/3638529.3654198; restarts: Auger, Hansen, CEC 2005, and Hansen, GECCO 2009
/// Differs  see docs/papers.md, "Samplers"
[[nodiscard]] std::unique_ptr<Sampler> make_cma_es(space::Space space, const CmaEsOptions& options);

}  // namespace wattune::samplers
