#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "wattune/samplers/sampler.hpp"

namespace wattune::samplers {

enum class TpeStartup : std::uint8_t { Sobol, Random };

struct TpeOptions {
  std::size_t num_startup = 10;        ///< Observations before the model is used.
  std::size_t num_candidates = 24;     ///< Drawn from the good trials' densities per suggestion.
  double good_fraction = 0.15;         ///< Of the observations, rounded up, are good ...
  double good_fraction_several = 0.1;  ///< ... this many with several objectives ...
  std::size_t max_good = 20;           ///< ... but no more than this.
  double prior_weight = 1.0;           ///< Of the uniform density, in kernels.
  bool multivariate =
      true;  ///< Judges by a density over all parameters and by one for each, in ...
  double joint_share = 0.5;     ///< ... this proportion; otherwise by one for each alone.
  bool weights_by_rank = true;  ///< With one objective the best good trial counts most.
  bool constant_liar = true;    ///< Trials that run count as bad, so that batches spread out.
  TpeStartup startup = TpeStartup::Sobol;
  std::uint64_t seed = 0;  ///< Of the Sobol start.
};

/// Models where good and where bad trials lie, and suggests what is most likely good.
///
/// Several objectives are split by fronts; the front that is too large for the good side gives the
/// points that add most hypervolume. Trials that break a constraint come after all that do not, by
/// how far; failed and short trials count as bad wherever they lie, and so do running ones.
///
/// Errors   ConfigError  0 candidates, a fraction outside (0, 1], a negative or zero prior weight,
///          max_good 0, a joint share outside [0, 1]
/// Cost     amortised O(log n) to keep the split; one suggestion O(candidates x parameters x
///          min(n, 128)), single precision and vectorised
/// Source   Bergstra et al., NIPS 2011; several objectives: Ozaki et al., JAIR 73, 2022,
///          doi:10.1613/jair.1.13188; parts compared: Watanabe, 2023, arXiv:2304.11127; partial
///          trainings: Falkner et al., ICML 2018, arXiv:1807.01774
/// Differs  see docs/papers.md, "Samplers"
[[nodiscard]] std::unique_ptr<Sampler> make_tpe(space::Space space, const TpeOptions& options);

}  // namespace wattune::samplers
