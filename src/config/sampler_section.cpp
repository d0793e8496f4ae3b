#include "sampler_section.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "wattune/base/require.hpp"
#include "wattune/config/known_names.hpp"
#include "wattune/samplers/grid.hpp"
#include "wattune/samplers/random.hpp"
#include "wattune/samplers/sobol.hpp"
#include "wattune/samplers/tpe.hpp"

namespace wattune::config {
namespace {

using MakeSampler = decltype(SamplerSection::make);

MakeSampler read_random(MapReader&) {
  return
      [](const SamplerSurroundings& study) { return samplers::make_random(study.problem.space); };
}

MakeSampler read_sobol(MapReader&) {
  return [](const SamplerSurroundings& study) {
    return samplers::make_sobol(study.problem.space, {.seed = study.problem.seed});
  };
}

MakeSampler read_grid(MapReader& map) {
  samplers::GridOptions options;
  assign(options.points_per_float, map.whole("points", between(2, 1e6)));
  options.points_per_int = options.points_per_float;
  return [options](const SamplerSurroundings& study) {
    return samplers::make_grid(study.problem.space, options);
  };
}

MakeSampler read_tpe(MapReader& map) {
  samplers::TpeOptions options;
  assign(options.num_startup, map.whole("startup_trials", between(1, 1e6)));
  assign(options.num_candidates, map.whole("candidates", between(1, 1e6)));
  assign(options.multivariate, map.flag("multivariate"));
  return [options](const SamplerSurroundings& study) {
    samplers::TpeOptions seeded = options;
    seeded.seed = study.problem.seed;
    return samplers::make_tpe(study.problem.space, seeded);
  };
}

/// One row per sampler a study file can name.
struct SamplerEntry {
  std::string_view name;
  MakeSampler (*read)(MapReader&);
  bool ends_by_itself = false;
};
constexpr std::array kSamplers{
    SamplerEntry{"grid", read_grid, true},
    SamplerEntry{"random", read_random},
    SamplerEntry{"sobol", read_sobol},
    SamplerEntry{"tpe", read_tpe},
};

const SamplerEntry& entry_of(std::string_view name) {
  const auto* const entry = std::ranges::find(kSamplers, name, &SamplerEntry::name);
  WATTUNE_REQUIRE(entry != kSamplers.end());
  return *entry;
}

SamplerSection section_of(const SamplerEntry& entry, MapReader& options) {
  return {std::string{entry.name}, entry.ends_by_itself, entry.read(options)};
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
  return section_of(entry_of(name), options);
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
  if (!name) return sampler_of("tpe");
  if (!node.is_map()) return sampler_of(*name);
  MapReader options(context, node, "strategy.sampler", "sampler." + *name);
  return section_of(entry_of(*name), options);
}

}  // namespace wattune::config
