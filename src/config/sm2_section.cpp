#include "sm2_section.hpp"

#include <fmt/format.h>

#include <cmath>

#include "named_values.hpp"
#include "sampler_section.hpp"

namespace wattune::config {
namespace {

using strategies::EnergyMode;
using strategies::HalvingRule;
using strategies::OptimizerKind;
using strategies::RateSearch;
using strategies::RungUnit;
using strategies::Sm2Options;
using strategies::Sm2Order;

constexpr NamedValues<EnergyMode, 3> kEnergyModes{{
    {"cumulative", EnergyMode::Cumulative},
    {"projected", EnergyMode::Projected},
    {"rung", EnergyMode::Rung},
}};
constexpr NamedValues<HalvingRule, 3> kHalvingRules{{
    {"cost_aware", HalvingRule::CostAware},
    {"non_dominated", HalvingRule::NonDominated},
    {"score", HalvingRule::Score},
}};
constexpr NamedValues<OptimizerKind, 4> kOptimizers{{
    {"adam", OptimizerKind::Adam},
    {"auto", OptimizerKind::Auto},
    {"none", OptimizerKind::None},
    {"sgd", OptimizerKind::Sgd},
}};
constexpr NamedValues<Sm2Order, 2> kSm2Orders{{
    {"batch_size_first", Sm2Order::BatchSizeFirst},
    {"joint", Sm2Order::Joint},
}};
constexpr NamedValues<RateSearch, 2> kRateSearches{{
    {"grid", RateSearch::Grid},
    {"range_test", RateSearch::RangeTest},
}};
constexpr NamedValues<RungUnit, 2> kRungUnits{{
    {"joules", RungUnit::Joules},
    {"samples", RungUnit::Samples},
}};

void check_weights(ReadContext& context, const MapReader& map,
                   const strategies::Sm2Weights& weights) {
  const double sum = weights.performance + weights.energy + weights.stability;
  if (std::abs(sum - 1.0) <= 1e-9) return;
  for (const char* key : {"performance_weight", "energy_weight", "stability_weight"}) {
    const YamlNode* const node = map.find(key);
    if (node == nullptr) continue;
    context.error(*node, fmt::format("the weights must add up to 1: performance_weight {} + "
                                     "energy_weight {} + stability_weight {} = {:.6g}",
                                     weights.performance, weights.energy, weights.stability, sum));
    return;
  }
}

void assign_text(ReadContext& context, const MapReader& map, std::string_view key,
                 std::string& target) {
  const YamlNode* const node = map.find(key);
  if (node != nullptr) assign(target, read_text(context, *node, map.path_of(key)));
}

void assign_seconds(MapReader& map, std::string_view key, double most, Seconds& target) {
  if (const auto seconds = map.number(key, between(0, most))) target = Seconds{*seconds};
}

void assign_count(MapReader& map, std::string_view key, Range range, std::size_t& target) {
  if (const auto count = map.whole(key, range)) target = static_cast<std::size_t>(*count);
}

void assign_whole(MapReader& map, std::string_view key, Range range, double& target) {
  if (const auto number = map.whole(key, range)) target = static_cast<double>(*number);
}

void read_probe(ReadContext& context, MapReader& map, Sm2Options& options) {
  assign_seconds(map, "idle_seconds", 3600, options.idle_duration);
  assign(options.memory_limit,
         map.number("memory_limit", {.low = 0, .high = 1, .is_low_open = true}));
  assign_text(context, map, "memory_metric", options.memory_metric);
  assign_text(context, map, "utilisation_metric", options.utilisation_metric);
  assign_seconds(map, "probe_seconds", 3600, options.min_probe_duration);
  assign_whole(map, "probe_steps", at_least(1), options.min_probe_steps);
  assign_whole(map, "warmup_steps", at_least(0), options.num_warmup_steps);
  assign(options.window_tolerance, map.number("window_tolerance", at_least(0)));
}

void read_candidates(ReadContext& context, MapReader& map, Sm2Options& options) {
  assign_named(context, map, "learning_rate_search", "search of learning rates", kRateSearches,
               options.rate_search);
  assign_count(map, "learning_rates", between(1, 1000), options.num_learning_rates);
  assign_named(context, map, "optimizer", "kind of optimizer", kOptimizers, options.optimizer);
  assign_whole(map, "range_test_steps", at_least(1), options.range_test_steps);
  assign_count(map, "max_candidates", between(1, 10000), options.max_candidates);
}

void read_rungs(ReadContext& context, MapReader& map, Sm2Options& options) {
  assign_named(context, map, "order", "order", kSm2Orders, options.order);
  assign_named(context, map, "rungs_equal_in", "unit of a rung", kRungUnits, options.rung_unit);
  assign_named(context, map, "halving_rule", "halving rule", kHalvingRules, options.rule);
  assign_count(map, "reduction_factor", between(2, 100), options.eta);
  assign_seconds(map, "min_rung_seconds", 86400, options.min_rung_duration);
  assign(options.first_rung_fraction,
         map.number("first_rung_fraction", {.low = 0, .high = 1, .is_low_open = true}));
  if (const auto samples = map.whole("samples_per_epoch", at_least(1))) {
    options.samples_per_epoch = static_cast<double>(*samples);
  }
  assign_count(map, "reports_per_rung", between(1, 1000), options.reports_per_rung);
}

void read_score(ReadContext& context, MapReader& map, Sm2Options& options) {
  const std::size_t num_before = context.diagnostics.size();
  assign(options.weights.performance, map.number("performance_weight", between(0, 1)));
  assign(options.weights.energy, map.number("energy_weight", between(0, 1)));
  assign(options.weights.stability, map.number("stability_weight", between(0, 1)));
  if (context.diagnostics.size() == num_before) check_weights(context, map, options.weights);
  assign_named(context, map, "energy_mode", "energy mode", kEnergyModes, options.energy_mode);
  options.target_quality = map.number("target_quality");
  assign(options.noise_floor, map.number("noise_floor", between(0, 1)));
  assign(options.divergence_factor, map.number("divergence_factor", above(1)));
  assign_text(context, map, "training_loss", options.training_loss);
}

}  // namespace

Sm2Section read_sm2(ReadContext& context, const YamlNode& node) {
  MapReader map(context, node, "strategy", "strategy.sm2");
  Sm2Section sm2;
  if (const YamlNode* sampler = map.find("sampler")) sm2.sampler = read_sampler(context, *sampler);
  read_score(context, map, sm2.options);
  read_probe(context, map, sm2.options);
  read_candidates(context, map, sm2.options);
  read_rungs(context, map, sm2.options);
  return sm2;
}

}  // namespace wattune::config
