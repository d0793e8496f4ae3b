#pragma once

#include <memory>

#include "wattune/samplers/sampler.hpp"

namespace wattune::samplers {

/// Draws configurations uniformly over the unit cube, without what is forbidden.
///
/// Source   Bergstra, Bengio, JMLR 13, 2012
[[nodiscard]] std::unique_ptr<Sampler> make_random(space::Space space);

}  // namespace wattune::samplers
