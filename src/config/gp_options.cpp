#include "gp_options.hpp"

#include <vector>

#include "named_values.hpp"

namespace wattune::config {
namespace {

using samplers::GpAcquisition;
using samplers::ScalarisationKind;

constexpr NamedValues<GpAcquisition, 9> kAcquisitions{{
    {"auto", GpAcquisition::Auto},
    {"ei", GpAcquisition::Ei},
    {"log_ehvi", GpAcquisition::LogEhvi},
    {"log_ei", GpAcquisition::LogEi},
    {"pi", GpAcquisition::Pi},
    {"qlognehvi", GpAcquisition::QLogNehvi},
    {"qnehvi", GpAcquisition::QNehvi},
    {"qnparego", GpAcquisition::QNparego},
    {"ucb", GpAcquisition::Ucb},
}};
constexpr NamedValues<samplers::FidelityModel, 2> kFidelityModels{{
    {"joint", samplers::FidelityModel::Joint},
    {"one_rung", samplers::FidelityModel::OneRung},
}};
constexpr NamedValues<samplers::GpKernel, 2> kKernels{{
    {"matern52", samplers::GpKernel::Matern52},
    {"rbf", samplers::GpKernel::Rbf},
}};
constexpr NamedValues<samplers::ConstraintHandling, 2> kConstraintHandlings{{
    {"penalty", samplers::ConstraintHandling::Penalty},
    {"probability", samplers::ConstraintHandling::Probability},
}};
constexpr NamedValues<ScalarisationKind, 4> kScalarisations{{
    {"hard_limit", ScalarisationKind::HardLimit},
    {"harmonic", ScalarisationKind::Harmonic},
    {"product", ScalarisationKind::Product},
    {"weighted", ScalarisationKind::Weighted},
}};

std::optional<std::vector<double>> read_numbers(ReadContext& context, const MapReader& map,
                                                std::string_view key, Range range = {}) {
  const YamlNode* const node = map.find(key);
  if (node == nullptr) return std::nullopt;
  std::vector<double> numbers;
  for (const YamlNode& item : read_list(context, *node, map.path_of(key))) {
    if (const auto number = read_number(context, item, map.path_of(key), range)) {
      numbers.push_back(*number);
    }
  }
  return numbers;
}

samplers::Scalarisation read_scalarisation(ReadContext& context, const YamlNode& node) {
  MapReader map(context, node, "strategy.sampler.scalarisation", "scalarisation");
  samplers::Scalarisation scalarisation;
  map.require("kind");
  assign_named(context, map, "kind", "scalarisation", kScalarisations, scalarisation.kind);
  assign(scalarisation.weight, map.number("weight", between(0, 1)));
  assign(scalarisation.exponent, map.number("exponent"));
  scalarisation.target = map.number("target", above(0));
  return scalarisation;
}

}  // namespace

samplers::GpOptions read_gp_options(ReadContext& context, MapReader& map) {
  samplers::GpOptions options;
  if (const auto count = map.whole("startup_trials", between(1, 1e6))) {
    options.num_startup = static_cast<std::size_t>(*count);
  }
  assign_named(context, map, "acquisition", "acquisition", kAcquisitions, options.acquisition);
  assign_named(context, map, "kernel", "kernel", kKernels, options.kernel);
  options.prior_deviation = map.number("prior_deviation", between(0.01, 100));
  assign(options.even_out, map.flag("even_out"));
  assign(options.optimism, map.number("optimism", at_least(0)));
  options.reference_point = read_numbers(context, map, "reference_point");
  if (const auto deviations = read_numbers(context, map, "noise", above(0))) {
    options.noise_deviations.assign(deviations->begin(), deviations->end());
  }
  assign_named(context, map, "constraints", "way with constraints", kConstraintHandlings,
               options.constraints);
  assign(options.penalty_weight, map.number("penalty_weight", above(0)));
  if (const YamlNode* node = map.find("scalarisation")) {
    options.scalarisation = read_scalarisation(context, *node);
  }
  if (const auto exponent = map.number("cost_exponent", above(0)))
    options.cost_exponent = *exponent;
  return options;
}

samplers::MultiFidelityOptions read_multi_fidelity_options(ReadContext& context, MapReader& map) {
  samplers::MultiFidelityOptions options;
  assign_named(context, map, "model", "model", kFidelityModels, options.model);
  assign_named(context, map, "acquisition", "acquisition", kAcquisitions, options.acquisition);
  assign_named(context, map, "kernel", "kernel", kKernels, options.kernel);
  assign_named(context, map, "resource_kernel", "kernel", kKernels, options.resource_kernel);
  assign(options.num_startup, map.whole("startup_trials", between(1, 1e6)));
  assign(options.optimism, map.number("optimism", at_least(0)));
  options.reference_point = read_numbers(context, map, "reference_point");
  return options;
}

}  // namespace wattune::config
