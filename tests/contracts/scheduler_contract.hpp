#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <limits>
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
  std::function<std::unique_ptr<schedulers::Scheduler>(const trial::Problem&)> make;
  bool may_stop_all = false;  ///< Can it be that no trial has a full training?
  /// Does energy decide? Work that has to be done again costs some, so then it may decide
  /// otherwise.
  bool looks_at_energy = false;
};

inline std::string scheduler_case_name(const ::testing::TestParamInfo<SchedulerCase>& info) {
  return info.param.name;
}

/// What every scheduler owes, on top of what the simulated study checks.
class SchedulerContract : public ::testing::TestWithParam<SchedulerCase> {
 protected:
  static constexpr trial::Resource kResource{trial::ResourceUnit::Epochs, 1.0, 20.0};
  static constexpr std::size_t kNumTrials = 40;

  static trial::Problem problem(trial::Resource resource = kResource) {
    return accuracy_problem({float_parameter("x", 0.0, 1.0), float_parameter("y", 0.0, 1.0)},
                            resource);
  }
  /// Quality up, energy down, and a loss that is at most 0.9.
  static trial::Problem several_objectives() {
    trial::Problem several = problem();
    several.objectives.push_back({trial::measure_from_text("energy"), trial::Direction::Minimize});
    several.objectives.push_back(
        {trial::measure_from_text("train_loss"), trial::Direction::Minimize});
    several.constraints = {{trial::measure_from_text("train_loss"), std::nullopt, 0.9}};
    return several;
  }
  static std::unique_ptr<strategies::Strategy> strategy(const trial::Problem& of = problem(),
                                                        std::size_t num_trials = kNumTrials) {
    return std::make_unique<ScheduledStudy>(GetParam().make(of), num_trials);
  }
  static SimulatedStudy study(std::size_t num_slots) {
    return SimulatedStudy(problem(), ordinary_training(problem()), num_slots);
  }
  static bool has_full_training(const SimulatedStudy& simulated) {
    return std::ranges::any_of(simulated.history().trials(), [](const trial::Trial& trial) {
      return trial.state() == trial::TrialState::Completed;
    });
  }
  /// Runs a study to its end and expects that everything was tried.
  static SimulatedStudy expect_to_finish(const trial::Problem& of,
                                         const SimulatedTraining& training,
                                         std::size_t num_slots = 3) {
    SimulatedStudy simulated(of, training, num_slots);
    EXPECT_TRUE(simulated.run(*strategy(of)));
    EXPECT_EQ(simulated.history().trials().size(), kNumTrials);
    return simulated;
  }
};

TEST_P(SchedulerContract, StartsEveryTrialThereIsAndTakesOneToTheEnd) {
  for (const std::size_t num_slots : {1U, 3U, 16U}) {
    const SimulatedStudy simulated =
        expect_to_finish(problem(), ordinary_training(problem()), num_slots);
    EXPECT_TRUE(has_full_training(simulated) || GetParam().may_stop_all);
  }
}

TEST_P(SchedulerContract, AReplayedLogGivesTheSameSteps) {
  SimulatedStudy simulated = study(3);
  simulated.run(*strategy());
  expect_same_answers(simulated, [] { return strategy(); });
}

TEST_P(SchedulerContract, AReplayedLogOfSeveralObjectivesGivesTheSameSteps) {
  const trial::Problem several = several_objectives();
  const SimulatedStudy simulated = expect_to_finish(several, ordinary_training(several));
  EXPECT_TRUE(has_full_training(simulated) || GetParam().may_stop_all);
  expect_same_answers(simulated, [&] { return strategy(several); });
}

TEST_P(SchedulerContract, AReplayedLogGivesTheSameStepsWhereTrialsAreCutShort) {
  SimulatedStudy simulated = study(3);
  const auto one = strategy();
  for (const std::size_t num_events : {100U, 180U, 260U, 400U}) {
    simulated.run(*one, num_events);
    simulated.interrupt(num_events == 180U ? trial::Outcome::Paused : trial::Outcome::Lost);
  }
  EXPECT_TRUE(simulated.run(*one));
  expect_same_answers(simulated, [] { return strategy(); });
}

TEST_P(SchedulerContract, WhatItWantsNoMoreItNeverPromotesAgain) {
  for (const std::size_t num_slots : {1U, 3U}) {
    SimulatedStudy simulated = study(num_slots);
    simulated.run(*strategy());
    expect_nothing_unwanted_is_taken_up(simulated, [] { return strategy(); });
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
    EXPECT_EQ(disturbed.history().trials().size(), kNumTrials);
    if (GetParam().looks_at_energy) continue;

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
  expect_to_finish(problem(), training);
}

TEST_P(SchedulerContract, GoesOnWhereEveryTrialFails) {
  SimulatedTraining training = ordinary_training(problem());
  training.failure = [](const space::Configuration&, TrialId) {
    return std::optional(std::pair{0.1, trial::Outcome::FailedMemory});
  };
  expect_to_finish(problem(), training);
}

TEST_P(SchedulerContract, GoesOnWhereTrialsDiverge) {
  SimulatedTraining training = ordinary_training(problem());
  const auto ordinary = training.metrics;
  training.metrics = [ordinary](const space::Configuration& configuration, TrialId id,
                                double step) {
    auto metrics = ordinary(configuration, id, step);
    const double diverges_at = id.number() % 4;  // of four trials one diverges at once
    if (step > diverges_at && id.number() % 2 == 0) {
      metrics[0].value = std::numeric_limits<double>::quiet_NaN();
    }
    return metrics;
  };
  const SimulatedStudy simulated = expect_to_finish(problem(), training);
  EXPECT_TRUE(has_full_training(simulated) || GetParam().may_stop_all);
}

TEST_P(SchedulerContract, GoesOnWhereAnObjectiveIsNeverKnown) {
  trial::Problem unknown = problem();
  unknown.objectives.push_back({trial::measure_from_text("nobody"), trial::Direction::Minimize});
  const SimulatedStudy simulated = expect_to_finish(unknown, ordinary_training(unknown));
  expect_same_answers(simulated, [&] { return strategy(unknown); });
}

TEST_P(SchedulerContract, GoesOnWhereEnergyIsMissing) {
  const trial::Problem several = several_objectives();
  SimulatedTraining training = ordinary_training(several);
  training.provenance = Provenance::Missing;
  expect_to_finish(several, training);
}

TEST_P(SchedulerContract, GoesOnWhereNothingIsFeasible) {
  trial::Problem strict = problem();
  strict.constraints = {{trial::measure_from_text("accuracy"), 2.0, std::nullopt}};
  const SimulatedStudy simulated = expect_to_finish(strict, ordinary_training(strict));
  expect_same_answers(simulated, [&] { return strategy(strict); });
}

TEST_P(SchedulerContract, GoesOnWhereNothingCanBeKeptWhilePaused) {
  SimulatedTraining training = ordinary_training(problem());
  training.has_checkpoints = false;
  const SimulatedStudy simulated = expect_to_finish(problem(), training);
  EXPECT_TRUE(has_full_training(simulated) || GetParam().may_stop_all);
}

TEST_P(SchedulerContract, EndsWithAsFewTrialsAsTheSamplerHas) {
  for (const std::size_t num_trials : {0U, 1U, 2U, 5U}) {
    SimulatedStudy simulated = study(2);
    EXPECT_TRUE(simulated.run(*strategy(problem(), num_trials)));
    EXPECT_EQ(simulated.history().trials().size(), num_trials);
    EXPECT_TRUE(num_trials == 0 || has_full_training(simulated) || GetParam().may_stop_all);
  }
}

TEST_P(SchedulerContract, GoesOnWhenThereIsMoreToTryAfterAll) {
  SimulatedStudy simulated = study(2);
  EXPECT_TRUE(simulated.run(*strategy(problem(), 5)));
  EXPECT_TRUE(simulated.run(*strategy()));
  EXPECT_EQ(simulated.history().trials().size(), kNumTrials);
}

TEST_P(SchedulerContract, CountsSecondsAndJoules) {
  for (const auto unit : {trial::ResourceUnit::Seconds, trial::ResourceUnit::Joules}) {
    const trial::Problem metered = problem({unit, 2.0, 50.0});
    SimulatedTraining training = ordinary_training(metered);
    training.seconds_per_unit = training.joules_per_unit;  // 1 to 2 for every step
    training.report_every = 1.0;
    const SimulatedStudy simulated = expect_to_finish(metered, training);
    EXPECT_TRUE(has_full_training(simulated) || GetParam().may_stop_all);
    for (const trial::Trial& trial : simulated.history().trials()) {
      const double used = unit == trial::ResourceUnit::Seconds
                              ? trial.duration().value()
                              : trial.energy().total().joules().value();
      EXPECT_LT(trial.step(), 52.0) << "more than a report too far";
      if (trial.state() == trial::TrialState::Completed) {
        EXPECT_GE(used, 50.0);
        EXPECT_LT(trial.program_step(), 51.0);
      }
    }
    expect_same_answers(simulated, [&] { return strategy(metered); });
  }
}

TEST_P(SchedulerContract, OneObjectServesOneHistoryAfterAnother) {
  const auto scheduled = strategy();
  SimulatedStudy first = study(3);
  first.run(*scheduled);
  SimulatedStudy second = study(3);
  second.run(*scheduled);
  ASSERT_EQ(first.asked().size(), second.asked().size());
  for (std::size_t i = 0; i < first.asked().size(); ++i) {
    EXPECT_EQ(first.asked()[i].answer, second.asked()[i].answer);
  }
}

TEST_P(SchedulerContract, AProbeIsNoneOfItsBusiness) {
  trial::History history(problem());
  const auto scheduler = GetParam().make(problem());
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
