#include "wattune/config/schema.hpp"

#include <algorithm>
#include <array>

namespace wattune::config {
namespace {

constexpr std::array kSchema{
    SchemaKey{"study", "study", "name", "the file's name without its ending"},
    SchemaKey{"study", "command", "string or list", "required"},
    SchemaKey{"study", "parameters", "map of parameters", "required"},
    SchemaKey{"study", "forbidden", "list of maps", "none"},
    SchemaKey{"study", "objectives", "list of maps", "required"},
    SchemaKey{"study", "constraints", "list of maps", "none"},
    SchemaKey{"study", "resource", "map", "the program runs as a whole"},
    SchemaKey{"study", "strategy", "name or map", "{sampler: auto, scheduler: full}"},
    SchemaKey{"study", "try_first", "list of maps", "none"},
    SchemaKey{"study", "warm_start", "map", "none"},
    SchemaKey{"study", "budget", "map", "required unless the strategy ends by itself"},
    SchemaKey{"study", "capture", "map of patterns", "none: the program speaks the protocol"},
    SchemaKey{"study", "runner", "map", "see below"},
    SchemaKey{"study", "energy", "map", "see below"},
    SchemaKey{"study", "cooldown", "map", "none: trials begin at once"},
    SchemaKey{"study", "finalists", "map", "none: nothing is measured again"},
    SchemaKey{"study", "report", "map", "see below"},
    SchemaKey{"study", "metrics", "list of names", "none"},
    SchemaKey{"study", "seed", "whole number", "1"},

    SchemaKey{"parameter.float", "type", "float", "required"},
    SchemaKey{"parameter.float", "low", "number", "required"},
    SchemaKey{"parameter.float", "high", "number", "required"},
    SchemaKey{"parameter.float", "log", "true or false", "false"},
    SchemaKey{"parameter.float", "step", "number", "none: continuous"},
    SchemaKey{"parameter.float", "default", "number", "none"},
    SchemaKey{"parameter.float", "when", "map", "always active"},
    SchemaKey{"parameter.float", "role", "learning_rate or gpu_power_limit", "none"},

    SchemaKey{"parameter.int", "type", "int", "required"},
    SchemaKey{"parameter.int", "low", "whole number", "required"},
    SchemaKey{"parameter.int", "high", "whole number", "required"},
    SchemaKey{"parameter.int", "log", "true or false", "false"},
    SchemaKey{"parameter.int", "step", "whole number", "1"},
    SchemaKey{"parameter.int", "default", "whole number", "none"},
    SchemaKey{"parameter.int", "when", "map", "always active"},
    SchemaKey{"parameter.int", "role", "batch_size or gpu_power_limit", "none"},

    SchemaKey{"parameter.categorical", "type", "categorical", "required"},
    SchemaKey{"parameter.categorical", "values", "list", "required"},
    SchemaKey{"parameter.categorical", "default", "one of the values", "none"},
    SchemaKey{"parameter.categorical", "when", "map", "always active"},

    SchemaKey{"parameter.ordinal", "type", "ordinal", "required"},
    SchemaKey{"parameter.ordinal", "values", "list", "required"},
    SchemaKey{"parameter.ordinal", "default", "one of the values", "none"},
    SchemaKey{"parameter.ordinal", "when", "map", "always active"},
    SchemaKey{"parameter.ordinal", "role", "batch_size, learning_rate or gpu_power_limit", "none"},

    SchemaKey{"parameter.bool", "type", "bool", "required"},
    SchemaKey{"parameter.bool", "default", "true or false", "none"},
    SchemaKey{"parameter.bool", "when", "map", "always active"},

    SchemaKey{"parameter.constant", "type", "constant", "required"},
    SchemaKey{"parameter.constant", "value", "string, number or boolean", "required"},
    SchemaKey{"parameter.constant", "when", "map", "always active"},

    SchemaKey{"objective", "maximize", "measure", "this or minimize"},
    SchemaKey{"objective", "minimize", "measure", "this or maximize"},

    SchemaKey{"constraint", "metric", "measure", "required"},
    SchemaKey{"constraint", "min", "number or quantity", "this, max or both"},
    SchemaKey{"constraint", "max", "number or quantity", "this, min or both"},

    SchemaKey{"resource", "unit", "epochs, steps or samples", "required"},
    SchemaKey{"resource", "min", "whole number", "max"},
    SchemaKey{"resource", "max", "whole number", "required"},

    SchemaKey{"strategy", "sampler", "name or map", "auto"},
    SchemaKey{"strategy", "scheduler", "name or map", "full"},

    SchemaKey{"strategy.sm2", "name", "sm2", "required"},
    SchemaKey{"strategy.sm2", "sampler", "name or map", "sobol"},
    SchemaKey{"strategy.sm2", "performance_weight", "number", "0.6"},
    SchemaKey{"strategy.sm2", "energy_weight", "number", "0.3"},
    SchemaKey{"strategy.sm2", "stability_weight", "number", "0.1"},
    SchemaKey{"strategy.sm2", "window_tolerance", "number", "0.1"},
    SchemaKey{"strategy.sm2", "learning_rates", "whole number", "8"},
    SchemaKey{"strategy.sm2", "max_candidates", "whole number", "16"},
    SchemaKey{"strategy.sm2", "probe_seconds", "number", "5"},
    SchemaKey{"strategy.sm2", "probe_steps", "whole number", "50"},
    SchemaKey{"strategy.sm2", "warmup_steps", "whole number", "20"},
    SchemaKey{"strategy.sm2", "idle_seconds", "number", "10"},
    SchemaKey{"strategy.sm2", "min_rung_seconds", "number", "5"},
    SchemaKey{"strategy.sm2", "first_rung_fraction", "number", "0.05"},
    SchemaKey{"strategy.sm2", "samples_per_epoch", "whole number", "none"},
    SchemaKey{"strategy.sm2", "reports_per_rung", "whole number", "2"},
    SchemaKey{"strategy.sm2", "energy_mode", "rung or cumulative", "rung"},
    SchemaKey{"strategy.sm2", "noise_floor", "number", "0.02"},
    SchemaKey{"strategy.sm2", "divergence_factor", "number", "4"},
    SchemaKey{"strategy.sm2", "training_loss", "metric", "train_loss"},

    SchemaKey{"sampler.auto", "name", "auto", "required"},
    SchemaKey{"sampler.cma_es", "name", "cma_es", "required"},
    SchemaKey{"sampler.cma_es", "population", "whole number", "4 + 3 ln(parameters)"},
    SchemaKey{"sampler.cma_es", "initial_deviation", "number", "0.25"},
    SchemaKey{"sampler.cma_es", "restarts", "none, ipop or bipop", "ipop"},
    SchemaKey{"sampler.differential_evolution", "name", "differential_evolution", "required"},
    SchemaKey{"sampler.differential_evolution", "population", "whole number",
              "3 per parameter, 12 to 60"},
    SchemaKey{"sampler.differential_evolution", "strategy", "current_to_pbest or rand1_bin",
              "current_to_pbest"},
    SchemaKey{"sampler.differential_evolution", "weight", "number", "0.5"},
    SchemaKey{"sampler.differential_evolution", "crossover_probability", "number", "0.5"},
    SchemaKey{"sampler.differential_evolution", "best_fraction", "number", "0.2"},
    SchemaKey{"sampler.gp", "name", "gp", "required"},
    SchemaKey{"sampler.gp", "startup_trials", "whole number", "2 per parameter, 5 to 20"},
    SchemaKey{"sampler.gp", "acquisition", "name", "auto"},
    SchemaKey{"sampler.gp", "kernel", "rbf or matern52", "matern52 of one loss, rbf of several"},
    SchemaKey{"sampler.gp", "even_out", "true or false", "where more likely"},
    SchemaKey{"sampler.gp", "optimism", "number", "2"},
    SchemaKey{"sampler.gp", "reference_point", "list of numbers", "from the front"},
    SchemaKey{"sampler.gp", "noise", "list of numbers", "from the trials"},
    SchemaKey{"sampler.gp", "constraints", "probability or penalty", "probability"},
    SchemaKey{"sampler.gp", "penalty_weight", "number", "10"},
    SchemaKey{"sampler.gp", "scalarisation", "map", "none"},
    SchemaKey{"sampler.gp", "cost_exponent", "number", "none"},
    SchemaKey{"scalarisation", "kind", "weighted, product, hard_limit or harmonic", "required"},
    SchemaKey{"scalarisation", "weight", "number", "0.5"},
    SchemaKey{"scalarisation", "exponent", "number", "-0.07"},
    SchemaKey{"scalarisation", "target", "number", "the median, with product"},
    SchemaKey{"sampler.grid", "name", "grid", "required"},
    SchemaKey{"sampler.grid", "points", "whole number", "5"},
    SchemaKey{"sampler.grid", "upper_bound", "true or false", "true"},
    SchemaKey{"sampler.grid", "order", "lexicographic or shuffled", "lexicographic"},
    SchemaKey{"sampler.latin_hypercube", "name", "latin_hypercube", "required"},
    SchemaKey{"sampler.multi_fidelity", "name", "multi_fidelity", "required"},
    SchemaKey{"sampler.multi_fidelity", "model", "joint or one_rung", "joint"},
    SchemaKey{"sampler.multi_fidelity", "acquisition", "name", "auto"},
    SchemaKey{"sampler.multi_fidelity", "kernel", "rbf or matern52", "matern52"},
    SchemaKey{"sampler.multi_fidelity", "resource_kernel", "rbf or matern52", "rbf"},
    SchemaKey{"sampler.multi_fidelity", "startup_trials", "whole number", "10"},
    SchemaKey{"sampler.multi_fidelity", "optimism", "number", "2"},
    SchemaKey{"sampler.multi_fidelity", "reference_point", "list of numbers", "from the front"},
    SchemaKey{"sampler.nsga2", "name", "nsga2", "required"},
    SchemaKey{"sampler.nsga2", "population", "whole number", "50"},
    SchemaKey{"sampler.nsga2", "crossover", "simulated_binary or uniform", "simulated_binary"},
    SchemaKey{"sampler.nsga2", "crossover_probability", "number", "0.9"},
    SchemaKey{"sampler.nsga2", "crossover_index", "number", "15"},
    SchemaKey{"sampler.nsga2", "mutation_probability", "number", "1 / parameters"},
    SchemaKey{"sampler.nsga2", "mutation_index", "number", "20"},
    SchemaKey{"sampler.nsga3", "name", "nsga3", "required"},
    SchemaKey{"sampler.nsga3", "population", "whole number", "50"},
    SchemaKey{"sampler.nsga3", "crossover", "simulated_binary or uniform", "simulated_binary"},
    SchemaKey{"sampler.nsga3", "crossover_probability", "number", "0.9"},
    SchemaKey{"sampler.nsga3", "crossover_index", "number", "30"},
    SchemaKey{"sampler.nsga3", "mutation_probability", "number", "1 / parameters"},
    SchemaKey{"sampler.nsga3", "mutation_index", "number", "20"},
    SchemaKey{"sampler.nsga3", "divisions", "whole number", "from the population"},
    SchemaKey{"sampler.random", "name", "random", "required"},
    SchemaKey{"sampler.sobol", "name", "sobol", "required"},
    SchemaKey{"sampler.tpe", "name", "tpe", "required"},
    SchemaKey{"sampler.tpe", "startup_trials", "whole number", "10"},
    SchemaKey{"sampler.tpe", "candidates", "whole number", "24"},
    SchemaKey{"sampler.tpe", "multivariate", "true or false", "true"},
    SchemaKey{"sampler.tpe", "joint_share", "number", "0.5"},
    SchemaKey{"sampler.tpe", "constant_liar", "true or false", "true"},

    SchemaKey{"warm_start", "study", "path", "required"},
    SchemaKey{"warm_start", "count", "whole number", "5"},

    SchemaKey{"scheduler.full", "name", "full", "required"},
    SchemaKey{"scheduler.halving", "name", "halving", "required"},
    SchemaKey{"scheduler.halving", "reduction_factor", "whole number", "2"},
    SchemaKey{"scheduler.halving", "initial_trials", "whole number", "16"},

    SchemaKey{"budget", "trials", "whole number", "none"},
    SchemaKey{"budget", "energy", "energy", "none"},
    SchemaKey{"budget", "time", "duration", "none"},
    SchemaKey{"budget", "carbon", "mass", "none"},
    SchemaKey{"budget", "cost", "money", "none"},

    SchemaKey{"runner", "workers", "whole number", "cores / cores_per_trial"},
    SchemaKey{"runner", "cores_per_trial", "whole number", "1"},
    SchemaKey{"runner", "gpus_per_trial", "whole number", "0"},
    SchemaKey{"runner", "time_limit", "duration", "none"},
    SchemaKey{"runner", "silence_limit", "duration", "none"},
    SchemaKey{"runner", "grace", "duration", "10 s"},
    SchemaKey{"runner", "directory", "path", "the study file's folder"},
    SchemaKey{"runner", "environment", "map of strings", "none"},

    SchemaKey{"energy", "zone", "country code or cloud region", "none"},
    SchemaKey{"energy", "intensity", "intensity or table", "the zone's"},
    SchemaKey{"energy", "price", "price or table", "none"},
    SchemaKey{"energy", "pue", "number or name", "1: the machine alone"},
    SchemaKey{"energy", "embodied", "map", "none"},

    SchemaKey{"embodied", "mass", "mass", "from the parts"},
    SchemaKey{"embodied", "cpus", "whole number", "1"},
    SchemaKey{"embodied", "gpus", "whole number", "0"},
    SchemaKey{"embodied", "memory_gb", "number", "16"},
    SchemaKey{"embodied", "ssds", "whole number", "0"},
    SchemaKey{"embodied", "hdds", "whole number", "0"},
    SchemaKey{"embodied", "share", "number", "1"},
    SchemaKey{"embodied", "lifetime", "duration", "35040 h"},

    SchemaKey{"cooldown", "until", "temperature", "+3 C"},
    SchemaKey{"cooldown", "at_most", "duration", "60 s"},

    SchemaKey{"finalists", "count", "whole number", "3"},
    SchemaKey{"finalists", "repeats", "whole number", "2"},

    SchemaKey{"report", "tolerance", "number", "0.01"},
};

/// Words of other tools for keys of ours.
struct Synonym {
  std::string_view section_prefix;
  std::string_view word;
  std::string_view key;
};
constexpr std::array kSynonyms{
    Synonym{"parameter", "choices", "values"},
    Synonym{"parameter", "options", "values"},
    Synonym{"parameter", "min", "low"},
    Synonym{"parameter", "max", "high"},
    Synonym{"parameter", "lower", "low"},
    Synonym{"parameter", "upper", "high"},
    Synonym{"parameter", "condition", "when"},
    Synonym{"parameter", "if", "when"},
    Synonym{"parameter", "q", "step"},
    Synonym{"parameter", "kind", "type"},
    Synonym{"study", "name", "study"},
    Synonym{"study", "program", "command"},
    Synonym{"study", "params", "parameters"},
    Synonym{"study", "space", "parameters"},
    Synonym{"study", "search_space", "parameters"},
    Synonym{"study", "fidelity", "resource"},
    Synonym{"study", "sampler", "strategy"},
    Synonym{"study", "scheduler", "strategy"},
    Synonym{"study", "method", "strategy"},
    Synonym{"study", "enqueue", "try_first"},
    Synonym{"study", "points_to_evaluate", "try_first"},
    Synonym{"study", "initial_points", "try_first"},
    Synonym{"study", "metric", "objectives"},
    Synonym{"objective", "max", "maximize"},
    Synonym{"objective", "min", "minimize"},
    Synonym{"constraint", "low", "min"},
    Synonym{"constraint", "high", "max"},
    Synonym{"budget", "duration", "time"},
    Synonym{"budget", "joules", "energy"},
    Synonym{"budget", "co2", "carbon"},
    Synonym{"budget", "money", "cost"},
    Synonym{"runner", "parallel", "workers"},
    Synonym{"runner", "timeout", "time_limit"},
    Synonym{"runner", "cwd", "directory"},
    Synonym{"runner", "env", "environment"},
    Synonym{"runner", "cores", "cores_per_trial"},
    Synonym{"runner", "gpus", "gpus_per_trial"},
    Synonym{"energy", "country", "zone"},
    Synonym{"energy", "grid", "zone"},
    Synonym{"energy", "region", "zone"},
    Synonym{"energy", "carbon_intensity", "intensity"},
    Synonym{"energy", "tariff", "price"},
    Synonym{"embodied", "kg", "mass"},
    Synonym{"embodied", "memory", "memory_gb"},
    Synonym{"cooldown", "limit", "at_most"},
    Synonym{"cooldown", "max", "at_most"},
    Synonym{"finalists", "top", "count"},
    Synonym{"finalists", "runs", "repeats"},
    Synonym{"finalists", "seeds", "repeats"},
};

}  // namespace

std::span<const SchemaKey> schema() {
  return kSchema;
}

std::vector<std::string> keys_of(std::string_view section) {
  std::vector<std::string> keys;
  for (const SchemaKey& entry : kSchema) {
    if (entry.section == section) keys.emplace_back(entry.key);
  }
  return keys;
}

std::optional<std::string> key_meant_by(std::string_view section, std::string_view word) {
  const auto found = std::ranges::find_if(kSynonyms, [&](const Synonym& synonym) {
    const std::string_view prefix = section.substr(0, section.find('.'));
    return synonym.section_prefix == prefix && synonym.word == word;
  });
  if (found == kSynonyms.end()) return std::nullopt;
  if (!std::ranges::count(keys_of(section), found->key)) return std::nullopt;
  return std::string{found->key};
}

}  // namespace wattune::config
