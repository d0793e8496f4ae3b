#include "population_options.hpp"

#include "named_values.hpp"

namespace wattune::config {
namespace {

using samplers::CmaRestarts;
using samplers::Crossover;
using samplers::DifferentialStrategy;

constexpr NamedValues<CmaRestarts, 3> kRestarts{{
    {"bipop", CmaRestarts::Bipop},
    {"ipop", CmaRestarts::Ipop},
    {"none", CmaRestarts::None},
}};
constexpr NamedValues<Crossover, 2> kCrossovers{{
    {"simulated_binary", Crossover::SimulatedBinary},
    {"uniform", Crossover::Uniform},
}};
constexpr NamedValues<DifferentialStrategy, 2> kStrategies{{
    {"current_to_pbest", DifferentialStrategy::CurrentToPbest},
    {"rand1_bin", DifferentialStrategy::Rand1Bin},
}};

std::optional<std::size_t> read_population(MapReader& map) {
  const auto size = map.whole("population", between(4, 1e5));
  if (!size) return std::nullopt;
  return static_cast<std::size_t>(*size);
}

void read_variation(ReadContext& context, MapReader& map, samplers::VariationOptions& variation) {
  assign_named(context, map, "crossover", "crossover", kCrossovers, variation.crossover);
  assign(variation.crossover_probability, map.number("crossover_probability", between(0, 1)));
  assign(variation.crossover_index, map.number("crossover_index", at_least(0)));
  assign(variation.mutation_probability, map.number("mutation_probability", between(0, 1)));
  assign(variation.mutation_index, map.number("mutation_index", at_least(0)));
}

}  // namespace

samplers::CmaEsOptions read_cma_es_options(ReadContext& context, MapReader& map) {
  samplers::CmaEsOptions options;
  options.population_size = read_population(map);
  assign(options.initial_deviation,
         map.number("initial_deviation", {.low = 0, .high = 1, .is_low_open = true}));
  assign_named(context, map, "restarts", "way to restart", kRestarts, options.restarts);
  return options;
}

samplers::Nsga2Options read_nsga2_options(ReadContext& context, MapReader& map) {
  samplers::Nsga2Options options;
  assign(options.population_size, read_population(map));
  read_variation(context, map, options.variation);
  return options;
}

samplers::Nsga3Options read_nsga3_options(ReadContext& context, MapReader& map) {
  samplers::Nsga3Options options;
  assign(options.population_size, read_population(map));
  if (const auto divisions = map.whole("divisions", between(1, 1000))) {
    options.divisions = static_cast<std::size_t>(*divisions);
  }
  read_variation(context, map, options.variation);
  return options;
}

samplers::DifferentialEvolutionOptions read_differential_evolution_options(ReadContext& context,
                                                                           MapReader& map) {
  samplers::DifferentialEvolutionOptions options;
  options.population_size = read_population(map);
  assign_named(context, map, "strategy", "strategy", kStrategies, options.strategy);
  assign(options.differential_weight,
         map.number("weight", {.low = 0, .high = 2, .is_low_open = true}));
  assign(options.crossover_probability, map.number("crossover_probability", between(0, 1)));
  assign(options.best_fraction,
         map.number("best_fraction", {.low = 0, .high = 1, .is_low_open = true}));
  return options;
}

}  // namespace wattune::config
