#pragma once

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>
#include <vector>

#include "support/kill_replay.hpp"
#include "support/problems.hpp"
#include "wattune/samplers/multi_fidelity.hpp"
#include "wattune/samplers/random.hpp"
#include "wattune/samplers/sobol.hpp"
#include "wattune/samplers/tpe.hpp"
#include "wattune/schedulers/asha.hpp"
#include "wattune/schedulers/full.hpp"
#include "wattune/schedulers/hyperband.hpp"
#include "wattune/schedulers/successive_halving.hpp"
#include "wattune/strategies/compose.hpp"
#include "wattune/strategies/finalists.hpp"
#include "wattune/strategies/race.hpp"
#include "wattune/strategies/sm2.hpp"

namespace wattune {

/// Two parameters, the roles of SM2 among them.
inline trial::Problem killed_problem() {
  return accuracy_problem({int_parameter("batch_size", 16, 512, 64, space::Role::BatchSize),
                           float_parameter("lr", 1e-4, 1.0, true, 0.01, space::Role::LearningRate)},
                          {trial::ResourceUnit::Epochs, 1.0, 9.0}, 7);
}

/// Curves that depend on configuration and step alone.
inline FakeRunnerOptions killed_trainings(const trial::Problem& problem) {
  FakeRunnerOptions options;
  options.max_step = problem.resource.max;
  options.report_every = 0.5;
  options.metrics = [space = problem.space](const runners::Launch& launch, double step) {
    double distance = 0.0;
    for (const double u : space.to_unit(launch.configuration)) distance += std::abs(u - 0.37);
    const double accuracy = (1.0 - 0.2 * distance) * (1.0 - std::exp(-step / (2.0 + distance)));
    return std::vector<trial::MetricValue>{{"accuracy", accuracy}, {"train_loss", 1.5 - accuracy}};
  };
  options.failure = [](const runners::Launch& launch) -> std::optional<trial::Outcome> {
    if (launch.assignment.trial.number() % 7 != 5) return std::nullopt;
    return trial::Outcome::FailedExit;
  };
  return options;
}

/// Every strategy and scheduler there is: decisions that must outlive their engine.
inline std::vector<KillCase> kill_cases() {
  const trial::Problem problem = killed_problem();
  const space::Space space = problem.space;
  const trial::Resource resource = problem.resource;
  const FakeRunnerOptions one_slot = killed_trainings(problem);
  FakeRunnerOptions three_slots = one_slot;
  three_slots.num_slots = 3;
  trial::Problem with_energy = problem;
  with_energy.objectives.push_back(
      {trial::measure_from_text("energy"), trial::Direction::Minimize});

  const auto tpe = [=] { return samplers::make_tpe(space, {.num_startup = 6, .seed = 7}); };
  const auto halving = [=] {
    return schedulers::make_successive_halving(resource, {.num_trials = 9});
  };
  const auto sm2 = [=](strategies::Sm2Order order) {
    return [=] {
      strategies::Sm2Options options;
      options.order = order;
      options.window_tolerance = 10.0;  // every batch size
      options.idle_duration = Seconds{1.0};
      options.num_warmup_steps = 0.0;
      options.min_probe_steps = 1.0;
      options.min_probe_duration = Seconds{1.0};
      options.max_candidates = 8;
      return strategies::make_sm2(problem, samplers::make_sobol(space, {.seed = 7}), options);
    };
  };

  std::vector<KillCase> cases;
  const auto add = [&](std::string name, auto make, const trial::Problem& of,
                       const FakeRunnerOptions& runner, bool repeats_whole_study) {
    cases.push_back({.name = std::move(name),
                     .problem = of,
                     .make = make,
                     .runner = runner,
                     .budgets = {.trials = 12},
                     .repeats_whole_study = repeats_whole_study});
  };
  const auto composed = [](auto make_sampler, auto make_scheduler) {
    return [=] { return strategies::compose(make_sampler(), make_scheduler()); };
  };
  const auto full = [=] { return schedulers::make_full(resource); };
  const auto random = [=] { return samplers::make_random(space); };
  const auto multi_fidelity = [=] { return samplers::make_multi_fidelity(problem, {}); };
  add("full", composed(random, full), problem, one_slot, true);
  add("full_three_slots", composed(tpe, full), problem, three_slots, false);
  add("halving", composed(tpe, halving), problem, one_slot, true);
  add("halving_three_slots", composed(tpe, halving), problem, three_slots, false);
  add("halving_on_energy", composed(tpe, halving), with_energy, one_slot, false);
  add("halving_multi_fidelity", composed(multi_fidelity, halving), problem, one_slot, true);
  const auto hyperband = [=] { return schedulers::make_hyperband(resource); };
  const auto asha = [=](schedulers::AshaOptions options) {
    return [=] { return schedulers::make_asha(resource, options); };
  };
  const auto stopping = asha({.variant = schedulers::AshaVariant::Stopping});
  add("hyperband", composed(tpe, hyperband), problem, one_slot, true);
  add("hyperband_three_slots", composed(tpe, hyperband), problem, three_slots, false);
  add("asha", composed(tpe, asha({})), problem, one_slot, true);
  add("asha_three_slots", composed(tpe, asha({.max_trials = 12})), problem, three_slots, false);
  add("asha_by_energy", composed(tpe, asha({.quota = schedulers::AshaQuota::Energy})), with_energy,
      three_slots, false);
  add("asha_stopping", composed(tpe, stopping), problem, three_slots, false);
  const auto race_on = [](const trial::Problem& of) {
    return [of] { return strategies::make_race(of); };
  };
  add("race", race_on(problem), problem, one_slot, false);
  add("race_three_slots", race_on(problem), problem, three_slots, false);
  add("race_on_energy", race_on(with_energy), with_energy, three_slots, false);
  add("sm2", sm2(strategies::Sm2Order::Joint), problem, one_slot, false);
  add("sm2_three_slots", sm2(strategies::Sm2Order::Joint), problem, three_slots, false);
  add("sm2_batch_size_first", sm2(strategies::Sm2Order::BatchSizeFirst), problem, one_slot, false);
  add(
      "finalists",
      [=] {
        return strategies::with_finalists(strategies::compose(tpe(), halving()),
                                          {.count = 2, .repeats = 2, .budgets = {.trials = 12}});
      },
      problem, one_slot, false);
  return cases;
}

}  // namespace wattune
