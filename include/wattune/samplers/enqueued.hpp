#pragma once

#include <memory>
#include <vector>

#include "wattune/samplers/sampler.hpp"
#include "wattune/space/space.hpp"

namespace wattune::samplers {

/// Offers given configurations in their order before another sampler has its turn.
///
/// One that the study has tried is passed over, so that a study can be stopped and resumed half
/// way. To the other sampler they are trials like its own: one that numbers its points (Sobol,
/// grid, Latin hypercube) goes on after as many as have been tried.
///
/// Takes    inner  of the same space
/// Errors   ConfigError  a configuration that is not in the space, or forbidden; says which
[[nodiscard]] std::unique_ptr<Sampler> make_enqueued(
    space::Space space, std::vector<space::Configuration> configurations,
    std::unique_ptr<Sampler> inner);

}  // namespace wattune::samplers
