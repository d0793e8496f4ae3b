#include "wattune/schedulers/successive_halving.hpp"

#include <gtest/gtest.h>

#include <numeric>

#include "contracts/scheduler_contract.hpp"
#include "wattune/base/result.hpp"
#include "wattune/schedulers/bracket.hpp"

namespace wattune::contracts {
namespace {

auto halving(schedulers::SuccessiveHalvingOptions options) {
  return [options](const trial::Problem& problem) {
    return schedulers::make_successive_halving(problem.resource, options);
  };
}

INSTANTIATE_TEST_SUITE_P(SuccessiveHalving, SchedulerContract,
                         ::testing::Values(SchedulerCase{"EtaThree", halving({})},
                                           SchedulerCase{"EtaTwoOfEleven", halving({2, 11, {}})},
                                           SchedulerCase{"OneTrialABracket", halving({2, 1, {}})},
                                           SchedulerCase{"AllInOneBracket",
                                                         halving({4, 1000, {}})}),
                         scheduler_case_name);

}  // namespace
}  // namespace wattune::contracts

namespace wattune::schedulers {
namespace {

constexpr trial::Resource kNine{trial::ResourceUnit::Epochs, 1.0, 9.0};

trial::Problem numbered() {
  return accuracy_problem({float_parameter("x", 0.0, 1.0)}, kNine);
}

/// Runs one bracket in which trial i has this accuracy at every step.
class OneBracket {
 public:
  OneBracket(std::vector<double> accuracies, SuccessiveHalvingOptions options,
             std::size_t num_slots = 1)
      : accuracies_(std::move(accuracies)), options_(options), num_slots_(num_slots) {
    training.metrics = [this](const space::Configuration&, TrialId id, double) {
      return std::vector<trial::MetricValue>{{"accuracy", accuracies_.at(id.number())}};
    };
  }

  /// Trials by the highest rung they were taken to.
  std::vector<int> rungs() {
    SimulatedStudy study(problem, training, num_slots_);
    ScheduledStudy strategy(make_successive_halving(problem.resource, options_),
                            accuracies_.size());
    EXPECT_TRUE(study.run(strategy));
    std::vector<int> rungs;
    for (const trial::Trial& trial : study.history().trials()) rungs.push_back(trial.rung());
    return rungs;
  }

  trial::Problem problem = numbered();
  SimulatedTraining training;

 private:
  std::vector<double> accuracies_;
  SuccessiveHalvingOptions options_;
  std::size_t num_slots_;
};

TEST(SuccessiveHalving, TakesTheBestThirdOfEachRungFurther) {
  for (const std::size_t num_slots : {1U, 4U}) {
    OneBracket bracket({0.1, 0.9, 0.2, 0.8, 0.3, 0.7, 0.4, 0.6, 0.5}, {3, 9, {}}, num_slots);
    EXPECT_EQ(bracket.rungs(), (std::vector<int>{0, 2, 0, 1, 0, 1, 0, 0, 0}));
  }
}

TEST(SuccessiveHalving, KeepsTheRoundedUpShareOfARung) {
  OneBracket bracket({0.1, 0.2, 0.3, 0.4, 0.5}, {3, 5, {}});
  EXPECT_EQ(bracket.rungs(), (std::vector<int>{0, 0, 0, 1, 2}));
}

TEST(SuccessiveHalving, TheOlderTrialWinsATie) {
  OneBracket bracket({0.5, 0.5, 0.5, 0.5}, {2, 4, {}});
  EXPECT_EQ(bracket.rungs(), (std::vector<int>{2, 1, 0, 0}));
}

TEST(SuccessiveHalving, AFailedTrialFillsItsRungButNeverSurvives) {
  OneBracket bracket({0.9, 0.1, 0.2, 0.3, 0.4, 0.5}, {3, 6, {}});
  bracket.training.failure = [](const space::Configuration&,
                                TrialId id) -> std::optional<std::pair<double, trial::Outcome>> {
    if (id.number() != 0) return std::nullopt;
    return std::pair{0.5, trial::Outcome::FailedMetric};
  };
  EXPECT_EQ(bracket.rungs(), (std::vector<int>{0, 0, 0, 0, 1, 2}));
}

TEST(SuccessiveHalving, NobodyMovesUpForATrialThatFailsInAHigherRung) {
  OneBracket bracket({0.9, 0.1, 0.2, 0.3, 0.4, 0.5}, {3, 6, {}});
  bracket.training.failure = [](const space::Configuration&,
                                TrialId id) -> std::optional<std::pair<double, trial::Outcome>> {
    if (id.number() != 0) return std::nullopt;
    return std::pair{2.0, trial::Outcome::FailedExit};
  };
  EXPECT_EQ(bracket.rungs(), (std::vector<int>{1, 0, 0, 0, 0, 2}));
}

TEST(SuccessiveHalving, AnInfeasibleTrialComesAfterEveryFeasibleOne) {
  OneBracket bracket({0.9, 0.8, 0.2, 0.1}, {2, 4, {}});
  bracket.problem.constraints = {{trial::measure_from_text("accuracy"), std::nullopt, 0.5}};
  EXPECT_EQ(bracket.rungs(), (std::vector<int>{0, 0, 2, 1}));
}

TEST(SuccessiveHalving, ATrialThatEndsByItselfCountsWithItsLastValue) {
  OneBracket bracket({0.9, 0.1, 0.2, 0.3}, {2, 4, {}});
  bracket.training.own_end = [](const space::Configuration&, TrialId id) -> std::optional<double> {
    if (id.number() != 0) return std::nullopt;
    return 0.5;
  };
  // Trial 0 is done at once and leads; trial 3 is the other survivor of the first rung, and drops
  // out in the second.
  EXPECT_EQ(bracket.rungs(), (std::vector<int>{0, 0, 0, 1}));
}

TEST(SuccessiveHalving, ATrialAloneInItsRungGoesToTheEndAtOnce) {
  OneBracket bracket({0.1, 0.2}, {2, 2, {}});
  bracket.problem.resource.max = 64.0;
  SimulatedStudy study(bracket.problem, bracket.training);
  ScheduledStudy strategy(make_successive_halving(bracket.problem.resource, {2, 2, {}}), 2);
  study.run(strategy);
  EXPECT_EQ(study.history().trials()[1].num_assignments(), 2);
  EXPECT_EQ(study.history().trials()[1].step(), 64.0);
}

TEST(SuccessiveHalving, BeginsTheNextBracketWhenTheWinnerHasReachedTheEnd) {
  std::vector<double> accuracies(18);
  std::iota(accuracies.begin(), accuracies.end(), 0.0);
  OneBracket bracket(accuracies, {3, 9, {}});
  SimulatedStudy study(bracket.problem, bracket.training, 3);
  ScheduledStudy strategy(make_successive_halving(kNine, {3, 9, {}}), 18);
  study.run(strategy);

  bool has_completed = false;
  for (const trial::Event& event : study.events()) {
    if (const auto* created = std::get_if<trial::TrialCreated>(&event)) {
      EXPECT_EQ(created->trial.number() >= 9, has_completed);
    } else if (const auto* end = std::get_if<trial::AssignmentEnded>(&event)) {
      has_completed |= end->outcome == trial::Outcome::Completed;
    }
  }
  EXPECT_EQ(study.history().trials()[17].bracket(), 1);
  EXPECT_EQ(study.history().trials()[17].step(), 9.0);
}

TEST(SuccessiveHalving, TheTrialsOfARungRunSideBySide) {
  OneBracket bracket(std::vector<double>(9, 0.5), {3, 9, {}});
  SimulatedStudy study(bracket.problem, bracket.training, 3);
  ScheduledStudy strategy(make_successive_halving(kNine, {3, 9, {}}), 9);
  study.run(strategy);

  int num_running = 0;
  int most_in_rung_one = 0;
  for (const trial::Event& event : study.events()) {
    if (const auto* assigned = std::get_if<trial::Assigned>(&event)) {
      ++num_running;
      if (assigned->assignment.rung == 1)
        most_in_rung_one = std::max(most_in_rung_one, num_running);
    }
    if (std::holds_alternative<trial::AssignmentEnded>(event)) --num_running;
  }
  EXPECT_EQ(most_in_rung_one, 3);
}

TEST(SuccessiveHalving, PausesAtARungAndLetsTheLastOneRun) {
  const auto scheduler = make_successive_halving(kNine, {3, 9, {}});
  for (const auto& [target, verdict] :
       {std::pair{3.0, trial::Verdict::Pause}, std::pair{9.0, trial::Verdict::Continue}}) {
    trial::History history(numbered());
    Rng rng{1};
    history.apply(trial::TrialCreated{TrialId{0}, {}, {}, *history.problem().space.sample(rng)});
    history.apply(trial::Assigned{assignment_to(TrialId{0}, 0.0, target)});
    history.apply(trial::Reported{TrialId{0}, target - 1.0, 0.0, {}, {}, {{"accuracy", 0.5}}});
    EXPECT_EQ(scheduler->decide(history, TrialId{0}), trial::Verdict::Continue);
    history.apply(trial::Reported{TrialId{0}, target, 0.0, {}, {}, {{"accuracy", 0.5}}});
    EXPECT_EQ(scheduler->decide(history, TrialId{0}), verdict);
  }
}

TEST(SuccessiveHalving, APromotionStandsWhereAMeasureHasChangedSince) {
  // Energy of a phase is only known as a total: what ranked first at the rung may rank last later.
  trial::Problem problem = numbered();
  problem.objectives = {{trial::measure_from_text("energy.train"), trial::Direction::Minimize}};
  trial::History history(problem);
  const auto scheduler = make_successive_halving(kNine, {2, 4, {}});
  Rng rng{1};
  const auto draw = [&](TrialId id, double joules) {
    EnergyFigure energy;
    energy.dynamic = to_microjoules(Joules{joules});
    history.apply(trial::PhaseEnded{id, "train", 0.0, {}, energy});
  };
  for (std::uint32_t i = 0; i < 4; ++i) {
    const TrialId id{i};
    history.apply(trial::TrialCreated{id, {}, {}, *problem.space.sample(rng)});
    history.apply(trial::Assigned{assignment_to(id, 0.0, 1.0)});
    draw(id, 1.0 + i);
    history.apply(trial::Reported{id, 1.0, 0.0, {}, {}, {}});
    history.apply(trial::AssignmentEnded{id, trial::Outcome::Paused, "", {}, {}});
  }
  const auto first = std::get<Promote>(scheduler->next(history, Fresh::Available));
  EXPECT_EQ(first.trial, TrialId{0});
  history.apply(trial::Assigned{assignment_to(TrialId{0}, 1.0, first.to, first.rung)});
  draw(TrialId{0}, 100.0);

  EXPECT_EQ(std::get<Promote>(scheduler->next(history, Fresh::Available)).trial, TrialId{1});
  history.apply(trial::Assigned{assignment_to(TrialId{1}, 1.0, first.to, first.rung)});
  EXPECT_TRUE(std::holds_alternative<Wait>(scheduler->next(history, Fresh::Available)));
}

TEST(SuccessiveHalving, RungsGrowByMultiplicationAndEndAtMax) {
  // Factors for which a ratio of logarithms is off by one.
  EXPECT_EQ(rung_target(1.0, 1000.0, 10, 3), 1000.0);
  EXPECT_EQ(rung_target(1.0, 243.0, 3, 4), 81.0);
  EXPECT_EQ(rung_target(1.0, 243.0, 3, 5), 243.0);
  EXPECT_EQ(rung_target(2.0, 50.0, 3, 3), 50.0);
  EXPECT_EQ(rung_target(2.0, 50.0, 3, 60'000), 50.0);
}

TEST(SuccessiveHalving, ABracketHoldsAsManyTrialsAsLeaveOne) {
  EXPECT_NE(make_successive_halving({{}, 1.0, 81.0})->describe().find("81 trials"),
            std::string::npos);
  EXPECT_NE(make_successive_halving({{}, 1.0, 80.0})->describe().find("81 trials"),
            std::string::npos);
  EXPECT_NE(make_successive_halving({{}, 1.0, 1.0})->describe().find(" 1 trials"),
            std::string::npos);
}

TEST(SuccessiveHalving, RefusesWhatCannotBeABracket) {
  EXPECT_THROW(make_successive_halving(kNine, {1, {}, {}}), ConfigError);
  EXPECT_THROW(make_successive_halving(kNine, {3, 0, {}}), ConfigError);
  EXPECT_THROW(make_successive_halving({{}, 0.0, 9.0}), ConfigError);
  EXPECT_THROW(make_successive_halving({{}, 10.0, 9.0}), ConfigError);
}

}  // namespace
}  // namespace wattune::schedulers
