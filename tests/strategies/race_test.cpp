#include "wattune/strategies/race.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <set>

#include "contracts/strategy_contract.hpp"
#include "support/problems.hpp"
#include "support/simulated_study.hpp"
#include "wattune/base/result.hpp"

namespace wattune::strategies {
namespace {

using contracts::case_name;
using contracts::StrategyCase;
using contracts::StrategyContract;

constexpr trial::Resource kEpochs{trial::ResourceUnit::Epochs, 1.0, 27.0};

trial::Problem few_values() {
  return accuracy_problem({int_parameter("n", 1, 8, 2), int_parameter("m", 1, 3, 2)}, kEpochs);
}

trial::Problem with_choices() {
  space::Parameter kind{"kind", space::ChoiceDomain{{"sgd", "adam", "rmsprop"}, false}, {}, {}, {}};
  space::Parameter depth = int_parameter("depth", 1, 5, 2);
  depth.default_value.reset();
  depth.when = {{"kind", space::Comparison::In, {"adam"}}};
  return accuracy_problem({std::move(kind), std::move(depth)}, kEpochs);
}

trial::Problem two_objectives() {
  trial::Problem problem = few_values();
  problem.objectives.push_back({{trial::MeasureKind::Energy, ""}, trial::Direction::Minimize});
  problem.constraints.push_back({{trial::MeasureKind::Metric, "train_loss"}, {}, 1.4});
  return problem;
}

INSTANTIATE_TEST_SUITE_P(
    Race, StrategyContract,
    ::testing::Values(StrategyCase{"OneObjective", few_values,
                                   [] { return make_race(few_values()); }},
                      StrategyCase{"ChoicesAndConditions", with_choices,
                                   [] { return make_race(with_choices()); }},
                      StrategyCase{"TwoObjectivesAndAConstraint", two_objectives,
                                   [] { return make_race(two_objectives()); }, true, true},
                      StrategyCase{"FullTrainings", few_values,
                                   [] { return make_race(few_values(), {.can_pause = false}); }}),
    case_name);

trial::Problem two_floats(std::uint64_t seed) {
  trial::Problem problem =
      accuracy_problem({float_parameter("x", 0.0, 1.0), float_parameter("y", 0.0, 1.0)}, kEpochs);
  problem.seed = seed;
  return problem;
}

/// Goes on until so much energy is spent; gives the best accuracy that was seen.
double best_after(SimulatedStudy& study, Strategy& strategy, double joules) {
  while (study.joules() < joules) study.run(strategy, study.events().size() + 1);
  double best = 0.0;
  for (const trial::Trial& trial : study.history().trials()) {
    const auto losses = study.history().losses(trial);
    if (losses) best = std::max(best, -losses->front());
  }
  return best;
}

TEST(Race, FindsTheOptimumOnTheEnergyOfAFewFullTrainings) {
  // The optimum, x = y = 0.3, reaches 0.9975; nine in ten random points stay below 0.97.
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const trial::Problem problem = two_floats(seed);
    SimulatedTraining training = ordinary_training(problem);
    training.failure = [](const space::Configuration&, TrialId) { return std::nullopt; };
    SimulatedStudy study(problem, training);
    EXPECT_GT(best_after(study, *make_race(problem), 12 * 1.5 * 27.0), 0.995) << "seed " << seed;
  }
}

TEST(Race, ConfigurationsGivenFirstRunFirstAndOnlyOnce) {
  const trial::Problem problem = two_floats(1);
  const auto at = [&](double x) { return problem.space.from_unit(std::vector{x, x}); };
  SimulatedStudy study(problem, ordinary_training(problem));
  const auto race = make_race(problem, {.first = {at(0.2), at(0.8), at(0.2)}});
  study.run(*race, 200);
  const auto trials = study.history().trials();
  ASSERT_GT(trials.size(), 3U);
  EXPECT_EQ(trials[0].configuration(), at(0.2));
  EXPECT_EQ(trials[1].configuration(), at(0.8));
  EXPECT_EQ(trials[0].origin(), trial::Origin::Enqueued);
  std::set<space::Configuration> different;
  for (const trial::Trial& trial : trials) different.insert(trial.configuration());
  EXPECT_EQ(different.size(), trials.size());
}

TEST(Race, WhatWasLearnedRunsAfterWhatTheUserGave) {
  const trial::Problem problem = two_floats(1);
  const auto at = [&](double x) { return problem.space.from_unit(std::vector{x, x}); };
  SimulatedStudy study(problem, ordinary_training(problem));
  study.run(*make_race(problem, {.first = {at(0.2)}, .learned = {at(0.7), at(0.6)}}), 200);
  const auto trials = study.history().trials();
  ASSERT_GT(trials.size(), 4U);
  EXPECT_EQ(trials[0].configuration(), at(0.2));
  EXPECT_EQ(trials[1].configuration(), at(0.7));
  EXPECT_EQ(trials[2].configuration(), at(0.6));
  EXPECT_EQ(trials[3].origin(), trial::Origin::Sampler);
}

TEST(Race, AConfigurationOutsideTheSpaceIsABadConfiguration) {
  const trial::Problem other = few_values();
  const auto inside = other.space.from_unit(std::vector{0.5, 0.5});
  EXPECT_THROW((void)make_race(two_floats(1), {.first = {inside}}), ConfigError);
  EXPECT_THROW((void)make_race(two_floats(1), {.learned = {inside}}), ConfigError);
}

TEST(Race, PausesAtASeventeenthOfATrainingAndThenAtThreeTimesAsMuch) {
  trial::Problem problem = two_floats(1);
  problem.resource = {trial::ResourceUnit::Epochs, 1.0, 52.0};
  EXPECT_NE(make_race(problem)->describe().find("3, 9, 27 and 52"), std::string::npos);
  problem.resource.min = 5.0;
  EXPECT_NE(make_race(problem)->describe().find("5, 15 and 52"), std::string::npos);
  EXPECT_NE(make_race(problem, {.can_pause = false})->describe().find("52"), std::string::npos);
}

TEST(Race, SpendsLittleWhereTrialsFail) {
  const trial::Problem problem = two_floats(3);
  SimulatedTraining training = ordinary_training(problem);
  const space::Space space = problem.space;
  training.failure = [space](const space::Configuration& configuration,
                             TrialId) -> std::optional<std::pair<double, trial::Outcome>> {
    if (space.to_unit(configuration)[0] > 0.5) return std::pair{1.0, trial::Outcome::FailedMemory};
    return std::nullopt;
  };
  SimulatedStudy study(problem, training);
  EXPECT_GT(best_after(study, *make_race(problem), 10 * 1.5 * 27.0), 0.995);
  double failed_joules = 0.0;
  for (const trial::Trial& trial : study.history().trials()) {
    if (trial.state() != trial::TrialState::Failed) continue;
    failed_joules += trial.energy().total().joules().value();
  }
  EXPECT_GT(failed_joules, 0.0);
  EXPECT_LT(failed_joules, 0.25 * study.joules());
}

TEST(Race, FindsTheOptimumThoughTrialsFailLateAndAnywhere) {
  // Beyond y = 0.6 every training dies at 60 % of its length, when most of its joules are spent; of
  // the others every fourth dies somewhere, whatever its configuration.
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const trial::Problem problem = two_floats(seed);
    SimulatedTraining training = ordinary_training(problem);
    const auto is_doomed = [space = problem.space](const space::Configuration& configuration) {
      return space.to_unit(configuration)[1] > 0.6;
    };
    training.failure = [=](const space::Configuration& configuration,
                           TrialId id) -> std::optional<std::pair<double, trial::Outcome>> {
      if (is_doomed(configuration)) return std::pair{0.6 * 27.0, trial::Outcome::FailedMemory};
      if (id.number() % 4 != 3) return std::nullopt;
      constexpr std::array kSteps{0.5, 2.0, 7.0, 20.0};
      return std::pair{kSteps.at(id.number() / 4 % 4), trial::Outcome::FailedExit};
    };
    SimulatedStudy study(problem, training);
    EXPECT_GT(best_after(study, *make_race(problem), 14 * 1.5 * 27.0), 0.99) << "seed " << seed;
    double failed_joules = 0.0;
    for (const trial::Trial& trial : study.history().trials()) {
      if (trial.state() != trial::TrialState::Failed) continue;
      failed_joules += trial.energy().total().joules().value();
    }
    EXPECT_LT(failed_joules, 0.5 * study.joules()) << "seed " << seed;
  }
}

TEST(Race, LetsGoOfWhatManyHaveBeatenAndNeverComesBackToIt) {
  const trial::Problem problem = two_floats(2);
  SimulatedTraining training = ordinary_training(problem);
  training.failure = [](const space::Configuration&, TrialId) { return std::nullopt; };
  SimulatedStudy study(problem, training);
  const auto race = make_race(problem);
  while (study.history().trials().size() < 90) study.run(*race, study.events().size() + 1);
  std::vector<TrialId> paused;
  for (const trial::Trial& trial : study.history().trials()) {
    if (trial.state() == trial::TrialState::Paused) paused.push_back(trial.id());
  }
  const std::size_t num_wanted = race->still_wanted(study.history(), paused).size();
  EXPECT_LT(num_wanted, paused.size());
  EXPECT_GT(num_wanted, 10U);
  expect_nothing_unwanted_is_taken_up(study, [&] { return make_race(problem); });
}

TEST(Race, SaysWhatItWeighedTrialsByWhereNoEnergyIsKnown) {
  const trial::Problem problem = two_floats(1);
  SimulatedTraining training = ordinary_training(problem);
  training.provenance = Provenance::Missing;
  SimulatedStudy study(problem, training);
  const auto race = make_race(problem);
  study.run(*race, 300);
  const auto notes = race->notes(study.history());
  EXPECT_TRUE(std::ranges::any_of(
      notes, [](const std::string& note) { return note.find("seconds") != std::string::npos; }));
}

}  // namespace
}  // namespace wattune::strategies
