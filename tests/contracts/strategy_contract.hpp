#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "support/simulated_study.hpp"

namespace wattune::contracts {

/// A strategy under test, on a problem that it finishes.
struct StrategyCase {
  std::string name;
  std::function<trial::Problem()> problem;
  std::function<std::unique_ptr<strategies::Strategy>()> make;
  /// Decides on measured energy: work that is done again after a kill may then change who survives.
  bool decides_on_energy = false;
  /// It may also change what is tried from then on: energy is a value that its model learns from.
  bool learns_from_energy = false;
};

inline std::vector<const trial::Trial*> search_trials(const trial::History& history) {
  std::vector<const trial::Trial*> found;
  for (const trial::Trial& trial : history.trials()) {
    if (trial.purpose() == trial::Purpose::Search) found.push_back(&trial);
  }
  return found;
}

inline std::string case_name(const ::testing::TestParamInfo<StrategyCase>& info) {
  return info.param.name;
}

/// What every strategy owes. Instantiate with cases whose problems have a metric `accuracy` to
/// maximise.
///
/// The simulated study itself fails the test where a strategy waits while nothing runs, assigns
/// beyond the maximum or not beyond where the trial is, takes up a failed, stopped or running
/// trial, leaves the space, or asks for idle power while something runs.
class StrategyContract : public ::testing::TestWithParam<StrategyCase> {
 protected:
  static constexpr std::size_t kMaxEvents = 100'000;

  [[nodiscard]] static SimulatedStudy study(std::size_t num_slots) {
    const trial::Problem problem = GetParam().problem();
    return SimulatedStudy(problem, ordinary_training(problem), num_slots);
  }
};

TEST_P(StrategyContract, FinishesWithOneSlotAndWithFour) {
  for (const std::size_t num_slots : {1U, 4U}) {
    SimulatedStudy simulated = study(num_slots);
    EXPECT_TRUE(simulated.run(*GetParam().make(), kMaxEvents));
    EXPECT_FALSE(simulated.history().trials().empty());
  }
}

TEST_P(StrategyContract, AReplayedLogGivesTheSameDecisions) {
  for (const std::size_t num_slots : {1U, 4U}) {
    SimulatedStudy simulated = study(num_slots);
    simulated.run(*GetParam().make(), kMaxEvents);
    expect_same_answers(simulated, GetParam().make);
  }
}

TEST_P(StrategyContract, AStrategyThatWasDroppedHalfWayChangesNothing) {
  SimulatedStudy undisturbed = study(2);
  undisturbed.run(*GetParam().make(), kMaxEvents);

  SimulatedStudy disturbed = study(2);
  for (std::size_t end = 0; end <= undisturbed.events().size(); end += 13) {
    disturbed.run(*GetParam().make(), end);
  }
  EXPECT_TRUE(disturbed.run(*GetParam().make(), kMaxEvents));

  ASSERT_EQ(disturbed.events().size(), undisturbed.events().size());
  for (std::size_t i = 0; i < disturbed.history().trials().size(); ++i) {
    const trial::Trial& left = disturbed.history().trials()[i];
    const trial::Trial& right = undisturbed.history().trials()[i];
    EXPECT_EQ(left.configuration(), right.configuration());
    EXPECT_EQ(left.target(), right.target());
    EXPECT_EQ(left.step(), right.step());
  }
}

TEST_P(StrategyContract, SurvivesBeingKilledAgainAndAgain) {
  SimulatedStudy simulated = study(2);
  bool is_finished = false;
  for (std::size_t kill = 0; kill < 2'000 && !is_finished; ++kill) {
    is_finished = simulated.run(*GetParam().make(), simulated.events().size() + 40 + kill);
    if (!is_finished) simulated.interrupt();
  }
  EXPECT_TRUE(is_finished);
}

TEST_P(StrategyContract, TheSameTrialsAreMadeAndSurviveWhereTheStudyIsKilled) {
  SimulatedStudy undisturbed = study(1);
  undisturbed.run(*GetParam().make(), kMaxEvents);

  SimulatedStudy disturbed = study(1);
  disturbed.run(*GetParam().make(), undisturbed.events().size() * 3 / 4);
  const std::size_t num_before_kill = search_trials(disturbed.history()).size();
  disturbed.interrupt();
  EXPECT_TRUE(disturbed.run(*GetParam().make(), kMaxEvents));

  const auto left = search_trials(disturbed.history());
  const auto right = search_trials(undisturbed.history());
  const bool may_differ = GetParam().learns_from_energy;
  if (!may_differ) {
    ASSERT_EQ(left.size(), right.size());
  }
  ASSERT_LE(num_before_kill, std::min(left.size(), right.size()));
  for (std::size_t i = 0; i < (may_differ ? num_before_kill : left.size()); ++i) {
    EXPECT_EQ(left[i]->configuration(), right[i]->configuration());
    if (GetParam().decides_on_energy) continue;
    EXPECT_EQ(left[i]->rung(), right[i]->rung());
    EXPECT_EQ(left[i]->state(), right[i]->state());
  }
}

TEST_P(StrategyContract, FailedTrialsAreNeverTakenUpAgain) {
  SimulatedStudy simulated = study(3);
  simulated.run(*GetParam().make(), kMaxEvents);
  std::set<std::uint32_t> failed;
  for (const trial::Event& event : simulated.events()) {
    if (const auto* end = std::get_if<trial::AssignmentEnded>(&event)) {
      if (is_failure(end->outcome)) failed.insert(end->trial.number());
    } else if (const auto* assigned = std::get_if<trial::Assigned>(&event)) {
      EXPECT_FALSE(failed.contains(assigned->assignment.trial.number()));
    }
  }
}

TEST_P(StrategyContract, WhatItWantsNoMoreItNeverAsksForAgain) {
  for (const std::size_t num_slots : {1U, 3U}) {
    SimulatedStudy simulated = study(num_slots);
    simulated.run(*GetParam().make(), kMaxEvents);
    expect_nothing_unwanted_is_taken_up(simulated, GetParam().make);
  }
}

TEST_P(StrategyContract, EndsWhenEveryTrialFails) {
  const trial::Problem problem = GetParam().problem();
  SimulatedTraining training = ordinary_training(problem);
  training.failure = [](const space::Configuration&, TrialId) {
    return std::optional(std::pair{0.0, trial::Outcome::FailedStart});
  };
  SimulatedStudy simulated(problem, training, 2);
  EXPECT_TRUE(simulated.run(*GetParam().make(), kMaxEvents));
}

TEST_P(StrategyContract, SaysWhatItIsAndWhatGoesOn) {
  SimulatedStudy simulated = study(1);
  const auto strategy = GetParam().make();
  EXPECT_FALSE(strategy->describe().empty());
  EXPECT_FALSE(strategy->progress(simulated.history()).empty());
  simulated.run(*strategy, kMaxEvents);
  EXPECT_FALSE(strategy->progress(simulated.history()).empty());
  for (const std::string& note : strategy->notes(simulated.history())) EXPECT_FALSE(note.empty());
}

}  // namespace wattune::contracts
