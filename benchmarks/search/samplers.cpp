#include "search/study.hpp"
#include "wattune/samplers/random.hpp"
#include "wattune/samplers/sobol.hpp"
#include "wattune/samplers/tpe.hpp"

namespace wattune::bench {
namespace {

std::unique_ptr<samplers::Sampler> make_random(const SearchProblem&, const trial::Problem& study) {
  return samplers::make_random(study.space);
}

std::unique_ptr<samplers::Sampler> make_sobol(const SearchProblem&, const trial::Problem& study) {
  return samplers::make_sobol(study.space, {.seed = study.seed});
}

std::unique_ptr<samplers::Sampler> make_tpe(const SearchProblem&, const trial::Problem& study) {
  return samplers::make_tpe(study.space, {.seed = study.seed});
}

std::unique_ptr<samplers::Sampler> make_tpe_univariate(const SearchProblem&,
                                                       const trial::Problem& study) {
  return samplers::make_tpe(study.space, {.multivariate = false, .seed = study.seed});
}

}  // namespace

const std::vector<NamedSampler>& named_samplers() {
  static const std::vector<NamedSampler> samplers{
      {.name = "random", .make = make_random},
      {.name = "sobol", .make = make_sobol},
      {.name = "tpe", .make = make_tpe},
      {.name = "tpe_univariate", .make = make_tpe_univariate},
  };
  return samplers;
}

}  // namespace wattune::bench
