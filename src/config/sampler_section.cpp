#include "sampler_section.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "gp_options.hpp"
#include "named_values.hpp"
#include "population_options.hpp"
#include "wattune/base/require.hpp"
#include "wattune/config/known_names.hpp"
#include "wattune/samplers/auto.hpp"
#include "wattune/samplers/cma_es.hpp"
#include "wattune/samplers/differential_evolution.hpp"
#include "wattune/samplers/gp.hpp"
#include "wattune/samplers/grid.hpp"
#include "wattune/samplers/latin_hypercube.hpp"
#include "wattune/samplers/nsga2.hpp"
#include "wattune/samplers/nsga3.hpp"
#include "wattune/samplers/random.hpp"
#include "wattune/samplers/sobol.hpp"
#include "wattune/samplers/tpe.hpp"

namespace wattune::config {
namespace {

using MakeSampler = decltype(SamplerSection::make);

/// Joules of the whole study, where they are limited.
std::optional<double> budget_j(const SamplerSurroundings& study) {
  if (!study.budgets.energy) return std::nullopt;
  return study.budgets.energy->value();
}

MakeSampler read_auto(ReadContext&, MapReader&) {
  return [](const SamplerSurroundings& study) {
    return samplers::make_auto(study.problem, {.num_trials = study.budgets.trials,
                                               .budget_j = budget_j(study),
                                               .stops_early = study.stops_early,
                                               .seed = study.problem.seed});
  };
}

MakeSampler read_cma_es(ReadContext& context, MapReader& map) {
  return [options = read_cma_es_options(context, map)](const SamplerSurroundings& study) mutable {
    options.seed = study.problem.seed;
    return samplers::make_cma_es(study.problem.space, options);
  };
}

MakeSampler read_differential_evolution(ReadContext& context, MapReader& map) {
  return [options = read_differential_evolution_options(context, map)](
             const SamplerSurroundings& study) mutable {
    options.seed = study.problem.seed;
    return samplers::make_differential_evolution(study.problem.space, options);
  };
}

MakeSampler read_gp(ReadContext& context, MapReader& map) {
  return [options = read_gp_options(context, map)](const SamplerSurroundings& study) mutable {
    options.seed = study.problem.seed;
    options.budget_j = budget_j(study);
    options.budget_trials = study.budgets.trials;
    return samplers::make_gp(study.problem, options);
  };
}

MakeSampler read_grid(ReadContext& context, MapReader& map) {
  constexpr NamedValues<samplers::GridOrder, 2> kOrders{{
      {"lexicographic", samplers::GridOrder::Lexicographic},
      {"shuffled", samplers::GridOrder::Shuffled},
  }};
  samplers::GridOptions options;
  assign(options.points_per_float, map.whole("points", between(2, 1e6)));
  options.points_per_int = options.points_per_float;
  assign(options.upper_bound, map.flag("upper_bound"));
  assign_named(context, map, "order", "order", kOrders, options.order);
  return [options](const SamplerSurroundings& study) mutable {
    options.seed = study.problem.seed;
    return samplers::make_grid(study.problem.space, options);
  };
}

MakeSampler read_latin_hypercube(ReadContext&, MapReader&) {
  return [](const SamplerSurroundings& study) {
    return samplers::make_latin_hypercube(
        study.problem.space, {.count = study.budgets.trials, .seed = study.problem.seed});
  };
}

MakeSampler read_multi_fidelity(ReadContext& context, MapReader& map) {
  return [options =
              read_multi_fidelity_options(context, map)](const SamplerSurroundings& study) mutable {
    options.seed = study.problem.seed;
    return samplers::make_multi_fidelity(study.problem, options);
  };
}

MakeSampler read_nsga2(ReadContext& context, MapReader& map) {
  return [options = read_nsga2_options(context, map)](const SamplerSurroundings& study) mutable {
    options.seed = study.problem.seed;
    return samplers::make_nsga2(study.problem.space, options);
  };
}

MakeSampler read_nsga3(ReadContext& context, MapReader& map) {
  return [options = read_nsga3_options(context, map)](const SamplerSurroundings& study) mutable {
    options.seed = study.problem.seed;
    return samplers::make_nsga3(study.problem.space, study.problem.objectives.size(), options);
  };
}

MakeSampler read_random(ReadContext&, MapReader&) {
  return
      [](const SamplerSurroundings& study) { return samplers::make_random(study.problem.space); };
}

MakeSampler read_sobol(ReadContext&, MapReader&) {
  return [](const SamplerSurroundings& study) {
    return samplers::make_sobol(study.problem.space, {.seed = study.problem.seed});
  };
}

MakeSampler read_tpe(ReadContext&, MapReader& map) {
  samplers::TpeOptions options;
  assign(options.num_startup, map.whole("startup_trials", between(1, 1e6)));
  assign(options.num_candidates, map.whole("candidates", between(1, 1e6)));
  assign(options.multivariate, map.flag("multivariate"));
  assign(options.joint_share, map.number("joint_share", between(0, 1)));
  assign(options.constant_liar, map.flag("constant_liar"));
  return [options](const SamplerSurroundings& study) mutable {
    options.seed = study.problem.seed;
    return samplers::make_tpe(study.problem.space, options);
  };
}

/// One row per sampler a study file can name.
struct SamplerEntry {
  std::string_view name;
  MakeSampler (*read)(ReadContext&, MapReader&);
  bool ends_by_itself = false;
};
constexpr std::array kSamplers{
    SamplerEntry{"auto", read_auto},
    SamplerEntry{"cma_es", read_cma_es},
    SamplerEntry{"differential_evolution", read_differential_evolution},
    SamplerEntry{"gp", read_gp},
    SamplerEntry{"grid", read_grid, true},
    SamplerEntry{"latin_hypercube", read_latin_hypercube},
    SamplerEntry{"multi_fidelity", read_multi_fidelity},
    SamplerEntry{"nsga2", read_nsga2},
    SamplerEntry{"nsga3", read_nsga3},
    SamplerEntry{"random", read_random},
    SamplerEntry{"sobol", read_sobol},
    SamplerEntry{"tpe", read_tpe},
};

const SamplerEntry& entry_of(std::string_view name) {
  const auto* const entry = std::ranges::find(kSamplers, name, &SamplerEntry::name);
  WATTUNE_REQUIRE(entry != kSamplers.end());
  return *entry;
}

SamplerSection section_of(ReadContext& context, const SamplerEntry& entry, MapReader& options) {
  return {std::string{entry.name}, entry.ends_by_itself, entry.read(context, options)};
}

}  // namespace

std::span<const std::string> known_samplers() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const SamplerEntry& entry : kSamplers) all.emplace_back(entry.name);
    return all;
  }();
  return names;
}

SamplerSection sampler_of(std::string_view name) {
  const SourceText nothing{"", ""};
  ReadContext context{nothing, {}, {}};
  YamlNode empty;
  empty.kind = YamlNode::Kind::Map;
  MapReader options(context, empty, "", fmt::format("sampler.{}", name));
  return section_of(context, entry_of(name), options);
}

const YamlNode* name_node(ReadContext& context, const YamlNode& node, std::string_view what) {
  if (node.is_scalar()) return &node;
  for (const auto& [key, value] : node.entries) {
    if (key.text == "name") return &value;
  }
  context.error(node, fmt::format("a {} is written as its name, or as a map with `name` and its "
                                  "options",
                                  what));
  return nullptr;
}

SamplerSection read_sampler(ReadContext& context, const YamlNode& node) {
  const YamlNode* const at = name_node(context, node, "sampler");
  const auto name = at ? read_name(context, *at, "sampler", known_samplers()) : std::nullopt;
  if (!name) return sampler_of("auto");
  if (!node.is_map()) return sampler_of(*name);
  MapReader options(context, node, "strategy.sampler", "sampler." + *name);
  return section_of(context, entry_of(*name), options);
}

}  // namespace wattune::config
