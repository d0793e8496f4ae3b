#pragma once

#include <memory>
#include <vector>

#include "wattune/samplers/sampler.hpp"
#include "wattune/space/space.hpp"

namespace wattune::samplers {

/// Offers given configurations in their order, then has no more to offer.
///
/// One that the study has tried already is passed over.
///
/// Errors   ConfigError  a configuration that is not in the space, or forbidden; says which
[[nodiscard]] std::unique_ptr<Sampler> make_list(space::Space space,
                                                 std::vector<space::Configuration> configurations);

}  // namespace wattune::samplers
