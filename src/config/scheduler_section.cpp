#include "scheduler_section.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "named_values.hpp"
#include "sampler_section.hpp"
#include "wattune/base/require.hpp"
#include "wattune/config/known_names.hpp"
#include "wattune/schedulers/asha.hpp"
#include "wattune/schedulers/extrapolation.hpp"
#include "wattune/schedulers/full.hpp"
#include "wattune/schedulers/hyperband.hpp"
#include "wattune/schedulers/patience.hpp"
#include "wattune/schedulers/percentile.hpp"
#include "wattune/schedulers/successive_halving.hpp"

namespace wattune::config {
namespace {

constexpr NamedValues<schedulers::RankBy, 3> kRankings{{
    {"first_objective", schedulers::RankBy::FirstObjective},
    {"front", schedulers::RankBy::NonDominated},
    {"net", schedulers::RankBy::NonDominatedNet},
}};
constexpr NamedValues<schedulers::AshaVariant, 2> kVariants{{
    {"promotion", schedulers::AshaVariant::Promotion},
    {"stopping", schedulers::AshaVariant::Stopping},
}};
constexpr NamedValues<schedulers::AshaQuota, 2> kQuotas{{
    {"energy", schedulers::AshaQuota::Energy},
    {"trials", schedulers::AshaQuota::Trials},
}};

constexpr NamedValues<schedulers::GainPer, 2> kGainUnits{{
    {"gram", schedulers::GainPer::Gram},
    {"kilojoule", schedulers::GainPer::Kilojoule},
}};

constexpr Range kReductionFactors = between(2, 100);

SchedulerSection read_full(ReadContext&, MapReader&) {
  SchedulerSection section;
  section.make = [](const trial::Problem& problem, std::optional<std::size_t>) {
    return schedulers::make_full(problem.resource);
  };
  return section;
}

SchedulerSection read_halving(ReadContext& context, MapReader& map) {
  std::int64_t factor = 2;
  std::int64_t num_trials = 16;
  assign(factor, map.whole("reduction_factor", kReductionFactors));
  assign(num_trials, map.whole("initial_trials", between(2, 1e6)));
  if (num_trials < factor) {
    const YamlNode* const trials = map.find("initial_trials");
    context.error(trials ? *trials : *map.find("reduction_factor"),
                  fmt::format("{} initial trials cannot be reduced by {}", num_trials, factor));
  }
  schedulers::SuccessiveHalvingOptions options;
  options.eta = static_cast<std::size_t>(factor);
  options.num_trials = static_cast<std::size_t>(num_trials);
  assign_named(context, map, "rank_by", "way to rank", kRankings, options.rank_by);
  SchedulerSection section{.needs_rungs = true, .pauses = true};
  section.make = [options](const trial::Problem& problem, std::optional<std::size_t>) {
    return schedulers::make_successive_halving(problem.resource, options);
  };
  return section;
}

SchedulerSection read_hyperband(ReadContext& context, MapReader& map) {
  schedulers::HyperbandOptions options;
  assign(options.eta, map.whole("reduction_factor", kReductionFactors));
  assign_named(context, map, "rank_by", "way to rank", kRankings, options.rank_by);
  SchedulerSection section{.needs_rungs = true, .pauses = true};
  section.make = [options](const trial::Problem& problem, std::optional<std::size_t>) {
    return schedulers::make_hyperband(problem.resource, options);
  };
  return section;
}

SchedulerSection read_asha(ReadContext& context, MapReader& map) {
  schedulers::AshaOptions options;
  assign(options.eta, map.whole("reduction_factor", kReductionFactors));
  assign_named(context, map, "variant", "variant", kVariants, options.variant);
  assign_named(context, map, "quota", "quota", kQuotas, options.quota);
  assign_named(context, map, "rank_by", "way to rank", kRankings, options.rank_by);
  const bool promotes = options.variant == schedulers::AshaVariant::Promotion;
  if (!promotes && options.quota == schedulers::AshaQuota::Energy) {
    context.error(*map.find("quota"), "`quota: energy` goes with `variant: promotion`");
  }
  SchedulerSection section{.needs_rungs = true, .pauses = promotes};
  section.make = [options](const trial::Problem& problem, std::optional<std::size_t> max_trials) {
    schedulers::AshaOptions bounded = options;
    bounded.max_trials = max_trials;
    return schedulers::make_asha(problem.resource, bounded);
  };
  return section;
}

// --- rules that stop a trial -------------------------------------------------------------------

using MakeRule = std::function<std::unique_ptr<schedulers::StopRule>(const trial::Problem&)>;

MakeRule read_percentile(MapReader& map, schedulers::PercentileOptions options) {
  if (const auto trials = map.whole("startup_trials", between(1, 1e6))) {
    options.num_startup = static_cast<std::size_t>(*trials);
  }
  assign(options.warmup, map.number("warmup", at_least(0)));
  options.interval = map.number("interval", above(0));
  return [options](const trial::Problem& problem) {
    return schedulers::make_percentile_rule(problem, options);
  };
}

MakeRule read_median_rule(ReadContext&, MapReader& map) {
  return read_percentile(map, {});
}

MakeRule read_percentile_rule(ReadContext&, MapReader& map) {
  schedulers::PercentileOptions options{.percentile = 25.0, .interval = {}};
  assign(options.percentile, map.number("percentile", between(0, 100)));
  return read_percentile(map, options);
}

MakeRule read_patience_rule(ReadContext&, MapReader& map) {
  schedulers::PatienceOptions options;
  if (const auto reports = map.whole("reports", between(1, 1e6))) {
    options.num_reports = static_cast<std::size_t>(*reports);
  }
  assign(options.min_improvement, map.number("min_improvement", at_least(0)));
  assign(options.warmup, map.number("warmup", at_least(0)));
  return [options](const trial::Problem& problem) {
    return schedulers::make_patience_rule(problem, options);
  };
}

MakeRule read_convergence_rule(ReadContext& context, MapReader& map) {
  schedulers::ConvergenceOptions options;
  map.require("min_gain");
  assign(options.min_gain, map.number("min_gain", above(0)));
  assign_named(context, map, "per", "unit", kGainUnits, options.per);
  if (const auto reports = map.whole("reports", between(1, 1e6))) {
    options.num_reports = static_cast<std::size_t>(*reports);
  }
  assign(options.warmup, map.number("warmup", at_least(0)));
  return [options](const trial::Problem& problem) {
    return schedulers::make_convergence_rule(problem, options);
  };
}

MakeRule read_extrapolation_rule(ReadContext&, MapReader& map) {
  schedulers::ExtrapolationOptions options;
  assign(options.min_probability, map.number("min_probability", between(0, 1)));
  if (const auto trials = map.whole("startup_trials", between(2, 1e6))) {
    options.num_startup = static_cast<std::size_t>(*trials);
  }
  if (const auto reports = map.whole("reports", between(2, 1e6))) {
    options.min_reports = static_cast<std::size_t>(*reports);
  }
  options.interval = map.number("interval", above(0));
  return [options](const trial::Problem& problem) {
    return schedulers::make_extrapolation_rule(problem, options);
  };
}

/// One row per rule a study file can name.
struct RuleEntry {
  std::string_view name;
  MakeRule (*read)(ReadContext&, MapReader&);
};
constexpr std::array kRules{
    RuleEntry{"convergence", read_convergence_rule},
    RuleEntry{"extrapolation", read_extrapolation_rule},
    RuleEntry{"median", read_median_rule},
    RuleEntry{"patience", read_patience_rule},
    RuleEntry{"percentile", read_percentile_rule},
};

std::optional<MakeRule> read_rule(ReadContext& context, const YamlNode& node,
                                  const std::string& path) {
  const YamlNode* const at = name_node(context, node, "rule");
  const auto name = at ? read_name(context, *at, "rule", known_stop_rules()) : std::nullopt;
  if (!name) return std::nullopt;
  YamlNode bare = node;
  if (!node.is_map()) bare.kind = YamlNode::Kind::Map;
  MapReader options(context, bare, path, "rule." + *name);
  return std::ranges::find(kRules, *name, &RuleEntry::name)->read(context, options);
}

/// The scheduler with the rules around it.
SchedulerSection with_rules(SchedulerSection section, std::vector<MakeRule> rules) {
  if (rules.empty()) return section;
  section.has_rules = true;
  section.make = [make = section.make, rules = std::move(rules)](
                     const trial::Problem& problem, std::optional<std::size_t> max_trials) {
    std::vector<std::unique_ptr<schedulers::StopRule>> made;
    for (const MakeRule& rule : rules) made.push_back(rule(problem));
    return schedulers::stop_when(problem.resource, make(problem, max_trials), std::move(made));
  };
  return section;
}

// --- schedulers --------------------------------------------------------------------------------

/// One row per scheduler a study file can name.
struct SchedulerEntry {
  std::string_view name;
  SchedulerSection (*read)(ReadContext&, MapReader&);
};
constexpr std::array kSchedulers{
    SchedulerEntry{"asha", read_asha},
    SchedulerEntry{"full", read_full},
    SchedulerEntry{"halving", read_halving},
    SchedulerEntry{"hyperband", read_hyperband},
};

SchedulerSection section_of(ReadContext& context, std::string_view name, MapReader& options) {
  const auto* const entry = std::ranges::find(kSchedulers, name, &SchedulerEntry::name);
  WATTUNE_REQUIRE(entry != kSchedulers.end());
  SchedulerSection section = entry->read(context, options);
  section.name = name;
  return section;
}

}  // namespace

std::span<const std::string> known_schedulers() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const SchedulerEntry& entry : kSchedulers) all.emplace_back(entry.name);
    return all;
  }();
  return names;
}

std::span<const std::string> known_stop_rules() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const RuleEntry& entry : kRules) all.emplace_back(entry.name);
    return all;
  }();
  return names;
}

SchedulerSection scheduler_of(std::string_view name) {
  const SourceText nothing{"", ""};
  ReadContext context{nothing, {}, {}};
  YamlNode empty;
  empty.kind = YamlNode::Kind::Map;
  MapReader options(context, empty, "", fmt::format("scheduler.{}", name));
  return section_of(context, name, options);
}

SchedulerSection read_scheduler(ReadContext& context, const YamlNode& node) {
  const YamlNode* const at = name_node(context, node, "scheduler");
  if (at != nullptr && std::ranges::count(known_stop_rules(), at->text) > 0) {
    context.error(*at, fmt::format("`{}` is a rule that stops trials, beside any scheduler: write "
                                   "{{stop_when: [{}]}}",
                                   at->text, at->text));
    return scheduler_of("full");
  }
  const auto name = at ? read_name(context, *at, "scheduler", known_schedulers()) : std::nullopt;
  if (!name) return scheduler_of("full");
  if (!node.is_map()) return scheduler_of(*name);
  MapReader options(context, node, "strategy.scheduler", "scheduler." + *name);
  return section_of(context, *name, options);
}

SchedulerSection read_stop_when(ReadContext& context, const YamlNode& node,
                                SchedulerSection scheduler) {
  std::vector<MakeRule> rules;
  for (const YamlNode& item : read_list(context, node, "strategy.stop_when")) {
    if (auto rule = read_rule(context, item, "strategy.stop_when")) {
      rules.push_back(*std::move(rule));
    }
  }
  return with_rules(std::move(scheduler), std::move(rules));
}

}  // namespace wattune::config
