#include "wattune/strategies/compose.hpp"

#include <gtest/gtest.h>

#include "contracts/strategy_contract.hpp"
#include "support/problems.hpp"
#include "support/simulated_study.hpp"
#include "support/uniform_sampler.hpp"
#include "wattune/schedulers/full.hpp"
#include "wattune/schedulers/successive_halving.hpp"

namespace wattune::strategies {
namespace {

using contracts::case_name;
using contracts::StrategyCase;
using contracts::StrategyContract;

constexpr trial::Resource kSamples{trial::ResourceUnit::Samples, 10.0, 270.0};

trial::Problem two_floats() {
  return accuracy_problem(
      {float_parameter("x", 0.0, 1.0, false, 0.5), float_parameter("y", 0.0, 1.0, false, 0.5)},
      kSamples);
}

trial::Problem few_values() {
  return accuracy_problem({int_parameter("n", 1, 5, 2)}, kSamples);
}

std::unique_ptr<Strategy> with_full(std::size_t max_trials) {
  return compose(std::make_unique<UniformSampler>(max_trials), schedulers::make_full(kSamples));
}

std::unique_ptr<Strategy> with_halving(std::size_t max_trials) {
  return compose(std::make_unique<UniformSampler>(max_trials),
                 schedulers::make_successive_halving(kSamples));
}

INSTANTIATE_TEST_SUITE_P(
    Compose, StrategyContract,
    ::testing::Values(StrategyCase{"Full", two_floats, [] { return with_full(12); }},
                      StrategyCase{"Halving", two_floats, [] { return with_halving(60); }},
                      StrategyCase{"SpaceRunsOut", few_values, [] { return with_halving(1000); }}),
    case_name);

TEST(Compose, TriesTheDefaultConfigurationFirst) {
  const trial::History history(two_floats());
  const auto next = std::get<NewTrial>(with_full(10)->next(history));
  EXPECT_EQ(next.origin, trial::Origin::Default);
  EXPECT_EQ(next.configuration, history.problem().space.default_configuration());
}

TEST(Compose, TriesWhatTheUserEnqueuedOnceBeforeTheSamplerGoesOn) {
  trial::History history(two_floats());
  const auto& space = history.problem().space;
  const auto at = [&](double x) { return space.from_unit(std::vector{x, x}); };
  history.apply(trial::ConfigurationEnqueued{at(0.5)});  // the default, which comes first anyway
  history.apply(trial::ConfigurationEnqueued{at(0.25)});
  const auto run_next = [&] {
    const auto next = std::get<NewTrial>(with_full(10)->next(history));
    history.apply(trial::TrialCreated{history.next_trial_id(), next.purpose, next.origin,
                                      next.configuration});
    history.apply(trial::Assigned{next.assignment});
    history.apply(
        trial::AssignmentEnded{next.assignment.trial, trial::Outcome::Completed, {}, {}, {}});
    return next;
  };
  EXPECT_EQ(run_next().origin, trial::Origin::Default);
  const auto enqueued = run_next();
  EXPECT_EQ(enqueued.origin, trial::Origin::Enqueued);
  EXPECT_EQ(enqueued.configuration, at(0.25));
  EXPECT_EQ(run_next().origin, trial::Origin::Sampler);
  history.apply(trial::ConfigurationEnqueued{at(0.75)});
  EXPECT_EQ(run_next().configuration, at(0.75));
}

TEST(Compose, AsksTheSamplerFirstWhereADefaultIsMissing) {
  const trial::Problem problem = accuracy_problem({float_parameter("x", 0.0, 1.0)}, kSamples);
  const trial::History history(problem);
  const auto strategy = with_full(10);
  EXPECT_EQ(std::get<NewTrial>(strategy->next(history)).origin, trial::Origin::Sampler);
  EXPECT_EQ(strategy->notes(history).size(), 1U);
}

TEST(Compose, TriesNoConfigurationTwiceAndEndsWhenThereIsNoOther) {
  SimulatedStudy study(few_values(), ordinary_training(few_values()), 2);
  EXPECT_TRUE(study.run(*with_full(1000)));

  std::set<space::Configuration> tried;
  for (const trial::Trial& trial : study.history().trials()) tried.insert(trial.configuration());
  EXPECT_EQ(study.history().trials().size(), 5U);
  EXPECT_EQ(tried.size(), 5U);
}

TEST(Compose, BooksTheLastCutAsFinalTrainingAndAllElseAsExploration) {
  SimulatedTraining training = ordinary_training(two_floats());
  training.failure = [](const space::Configuration&, TrialId) { return std::nullopt; };
  SimulatedStudy study(two_floats(), training);
  study.run(*with_halving(27));

  std::size_t num_final = 0;
  for (const trial::Trial& trial : study.history().trials()) {
    const bool is_final = trial.stage() == trial::Stage::Final;
    num_final += is_final ? 1 : 0;
    EXPECT_EQ(is_final, trial.state() == trial::TrialState::Completed);
  }
  EXPECT_EQ(num_final, 1U);
}

TEST(Compose, ContinuesFromTheCheckpointWhereThereIsOneAndFromTheBeginningElsewhere) {
  for (const bool has_checkpoints : {true, false}) {
    SimulatedTraining training = ordinary_training(two_floats());
    training.has_checkpoints = has_checkpoints;
    SimulatedStudy study(two_floats(), training);
    study.run(*with_halving(27));
    bool has_resumed = false;
    for (const trial::Event& event : study.events()) {
      const auto* assigned = std::get_if<trial::Assigned>(&event);
      if (assigned == nullptr || assigned->assignment.rung == 0) continue;
      has_resumed = true;
      EXPECT_EQ(assigned->assignment.from > 0.0, has_checkpoints);
    }
    EXPECT_TRUE(has_resumed);
  }
}

}  // namespace
}  // namespace wattune::strategies
