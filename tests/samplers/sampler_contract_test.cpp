#include "contracts/sampler_contract.hpp"

#include "support/must.hpp"
#include "wattune/samplers/cma_es.hpp"
#include "wattune/samplers/differential_evolution.hpp"
#include "wattune/samplers/enqueued.hpp"
#include "wattune/samplers/gp.hpp"
#include "wattune/samplers/grid.hpp"
#include "wattune/samplers/latin_hypercube.hpp"
#include "wattune/samplers/list.hpp"
#include "wattune/samplers/multi_fidelity.hpp"
#include "wattune/samplers/nsga2.hpp"
#include "wattune/samplers/nsga3.hpp"
#include "wattune/samplers/random.hpp"
#include "wattune/samplers/sobol.hpp"
#include "wattune/samplers/tpe.hpp"

namespace wattune::samplers {
namespace {

/// More configurations than any test of the suite asks for.
std::vector<space::Configuration> drawn_configurations(const trial::Problem& problem) {
  Rng rng{problem.seed};
  std::vector<space::Configuration> configurations;
  for (int i = 0; i < 300; ++i) configurations.push_back(must(problem.space.sample(rng)));
  return configurations;
}

/// Small, so that the suite stays quick: it is about promises, not about how good suggestions are.
GpOptions quick_gp(const trial::Problem& problem) {
  return {.num_startup = 6,
          .num_samples = 4,
          .num_raw = 12,
          .num_polished = 1,
          .max_observations = 10,
          .seed = problem.seed};
}

SamplerCase gp_case(std::string name, std::function<GpOptions(const trial::Problem&)> options) {
  return {std::move(name), [options = std::move(options)](const trial::Problem& problem) {
            return make_gp(problem, options(problem));
          }};
}

/// An acquisition where the number of objectives allows it.
SamplerCase gp_case(std::string name, GpAcquisition for_one, GpAcquisition for_more) {
  return gp_case(std::move(name), [=](const trial::Problem& problem) {
    const std::size_t num_objectives = problem.objectives.size();
    GpOptions options = quick_gp(problem);
    options.acquisition = num_objectives == 1 ? for_one : for_more;
    if (for_more == GpAcquisition::LogEhvi && num_objectives > 2) {
      options.acquisition = GpAcquisition::Auto;
    }
    return options;
  });
}

GpOptions gp_with_everything(const trial::Problem& problem) {
  GpOptions options = quick_gp(problem);
  options.kernel = GpKernel::Matern52;
  options.even_out = true;
  options.cost_exponent = 1.0;
  options.budget_trials = 20;
  options.constraints = ConstraintHandling::Penalty;
  options.noise_deviations.assign(problem.objectives.size(), 0.1);
  options.reference_point = std::vector<double>(problem.objectives.size(), 0.5);
  return options;
}

GpOptions gp_scalarised(const trial::Problem& problem, ScalarisationKind kind) {
  GpOptions options = quick_gp(problem);
  if (problem.objectives.size() == 2) {
    options.scalarisation = Scalarisation{.kind = kind, .target = 0.5};
  }
  return options;
}

}  // namespace

INSTANTIATE_TEST_SUITE_P(
    , SamplerContract,
    testing::Values(
        SamplerCase{"Random", [](const auto& problem) { return make_random(problem.space); }},
        SamplerCase{
            "Sobol",
            [](const auto& problem) { return make_sobol(problem.space, {.seed = problem.seed}); }},
        SamplerCase{
            "Grid",
            [](const auto& problem) { return make_grid(problem.space, {.points_per_int = 3}); }},
        SamplerCase{"LatinHypercube",
                    [](const auto& problem) {
                      return make_latin_hypercube(problem.space,
                                                  {.count = 20, .seed = problem.seed});
                    }},
        SamplerCase{
            "CmaEs",
            [](const auto& problem) { return make_cma_es(problem.space, {.seed = problem.seed}); }},
        SamplerCase{"CmaEsBipop",
                    [](const auto& problem) {
                      return make_cma_es(problem.space,
                                         {.population_size = 6, .restarts = CmaRestarts::Bipop});
                    }},
        SamplerCase{"DifferentialEvolution",
                    [](const auto& problem) {
                      return make_differential_evolution(
                          problem.space, {.population_size = 12, .seed = problem.seed});
                    }},
        SamplerCase{"DifferentialEvolutionRand1Bin",
                    [](const auto& problem) {
                      return make_differential_evolution(
                          problem.space,
                          {.population_size = 5, .strategy = DifferentialStrategy::Rand1Bin});
                    }},
        SamplerCase{"Enqueued",
                    [](const auto& problem) {
                      auto given = drawn_configurations(problem);
                      given.resize(25);
                      return make_enqueued(problem.space, std::move(given),
                                           make_tpe(problem.space, {.seed = problem.seed}));
                    }},
        SamplerCase{"List",
                    [](const auto& problem) {
                      return make_list(problem.space, drawn_configurations(problem));
                    }},
        SamplerCase{"GridShuffled",
                    [](const auto& problem) {
                      return make_grid(problem.space, {.points_per_int = 3,
                                                       .order = GridOrder::Shuffled,
                                                       .seed = problem.seed});
                    }},
        SamplerCase{"Nsga2",
                    [](const auto& problem) {
                      return make_nsga2(problem.space,
                                        {.population_size = 10, .seed = problem.seed});
                    }},
        SamplerCase{"Nsga2Uniform",
                    [](const auto& problem) {
                      return make_nsga2(
                          problem.space,
                          {.population_size = 5, .variation = {.crossover = Crossover::Uniform}});
                    }},
        SamplerCase{"Nsga3",
                    [](const auto& problem) {
                      return make_nsga3(problem.space, problem.objectives.size(),
                                        {.population_size = 10, .seed = problem.seed});
                    }},
        SamplerCase{"MultiFidelity",
                    [](const auto& problem) {
                      return make_multi_fidelity(problem, {.num_startup = 4,
                                                           .max_values = 16,
                                                           .num_samples = 4,
                                                           .num_raw = 12,
                                                           .num_polished = 1,
                                                           .seed = problem.seed});
                    }},
        SamplerCase{"MultiFidelityOneRung",
                    [](const auto& problem) {
                      return make_multi_fidelity(problem, {.model = FidelityModel::OneRung,
                                                           .num_startup = 4,
                                                           .max_values = 16,
                                                           .num_samples = 4,
                                                           .num_raw = 12,
                                                           .num_polished = 1,
                                                           .seed = problem.seed});
                    }},
        SamplerCase{
            "Tpe",
            [](const auto& problem) { return make_tpe(problem.space, {.seed = problem.seed}); }},
        gp_case("GpLogEi", GpAcquisition::LogEi, GpAcquisition::LogEhvi),
        gp_case("GpEi", GpAcquisition::Ei, GpAcquisition::QNehvi),
        gp_case("GpPi", GpAcquisition::Pi, GpAcquisition::QLogNehvi),
        gp_case("GpUcb", GpAcquisition::Ucb, GpAcquisition::QNparego),
        gp_case("GpEverything", gp_with_everything),
        gp_case("GpWeighted",
                [](const trial::Problem& problem) {
                  return gp_scalarised(problem, ScalarisationKind::Weighted);
                }),
        gp_case("GpProduct",
                [](const trial::Problem& problem) {
                  return gp_scalarised(problem, ScalarisationKind::Product);
                }),
        gp_case("GpHardLimit",
                [](const trial::Problem& problem) {
                  return gp_scalarised(problem, ScalarisationKind::HardLimit);
                }),
        gp_case("GpHarmonic",
                [](const trial::Problem& problem) {
                  return gp_scalarised(problem, ScalarisationKind::Harmonic);
                }),
        SamplerCase{"TpeUnivariate",
                    [](const auto& problem) {
                      return make_tpe(
                          problem.space,
                          {.num_startup = 3, .multivariate = false, .startup = TpeStartup::Random});
                    }}),
    case_name);

}  // namespace wattune::samplers
