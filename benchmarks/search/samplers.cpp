#include "search/study.hpp"
#include "wattune/samplers/auto.hpp"
#include "wattune/samplers/cma_es.hpp"
#include "wattune/samplers/differential_evolution.hpp"
#include "wattune/samplers/gp.hpp"
#include "wattune/samplers/latin_hypercube.hpp"
#include "wattune/samplers/nsga2.hpp"
#include "wattune/samplers/nsga3.hpp"
#include "wattune/samplers/random.hpp"
#include "wattune/samplers/sobol.hpp"
#include "wattune/samplers/tpe.hpp"

namespace wattune::bench {
namespace {

std::unique_ptr<samplers::Sampler> make_random(const SearchProblem&, const trial::Problem& study,
                                               std::size_t) {
  return samplers::make_random(study.space);
}

std::unique_ptr<samplers::Sampler> make_sobol(const SearchProblem&, const trial::Problem& study,
                                              std::size_t) {
  return samplers::make_sobol(study.space, {.seed = study.seed});
}

std::unique_ptr<samplers::Sampler> make_auto(const SearchProblem&, const trial::Problem& study,
                                             std::size_t num_evaluations) {
  return samplers::make_auto(study, {.num_trials = num_evaluations, .seed = study.seed});
}

std::unique_ptr<samplers::Sampler> make_tpe(const SearchProblem&, const trial::Problem& study,
                                            std::size_t) {
  return samplers::make_tpe(study.space, {.seed = study.seed});
}

std::unique_ptr<samplers::Sampler> make_tpe_univariate(const SearchProblem&,
                                                       const trial::Problem& study, std::size_t) {
  return samplers::make_tpe(study.space, {.multivariate = false, .seed = study.seed});
}

/// What a user could tell: the budget, and the noise where it is known; and, for some entries, the
/// reference point.
samplers::GpOptions gp_options(const SearchProblem& problem, const trial::Problem& study,
                               std::size_t num_evaluations) {
  samplers::GpOptions options{.budget_trials = num_evaluations, .seed = study.seed};
  options.noise_deviations = {problem.noise_deviations.begin(), problem.noise_deviations.end()};
  return options;
}

std::unique_ptr<samplers::Sampler> make_gp(const SearchProblem& problem,
                                           const trial::Problem& study,
                                           std::size_t num_evaluations) {
  return samplers::make_gp(study, gp_options(problem, study, num_evaluations));
}

std::unique_ptr<samplers::Sampler> make_gp_reference(const SearchProblem& problem,
                                                     const trial::Problem& study,
                                                     std::size_t num_evaluations) {
  samplers::GpOptions options = gp_options(problem, study, num_evaluations);
  if (!problem.reference.empty()) options.reference_point = problem.reference;
  return samplers::make_gp(study, options);
}

std::unique_ptr<samplers::Sampler> make_gp_nparego(const SearchProblem& problem,
                                                   const trial::Problem& study,
                                                   std::size_t num_evaluations) {
  samplers::GpOptions options = gp_options(problem, study, num_evaluations);
  options.acquisition = samplers::GpAcquisition::QNparego;
  return samplers::make_gp(study, options);
}

std::unique_ptr<samplers::Sampler> make_latin_hypercube(const SearchProblem&,
                                                        const trial::Problem& study, std::size_t) {
  return samplers::make_latin_hypercube(study.space, {.count = std::nullopt, .seed = study.seed});
}

std::unique_ptr<samplers::Sampler> make_cma_es(const SearchProblem&, const trial::Problem& study,
                                               std::size_t) {
  samplers::CmaEsOptions options;
  options.seed = study.seed;
  return samplers::make_cma_es(study.space, options);
}

std::unique_ptr<samplers::Sampler> make_differential_evolution(const SearchProblem&,
                                                               const trial::Problem& study,
                                                               std::size_t) {
  samplers::DifferentialEvolutionOptions options;
  options.seed = study.seed;
  return samplers::make_differential_evolution(study.space, options);
}

std::unique_ptr<samplers::Sampler> make_nsga2(const SearchProblem&, const trial::Problem& study,
                                              std::size_t) {
  samplers::Nsga2Options options;
  options.seed = study.seed;
  return samplers::make_nsga2(study.space, options);
}

std::unique_ptr<samplers::Sampler> make_nsga3(const SearchProblem& problem,
                                              const trial::Problem& study, std::size_t) {
  samplers::Nsga3Options options;
  options.seed = study.seed;
  return samplers::make_nsga3(study.space, problem.num_objectives, options);
}

}  // namespace

const std::vector<NamedSampler>& named_samplers() {
  static const std::vector<NamedSampler> samplers{
      {.name = "auto", .make = make_auto},
      {.name = "random", .make = make_random},
      {.name = "sobol", .make = make_sobol},
      {.name = "tpe", .make = make_tpe},
      {.name = "tpe_univariate", .make = make_tpe_univariate},
      {.name = "latin_hypercube", .make = make_latin_hypercube},
      {.name = "gp", .make = make_gp},
      {.name = "gp_reference", .make = make_gp_reference},
      {.name = "gp_nparego", .make = make_gp_nparego, .takes_one_objective = false},
      {.name = "cma_es", .make = make_cma_es, .takes_many_objectives = false},
      {.name = "differential_evolution",
       .make = make_differential_evolution,
       .takes_many_objectives = false},
      {.name = "nsga2", .make = make_nsga2, .takes_one_objective = false},
      {.name = "nsga3", .make = make_nsga3, .takes_one_objective = false},
  };
  return samplers;
}

}  // namespace wattune::bench
