#pragma once

#include "wattune/config/yaml_reader.hpp"
#include "wattune/samplers/cma_es.hpp"
#include "wattune/samplers/differential_evolution.hpp"
#include "wattune/samplers/nsga2.hpp"
#include "wattune/samplers/nsga3.hpp"

namespace wattune::config {

/// Options of the samplers that keep a population; their seeds are left to whoever makes them.
samplers::CmaEsOptions read_cma_es_options(ReadContext& context, MapReader& map);
samplers::Nsga2Options read_nsga2_options(ReadContext& context, MapReader& map);
samplers::Nsga3Options read_nsga3_options(ReadContext& context, MapReader& map);
samplers::DifferentialEvolutionOptions read_differential_evolution_options(ReadContext& context,
                                                                           MapReader& map);

}  // namespace wattune::config
