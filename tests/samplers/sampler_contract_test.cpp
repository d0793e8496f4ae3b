#include "contracts/sampler_contract.hpp"

#include "support/must.hpp"
#include "wattune/samplers/grid.hpp"
#include "wattune/samplers/list.hpp"
#include "wattune/samplers/multi_fidelity.hpp"
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
        SamplerCase{"MultiFidelity",
                    [](const auto& problem) {
                      return make_multi_fidelity(problem, {.num_startup = 4,
                                                           .num_raw = 64,
                                                           .num_polished = 2,
                                                           .seed = problem.seed});
                    }},
        SamplerCase{"MultiFidelityOneRung",
                    [](const auto& problem) {
                      return make_multi_fidelity(problem, {.model = FidelityModel::OneRung,
                                                           .num_startup = 4,
                                                           .num_raw = 64,
                                                           .num_polished = 2,
                                                           .seed = problem.seed});
                    }},
        SamplerCase{
            "Tpe",
            [](const auto& problem) { return make_tpe(problem.space, {.seed = problem.seed}); }},
        SamplerCase{"TpeUnivariate",
                    [](const auto& problem) {
                      return make_tpe(
                          problem.space,
                          {.num_startup = 3, .multivariate = false, .startup = TpeStartup::Random});
                    }}),
    case_name);

}  // namespace wattune::samplers
