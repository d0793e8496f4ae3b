#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "support/problems.hpp"
#include "support/scheduled_study.hpp"
#include "support/simulated_study.hpp"
#include "wattune/schedulers/scheduler.hpp"

namespace wattune::contracts {

/// A scheduler under test.
struct SchedulerCase {
  std::string name;
  std::function<std::unique_ptr<schedulers::Scheduler>(const trial::Resource&)> make;
};

inline std::string scheduler_case_name(const ::testing::TestParamInfo<SchedulerCase>& info) {
  return info.param.name;
}

/// What every scheduler owes, on top of what the simulated study checks.
class SchedulerContract : public ::testing::TestWithParam<SchedulerCase> {
 protected:
  static constexpr trial::Resource kResource{trial::ResourceUnit::Epochs, 1.0, 20.0};
  static constexpr std::size_t kNumTrials = 40;

  static trial::Problem problem() {
    return accuracy_problem({float_parameter("x", 0.0, 1.0), float_parameter("y", 0.0, 1.0)},
                            kResource);
  }
  static std::unique_ptr<strategies::Strategy> strategy() {
    return std::make_unique<ScheduledStudy>(GetParam().make(kResource), kNumTrials);
  }
  static SimulatedStudy study(std::size_t num_slots) {
    return SimulatedStudy(problem(), ordinary_training(problem()), num_slots);
  }
};

TEST_P(SchedulerContract, StartsEveryTrialThereIsAndTakesOneToTheEnd) {
  for (const std::size_t num_slots : {1U, 3U}) {
    SimulatedStudy simulated = study(num_slots);
    EXPECT_TRUE(simulated.run(*strategy()));
    EXPECT_EQ(simulated.history().trials().size(), kNumTrials);
    EXPECT_TRUE(std::ranges::any_of(simulated.history().trials(), [](const trial::Trial& trial) {
      return trial.state() == trial::TrialState::Completed;
    }));
  }
}

TEST_P(SchedulerContract, AReplayedLogGivesTheSameSteps) {
  SimulatedStudy simulated = study(3);
  simulated.run(*strategy());
  expect_same_answers(simulated, strategy);
}

TEST_P(SchedulerContract, WhatItWantsNoMoreItNeverPromotesAgain) {
  for (const std::size_t num_slots : {1U, 3U}) {
    SimulatedStudy simulated = study(num_slots);
    simulated.run(*strategy());
    expect_nothing_unwanted_is_taken_up(simulated, strategy);
  }
}

TEST_P(SchedulerContract, TakesUpWhatWasInterrupted) {
  SimulatedStudy undisturbed = study(1);
  undisturbed.run(*strategy());

  for (const trial::Outcome outcome : {trial::Outcome::Lost, trial::Outcome::Interrupted,
                                       trial::Outcome::CutBudget, trial::Outcome::Paused}) {
    SimulatedStudy disturbed = study(1);
    for (const std::size_t part : {5U, 3U, 2U}) {
      disturbed.run(*strategy(), undisturbed.events().size() / part);
      disturbed.interrupt(outcome);
    }
    EXPECT_TRUE(disturbed.run(*strategy()));

    for (std::size_t i = 0; i < kNumTrials; ++i) {
      const trial::Trial& left = disturbed.history().trials()[i];
      const trial::Trial& right = undisturbed.history().trials()[i];
      EXPECT_EQ(left.step(), right.step());
      EXPECT_EQ(left.rung(), right.rung());
      EXPECT_EQ(left.state(), right.state());
    }
  }
}

TEST_P(SchedulerContract, GoesOnWhereATrialEndsByItself) {
  SimulatedTraining training = ordinary_training(problem());
  training.own_end = [](const space::Configuration&, TrialId id) -> std::optional<double> {
    if (id.number() % 3 != 1) return std::nullopt;
    return 0.7;
  };
  SimulatedStudy simulated(problem(), training, 2);
  EXPECT_TRUE(simulated.run(*strategy()));
  EXPECT_EQ(simulated.history().trials().size(), kNumTrials);
}

TEST_P(SchedulerContract, GoesOnWhereEveryTrialFails) {
  SimulatedTraining training = ordinary_training(problem());
  training.failure = [](const space::Configuration&, TrialId) {
    return std::optional(std::pair{0.1, trial::Outcome::FailedMemory});
  };
  SimulatedStudy simulated(problem(), training, 2);
  EXPECT_TRUE(simulated.run(*strategy()));
  EXPECT_EQ(simulated.history().trials().size(), kNumTrials);
}

TEST_P(SchedulerContract, AProbeIsNoneOfItsBusiness) {
  trial::History history(problem());
  const auto scheduler = GetParam().make(kResource);
  Rng rng{1};
  history.apply(trial::TrialCreated{TrialId{0}, trial::Purpose::Probe, trial::Origin::Probe,
                                    *history.problem().space.sample(rng)});
  history.apply(trial::Assigned{{TrialId{0}, 0.0, 20.0, 0, 0, trial::Stage::Probe, std::nullopt}});
  history.apply(trial::AssignmentEnded{TrialId{0}, trial::Outcome::Lost, "", Seconds{0.0}, {}});

  const auto step = scheduler->next(history, schedulers::Fresh::Available);
  EXPECT_TRUE(std::holds_alternative<schedulers::StartFresh>(step));
  EXPECT_TRUE(std::holds_alternative<schedulers::Done>(
      scheduler->next(history, schedulers::Fresh::Exhausted)));
}

}  // namespace wattune::contracts
