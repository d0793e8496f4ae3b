#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "wattune/samplers/sampler.hpp"

namespace wattune::samplers {

enum class TpeStartup : std::uint8_t { Sobol, Random };

struct TpeOptions {
  std::size_t num_startup = 10;     ///< Observations before the model is used.
  std::size_t num_candidates = 24;  ///< Drawn from the good trials' density per suggestion.
  double good_fraction = 0.1;       ///< Of the observations, rounded up, are good ...
  std::size_t max_good = 25;        ///< ... but no more than this.
  double prior_weight = 1.0;        ///< Of the uniform density, in kernels.
  bool multivariate = true;         ///< One density over all parameters, not one for each.
  TpeStartup startup = TpeStartup::Sobol;
  std::uint64_t seed = 0;  ///< Of the Sobol start.
};

/// Models where good and where bad trials lie, and suggests what is most likely good.
///
/// Several objectives are split by fronts; the front that is too large for the good side gives the
/// points that add most hypervolume. Trials that break a constraint come after all that do not, by
/// how far; failed, running and short trials count as bad wherever they lie.
///
/// Errors   ConfigError  0 candidates, a fraction outside (0, 1], a negative or zero prior weight,
///          max_good 0
/// Cost     amortised O(log n) to keep the split, O(candidates x n x parameters) for one suggestion
/// Source   Bergstra et al., NIPS 2011; several objectives: Ozaki et al., JAIR 73, 2022,
///          doi:10.1613/jair.1.13188; parts compared: Watanabe, 2023, arXiv:2304.11127; partial
///          trainings: Falkner et al., ICML 2018, arXiv:1807.01774
/// Differs  see docs/papers.md, "Samplers"
[[nodiscard]] std::unique_ptr<Sampler> make_tpe(space::Space space, const TpeOptions& options);

}  // namespace wattune::samplers
