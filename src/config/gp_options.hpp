#pragma once

#include "wattune/config/yaml_reader.hpp"
#include "wattune/samplers/gp.hpp"
#include "wattune/samplers/multi_fidelity.hpp"

namespace wattune::config {

/// Reads the options of the sampler `gp`; the budget of its cost awareness and its seed are left
/// to whoever makes the sampler.
samplers::GpOptions read_gp_options(ReadContext& context, MapReader& map);

/// Reads the options of the sampler `multi_fidelity`.
samplers::MultiFidelityOptions read_multi_fidelity_options(ReadContext& context, MapReader& map);

}  // namespace wattune::config
