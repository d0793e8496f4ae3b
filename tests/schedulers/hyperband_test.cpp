#include "wattune/schedulers/hyperband.hpp"

#include <gtest/gtest.h>

#include <map>

#include "contracts/scheduler_contract.hpp"
#include "support/told_study.hpp"
#include "wattune/base/result.hpp"
#include "wattune/schedulers/bracket.hpp"

namespace wattune::contracts {
namespace {

auto hyperband(schedulers::HyperbandOptions options) {
  return [options](const trial::Problem& problem) {
    return schedulers::make_hyperband(problem.resource, options);
  };
}

INSTANTIATE_TEST_SUITE_P(
    Hyperband, SchedulerContract,
    ::testing::Values(SchedulerCase{"EtaThree", hyperband({})},
                      SchedulerCase{"EtaTwo", hyperband({.eta = 2})},
                      SchedulerCase{"FirstObjective",
                                    hyperband({.rank_by = schedulers::RankBy::FirstObjective})}),
    scheduler_case_name);

}  // namespace
}  // namespace wattune::contracts

namespace wattune::schedulers {
namespace {

using Row = std::vector<std::pair<std::size_t, double>>;

Row bracket(double max, std::size_t s) {
  Row row;
  const auto targets = rung_targets({trial::ResourceUnit::Epochs, 1.0, max}, 3);
  for (const auto& [num_trials, target] : hyperband_bracket(targets, 3, s)) {
    row.emplace_back(num_trials, target);
  }
  return row;
}

std::size_t num_brackets(double max) {
  return rung_targets({trial::ResourceUnit::Epochs, 1.0, max}, 3).size();
}

TEST(HyperbandBracket, ForEightyOne) {
  EXPECT_EQ(num_brackets(81), 5U);
  EXPECT_EQ(bracket(81, 4), (Row{{81, 1}, {27, 3}, {9, 9}, {3, 27}, {1, 81}}));
  EXPECT_EQ(bracket(81, 3), (Row{{34, 3}, {11, 9}, {3, 27}, {1, 81}}));
  EXPECT_EQ(bracket(81, 2), (Row{{15, 9}, {5, 27}, {1, 81}}));
  EXPECT_EQ(bracket(81, 1), (Row{{8, 27}, {2, 81}}));
  EXPECT_EQ(bracket(81, 0), (Row{{5, 81}}));
}

TEST(HyperbandBracket, ForTwoHundredAndFortyThreeWhereLogarithmsLoseOne) {
  EXPECT_EQ(num_brackets(243), 6U);
  EXPECT_EQ(bracket(243, 5), (Row{{243, 1}, {81, 3}, {27, 9}, {9, 27}, {3, 81}, {1, 243}}));
  EXPECT_EQ(bracket(243, 4), (Row{{98, 3}, {32, 9}, {10, 27}, {3, 81}, {1, 243}}));
  EXPECT_EQ(bracket(243, 3), (Row{{41, 9}, {13, 27}, {4, 81}, {1, 243}}));
  EXPECT_EQ(bracket(243, 2), (Row{{18, 27}, {6, 81}, {2, 243}}));
  EXPECT_EQ(bracket(243, 1), (Row{{9, 81}, {3, 243}}));
  EXPECT_EQ(bracket(243, 0), (Row{{6, 243}}));
}

TEST(HyperbandBracket, ForThreeToTheTenthWhereLogarithmsLoseOne) {
  EXPECT_EQ(num_brackets(59049), 11U);
  EXPECT_EQ(bracket(59049, 10).front(), (std::pair<std::size_t, double>{59049, 1}));
  EXPECT_EQ(bracket(59049, 10).back(), (std::pair<std::size_t, double>{1, 59049}));
  EXPECT_EQ(bracket(59049, 9), (Row{{21652, 3},
                                    {7217, 9},
                                    {2405, 27},
                                    {801, 81},
                                    {267, 243},
                                    {89, 729},
                                    {29, 2187},
                                    {9, 6561},
                                    {3, 19683},
                                    {1, 59049}}));
  EXPECT_EQ(bracket(59049, 5),
            (Row{{446, 243}, {148, 729}, {49, 2187}, {16, 6561}, {5, 19683}, {1, 59049}}));
  EXPECT_EQ(bracket(59049, 0), (Row{{11, 59049}}));
}

TEST(Hyperband, RunsItsBracketsInTurnAndAgain) {
  const trial::Problem problem =
      accuracy_problem({float_parameter("x", 0.0, 1.0)}, {trial::ResourceUnit::Epochs, 1.0, 9.0});
  SimulatedTraining training = ordinary_training(problem);
  training.failure = [](const space::Configuration&, TrialId) { return std::nullopt; };
  for (const std::size_t num_slots : {1U, 5U}) {
    SimulatedStudy study(problem, training, num_slots);
    ScheduledStudy strategy(make_hyperband(problem.resource), 17 + 9);
    EXPECT_TRUE(study.run(strategy));
    // (9, 1) (3, 3) (1, 9); (5, 3) (1, 9); (3, 9); and the first one again.
    std::map<int, std::map<double, int>> num_at;  // by bracket and where the trial got to
    for (const trial::Trial& trial : study.history().trials()) {
      ++num_at[trial.bracket()][trial.step()];
    }
    EXPECT_EQ(num_at[0], (std::map<double, int>{{1, 6}, {3, 2}, {9, 1}}));
    EXPECT_EQ(num_at[1], (std::map<double, int>{{3, 4}, {9, 1}}));
    EXPECT_EQ(num_at[2], (std::map<double, int>{{9, 3}}));
    EXPECT_EQ(num_at[3], (std::map<double, int>{{1, 6}, {3, 2}, {9, 1}}));
  }
}

TEST(Hyperband, BeginsTheNextBracketRatherThanWait) {
  const trial::Problem problem =
      accuracy_problem({float_parameter("x", 0.0, 1.0)}, {trial::ResourceUnit::Epochs, 1.0, 9.0});
  const auto scheduler = make_hyperband(problem.resource);
  trial::History history(problem);
  for (int i = 0; i < 9; ++i) {
    const auto start = std::get<StartFresh>(scheduler->next(history, Fresh::Available));
    EXPECT_EQ(start.bracket, 0);
    EXPECT_EQ(start.to, 1.0);
    Rng rng{static_cast<std::uint64_t>(i)};
    const TrialId id = history.next_trial_id();
    history.apply(trial::TrialCreated{id, {}, {}, *problem.space.sample(rng)});
    history.apply(trial::Assigned{assignment_to(id, 0.0, 1.0)});
  }
  const auto start = std::get<StartFresh>(scheduler->next(history, Fresh::Available));
  EXPECT_EQ(start.bracket, 1);
  EXPECT_EQ(start.to, 3.0);
  EXPECT_TRUE(std::holds_alternative<Wait>(scheduler->next(history, Fresh::Exhausted)));
}

TEST(Hyperband, RefusesWhatCannotBeABracket) {
  EXPECT_THROW(make_hyperband({{}, 1.0, 9.0}, {.eta = 1}), ConfigError);
  EXPECT_THROW(make_hyperband({{}, 0.0, 9.0}), ConfigError);
  EXPECT_THROW(make_hyperband({{}, 10.0, 9.0}), ConfigError);
}

TEST(Hyperband, WantsNobodyWhomItsBracketHasDropped) {
  constexpr trial::Resource kThree{trial::ResourceUnit::Epochs, 1.0, 3.0};
  ToldStudy told{kThree};  // brackets of three trials from 1, and of two from 3
  const auto scheduler = make_hyperband(kThree);
  const auto wanted = [&] {
    std::vector<TrialId> paused;
    for (const trial::Trial& trial : told.history.trials()) {
      if (trial.state() == trial::TrialState::Paused) paused.push_back(trial.id());
    }
    return scheduler->still_wanted(told.history, paused);
  };
  for (const double loss : {0.2, 0.1}) told.pause_with({loss});
  EXPECT_EQ(wanted().size(), 2U) << "the bracket is not full";
  told.pause_with({0.3});
  EXPECT_EQ(wanted(), (std::vector{TrialId{1}}));
}

}  // namespace
}  // namespace wattune::schedulers
