#include "wattune/config/assemble.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "wattune/samplers/enqueued.hpp"
#include "wattune/samplers/list.hpp"
#include "wattune/schedulers/full.hpp"
#include "wattune/strategies/auto.hpp"
#include "wattune/strategies/compose.hpp"
#include "wattune/strategies/finalists.hpp"
#include "wattune/strategies/race.hpp"
#include "wattune/strategies/sm2.hpp"

namespace wattune::config {
namespace {

struct StrategyMaker {
  const trial::Problem& problem;
  trial::Budgets budgets;
  strategies::RaceOptions race;  // what is tried first, for whatever strategy

  std::unique_ptr<strategies::Strategy> operator()(const AutoSection&) const {
    return strategies::make_auto(problem, race, [this] { return (*this)(ComposedSection{}); });
  }
  std::unique_ptr<strategies::Strategy> operator()(const RaceSection&) const {
    return strategies::make_race(problem, race);
  }
  std::unique_ptr<strategies::Strategy> operator()(const ComposedSection& section) const {
    auto sampler = section.sampler.make({problem, budgets, section.scheduler.stops_early()});
    std::vector<space::Configuration> first = race.first;
    first.insert(first.end(), race.learned.begin(), race.learned.end());
    if (!first.empty()) {
      sampler = samplers::make_enqueued(problem.space, std::move(first), std::move(sampler));
    }
    return strategies::compose(std::move(sampler), section.scheduler.make(problem, budgets.trials));
  }
  std::unique_ptr<strategies::Strategy> operator()(const Sm2Section& section) const {
    return strategies::make_sm2(problem, section.sampler.make({problem, budgets, true}),
                                section.options);
  }
};

/// Nothing but temperatures can tell when a machine has cooled down.
std::optional<runners::CoolDownOptions> cooldown_options(
    const StudyFile& file, const std::function<DeviceState()>& read_devices) {
  if (!file.cooldown) return std::nullopt;
  DeviceState state = read_devices ? read_devices() : DeviceState{};
  if (file.runner.gpus_per_trial == 0) state.gpus.clear();
  if (temperatures_of(state).empty()) {
    throw file.error_at(
        "cooldown",
        "`cooldown` needs a temperature, and this machine shows none: there is no coretemp, "
        "k10temp or zenpower among its hwmon sensors and no thermal zone x86_pkg_temp (virtual "
        "machines often have neither); leave `cooldown` out");
  }
  runners::CoolDownOptions options;
  const Celsius degrees{file.cooldown->degrees};
  if (file.cooldown->is_margin) {
    options.margin = degrees;
  } else {
    options.until = degrees;
  }
  options.at_most = file.cooldown->at_most;
  return options;
}

/// Where in the study file a bound of a parameter's values stands.
std::string key_of_bound(const space::Parameter& parameter, bool is_low) {
  const bool is_list = std::holds_alternative<space::ChoiceDomain>(parameter.domain);
  return fmt::format("parameters.{}.{}", parameter.name,
                     is_list  ? "values"
                     : is_low ? "low"
                              : "high");
}

/// Every limit that could be tried is one that every GPU allows and that may be set.
void check_power_limits(const StudyFile& file, const std::vector<std::string>& gpus,
                        const energy::PowerLimitControl* control) {
  const space::Space& space = file.problem.space;
  const auto index = space.index_of(space::Role::GpuPowerLimit);
  if (!index) return;
  const space::Parameter& parameter = space.parameters()[*index];
  const space::NumberRange wanted = *space::number_range(parameter.domain);
  if (control == nullptr) throw no_power_limit_error(file, "nothing sets it");
  for (const std::string& gpu : gpus) {
    const Result<energy::PowerLimit> allowed = control->try_out(gpu);
    if (!allowed) throw no_power_limit_error(file, allowed.error().message);
    const bool is_too_low = wanted.low < allowed->least.value();
    if (!is_too_low && wanted.high <= allowed->most.value()) continue;
    throw file.error_at(
        key_of_bound(parameter, is_too_low),
        fmt::format("a power limit of {:g} W is outside of what {} ({}) allows: {:g} to {:g} W",
                    is_too_low ? wanted.low : wanted.high, allowed->gpu, gpu,
                    allowed->least.value(), allowed->most.value()));
  }
}

std::vector<std::string> required_metrics(const trial::Problem& problem) {
  std::vector<std::string> names;
  for (const trial::Objective& objective : problem.objectives) {
    if (objective.measure.kind == trial::MeasureKind::Metric) {
      names.push_back(objective.measure.name);
    }
  }
  return names;
}

}  // namespace

/// One that finds its own configurations all by itself, or a sampler of the user's choice, is left
/// to its ways.
bool learns_from_history(const StudyFile& file) {
  return !std::holds_alternative<ComposedSection>(file.strategy) &&
         !std::holds_alternative<Sm2Section>(file.strategy);
}

std::unique_ptr<strategies::Strategy> make_strategy(const StudyFile& file,
                                                    const trial::Problem& problem,
                                                    std::vector<space::Configuration> warm_start,
                                                    std::vector<space::Configuration> learned) try {
  strategies::RaceOptions race{.first = file.try_first, .can_pause = file.capture.empty()};
  race.first.insert(race.first.end(), std::make_move_iterator(warm_start.begin()),
                    std::make_move_iterator(warm_start.end()));
  if (learns_from_history(file)) {
    for (space::Configuration& each : learned) {
      const bool is_given = std::ranges::find(race.first, each) != race.first.end();
      if (!is_given) race.learned.push_back(std::move(each));
    }
  }
  auto strategy =
      std::visit(StrategyMaker{problem, make_budgets(file), std::move(race)}, file.strategy);
  if (!file.finalists) return strategy;
  strategies::FinalistOptions options;
  options.count = static_cast<std::size_t>(file.finalists->count);
  options.repeats = static_cast<std::size_t>(file.finalists->repeats);
  options.tolerance = file.report.tolerance;
  options.budgets = make_budgets(file);
  return strategies::with_finalists(std::move(strategy), options);
} catch (const StudyFileError&) {
  throw;
} catch (const ConfigError& error) {
  throw file.error_at("strategy", error.what());
}

std::unique_ptr<strategies::Strategy> make_list_strategy(
    const trial::Problem& problem, std::vector<space::Configuration> configurations) {
  return strategies::compose(samplers::make_list(problem.space, std::move(configurations)),
                             schedulers::make_full(problem.resource));
}

trial::Budgets make_budgets(const StudyFile& file) {
  trial::Budgets budgets;
  if (file.budget.trials) budgets.trials = static_cast<std::uint64_t>(*file.budget.trials);
  budgets.energy = file.budget.energy;
  budgets.time = file.budget.time;
  budgets.carbon_g = file.budget.carbon_g;
  budgets.cost = file.budget.cost;
  budgets.per_trial = file.budget.per_trial;
  return budgets;
}

bool tunes_power_limit(const StudyFile& file) {
  return file.problem.space.index_of(space::Role::GpuPowerLimit).has_value();
}

StudyFileError no_power_limit_error(const StudyFile& file, const std::string& why) {
  const auto index = file.problem.space.index_of(space::Role::GpuPowerLimit);
  const std::string name = file.problem.space.parameters()[*index].name;
  return file.error_at(
      fmt::format("parameters.{}.role", name),
      fmt::format("the power limit of the GPUs cannot be set on this machine: {}", why));
}

runners::LocalRunnerOptions make_runner_options(const StudyFile& file,
                                                RunnerSurroundings surroundings) try {
  std::vector<std::string> arguments;
  for (const CommandWord& word : file.command) arguments.push_back(word.text);
  runners::LocalRunnerOptions options{file.problem.name,
                                      runners::CommandTemplate::from_arguments(arguments)};
  for (const CapturePattern& pattern : file.capture) {
    options.capture.push_back({pattern.name, pattern.pattern});
  }
  options.resource = file.problem.resource;
  options.required_metrics = required_metrics(file.problem);
  if (file.runner.workers) options.slots.workers = static_cast<std::size_t>(*file.runner.workers);
  options.slots.cores_per_trial = static_cast<std::size_t>(file.runner.cores_per_trial);
  options.slots.gpus_per_trial = static_cast<std::size_t>(file.runner.gpus_per_trial);
  options.slots.gpus = std::move(surroundings.gpus);
  options.slots.rocm_ids = std::move(surroundings.rocm_ids);
  options.files_dir = std::move(surroundings.files_dir);
  options.working_directory = file.runner.directory;
  options.base_environment = std::move(surroundings.environment);
  options.environment = {file.runner.environment.begin(), file.runner.environment.end()};
  options.time_limit = file.runner.time_limit;
  options.silence_limit = file.runner.silence_limit;
  options.grace = file.runner.grace;
  options.cooldown = cooldown_options(file, surroundings.read_devices);
  check_power_limits(file, options.slots.gpus, surroundings.power_limits);
  if (tunes_power_limit(file)) options.power_limits = surroundings.power_limits;
  options.read_devices = std::move(surroundings.read_devices);
  return options;
} catch (const StudyFileError&) {
  throw;
} catch (const ConfigError& error) {
  throw file.error_at("command", error.what());
}

}  // namespace wattune::config
