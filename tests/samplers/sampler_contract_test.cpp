#include "contracts/sampler_contract.hpp"

#include "wattune/samplers/grid.hpp"
#include "wattune/samplers/random.hpp"
#include "wattune/samplers/sobol.hpp"
#include "wattune/samplers/tpe.hpp"

namespace wattune::samplers {

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
        SamplerCase{"GridShuffled",
                    [](const auto& problem) {
                      return make_grid(problem.space, {.points_per_int = 3,
                                                       .order = GridOrder::Shuffled,
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
