#include "wattune/schedulers/asha.hpp"

#include <gtest/gtest.h>

#include "contracts/scheduler_contract.hpp"
#include "support/told_study.hpp"
#include "wattune/base/result.hpp"

namespace wattune::contracts {
namespace {

auto asha(schedulers::AshaOptions options) {
  return [options](const trial::Problem& problem) {
    return schedulers::make_asha(problem.resource, options);
  };
}

using schedulers::AshaQuota;
using schedulers::AshaVariant;
using schedulers::RankBy;

INSTANTIATE_TEST_SUITE_P(
    Asha, SchedulerContract,
    ::testing::Values(
        SchedulerCase{"Promotion", asha({})}, SchedulerCase{"EtaTwo", asha({.eta = 2})},
        SchedulerCase{"FirstObjective", asha({.rank_by = RankBy::FirstObjective})},
        SchedulerCase{"FrontsWithoutNet", asha({.rank_by = RankBy::NonDominated})},
        SchedulerCase{"KnowsHowManyThereWillBe", asha({.max_trials = 40})},
        SchedulerCase{"ByEnergy", asha({.quota = AshaQuota::Energy}), false, true},
        SchedulerCase{"Stopping", asha({.variant = AshaVariant::Stopping})},
        SchedulerCase{"StoppingOnFirstObjective",
                      asha({.variant = AshaVariant::Stopping, .rank_by = RankBy::FirstObjective})}),
    scheduler_case_name);

}  // namespace
}  // namespace wattune::contracts

namespace wattune::schedulers {
namespace {

constexpr trial::Resource kNine{trial::ResourceUnit::Epochs, 1.0, 9.0};

/// Carries out promotions until nothing can be promoted, and tells of whom, in order.
std::vector<std::uint32_t> promoted(const Scheduler& scheduler, ToldStudy& told) {
  std::vector<std::uint32_t> numbers;
  while (true) {
    const Step step = scheduler.next(told.history, Fresh::Available);
    const auto* promote = std::get_if<Promote>(&step);
    if (promote == nullptr) return numbers;
    numbers.push_back(promote->trial.number());
    told.carry_out(*promote);
  }
}

TEST(Asha, PromotesTheFirstThirdOfARungRoundedDown) {
  ToldStudy told{kNine};
  const auto scheduler = make_asha(kNine);
  told.pause_with({0.5});
  told.pause_with({0.4});
  EXPECT_TRUE(promoted(*scheduler, told).empty());
  told.pause_with({0.6});
  EXPECT_EQ(promoted(*scheduler, told), (std::vector<std::uint32_t>{1}));
  for (const double loss : {0.9, 0.8, 0.1}) told.pause_with({loss});
  EXPECT_EQ(promoted(*scheduler, told), (std::vector<std::uint32_t>{5}));
}

TEST(Asha, TheOlderTrialWinsATie) {
  ToldStudy told{kNine};
  for (int i = 0; i < 6; ++i) told.pause_with({0.5});
  EXPECT_EQ(promoted(*make_asha(kNine), told), (std::vector<std::uint32_t>{0, 1}));
}

TEST(Asha, LooksAtTheHighestRungFirst) {
  ToldStudy told{kNine};
  const auto scheduler = make_asha(kNine);
  for (int i = 0; i < 9; ++i) told.pause_with({i / 10.0});
  EXPECT_EQ(promoted(*scheduler, told), (std::vector<std::uint32_t>{0, 1, 2}));
  for (std::uint32_t i = 0; i < 3; ++i) {
    told.report(TrialId{i}, 3.0, {0.3 - i / 10.0});
    told.end(TrialId{i});
  }
  for (int i = 0; i < 3; ++i) told.pause_with({-1.0});
  const auto step = std::get<Promote>(scheduler->next(told.history, Fresh::Available));
  EXPECT_EQ(step.trial, TrialId{2});
  EXPECT_EQ(step.rung, 2);
  EXPECT_EQ(step.to, 9.0);
}

TEST(Asha, CountsWhoFailedLaterInTheRungsItGotTo) {
  ToldStudy told{kNine};
  const auto scheduler = make_asha(kNine);
  told.pause_with({0.1});
  for (const double loss : {0.2, 0.3}) {
    const TrialId id = told.start(1.0);
    told.report(id, 1.0, {loss});
    told.end(id, trial::Outcome::FailedExit);
  }
  EXPECT_EQ(promoted(*scheduler, told), (std::vector<std::uint32_t>{0}));
  // Neither failed trial is ever promoted, though both are in the first third by now.
  for (int i = 0; i < 6; ++i) told.pause_with({0.9});
  EXPECT_TRUE(promoted(*scheduler, told).empty());
}

TEST(Asha, ATrialThatFailedBeforeItsRungDoesNotCount) {
  ToldStudy told{kNine};
  told.pause_with({0.1});
  told.pause_with({0.2});
  told.end(told.start(1.0), trial::Outcome::FailedExit);
  EXPECT_TRUE(promoted(*make_asha(kNine), told).empty());
}

TEST(Asha, AReportThatOvershotTheNextRungLeadsToTheOneBeyond) {
  ToldStudy told{kNine};
  for (const double loss : {0.1, 0.2, 0.3}) {
    const TrialId id = told.start(1.0);
    told.report(id, 4.0, {loss});
    told.end(id);
  }
  const auto step = std::get<Promote>(make_asha(kNine)->next(told.history, Fresh::Available));
  EXPECT_EQ(step.to, 9.0);
  EXPECT_EQ(step.rung, 2);
}

TEST(Asha, RanksByFrontsAndSpreadsOverAFront) {
  // Three trials on the first front, of nine; scaled, number 2 is the middle, not a neighbour.
  ToldStudy told(kNine, 2);
  for (const auto& losses : std::vector<std::vector<double>>{{0.1, 9000.0},
                                                             {0.9, 1000.0},
                                                             {0.5, 5000.0},
                                                             {0.11, 9100.0},
                                                             {0.12, 9200.0},
                                                             {0.91, 2000.0},
                                                             {0.95, 9900.0},
                                                             {0.96, 9901.0},
                                                             {0.97, 9902.0}}) {
    told.pause_with(losses);
  }
  EXPECT_EQ(promoted(*make_asha(kNine), told), (std::vector<std::uint32_t>{0, 1, 2}));
}

TEST(Asha, GivesTheBestRankToThePointThatDominates) {
  // (2,2), (3,3), (1,1): an order of indices taken for ranks would promote (3,3).
  ToldStudy told(kNine, 2);
  for (const double loss : {2.0, 3.0, 1.0}) told.pause_with({loss, loss});
  EXPECT_EQ(promoted(*make_asha(kNine), told), (std::vector<std::uint32_t>{2}));
}

TEST(Asha, TheNetGoesOnFromWhatWasPromotedBefore) {
  ToldStudy told(kNine, 2);
  const auto scheduler = make_asha(kNine);
  for (const auto& losses : std::vector<std::vector<double>>{{0.0, 1.0}, {0.1, 0.9}, {0.5, 0.5}}) {
    told.pause_with(losses);
  }
  EXPECT_EQ(promoted(*scheduler, told), (std::vector<std::uint32_t>{0}));
  for (const auto& losses :
       std::vector<std::vector<double>>{{-0.05, 1.1}, {1.0, 0.0}, {2.0, 2.0}}) {
    told.pause_with(losses);
  }
  // The best in the first objective is a neighbour of what was promoted; the far end is not.
  EXPECT_EQ(promoted(*scheduler, told), (std::vector<std::uint32_t>{4}));
}

TEST(Asha, AnInfeasibleTrialComesAfterEveryFeasibleOne) {
  ToldStudy told{kNine};
  trial::Problem problem = told.history.problem();
  problem.constraints = {{trial::measure_from_text("loss_0"), 0.5, std::nullopt}};
  told.history = trial::History(problem);
  for (const double loss : {0.1, 0.2, 0.9, 0.3, 0.4, 0.45}) told.pause_with({loss});
  EXPECT_EQ(promoted(*make_asha(kNine), told), (std::vector<std::uint32_t>{2, 5}));
}

TEST(Asha, ByEnergyPromotesThePrefixThatHasDrawnOneThird) {
  ToldStudy told{kNine};
  const auto scheduler = make_asha(kNine, {.quota = AshaQuota::Energy});
  // 30 J in all: 6 J and 4 J fit into 10 J, another would not.
  for (const auto& [loss, joules] : std::vector<std::pair<double, double>>{
           {0.3, 1.0}, {0.1, 6.0}, {0.2, 4.0}, {0.5, 10.0}, {0.6, 9.0}}) {
    told.pause_with({loss}, joules);
  }
  EXPECT_EQ(promoted(*scheduler, told), (std::vector<std::uint32_t>{1, 2}));
}

TEST(Asha, ByEnergyABestTrialThatIsTooDearBlocksItsRung) {
  ToldStudy told{kNine};
  const auto scheduler = make_asha(kNine, {.quota = AshaQuota::Energy});
  for (const auto& [loss, joules] :
       std::vector<std::pair<double, double>>{{0.1, 20.0}, {0.2, 1.0}, {0.3, 1.0}, {0.4, 1.0}}) {
    told.pause_with({loss}, joules);
  }
  EXPECT_TRUE(promoted(*scheduler, told).empty());
}

TEST(Asha, TakesOneToTheEndWhereThereAreTooFewForARung) {
  ToldStudy told{kNine};
  const auto scheduler = make_asha(kNine);
  told.pause_with({0.5});
  told.pause_with({0.4});
  const auto step = std::get<Promote>(scheduler->next(told.history, Fresh::Exhausted));
  EXPECT_EQ(step.trial, TrialId{1});
  EXPECT_EQ(step.to, 9.0);
}

TEST(Asha, RanksAnewWhereTheTotalOfAPhaseHasGrown) {
  trial::Problem problem = ToldStudy::problem_of(kNine);
  problem.objectives = {{trial::measure_from_text("energy.train"), trial::Direction::Minimize}};
  ToldStudy told{kNine};
  told.history = trial::History(problem);
  const auto draw = [&](TrialId id, double joules) {
    EnergyFigure energy;
    energy.dynamic = to_microjoules(Joules{joules});
    energy.provenance = Provenance::Measured;
    told.history.apply(trial::PhaseEnded{id, "train", 0.0, {}, energy});
  };
  const auto scheduler = make_asha(kNine);
  for (int i = 0; i < 6; ++i) {
    draw(told.start(1.0), 1.0 + i);
    told.report(TrialId{static_cast<std::uint32_t>(i)}, 1.0, {});
    told.end(TrialId{static_cast<std::uint32_t>(i)});
    static_cast<void>(scheduler->next(told.history, Fresh::Available));
  }
  told.carry_out({TrialId{0}, 3.0, 1});
  draw(TrialId{0}, 100.0);  // now the last of its rung, which it has left
  EXPECT_EQ(promoted(*scheduler, told), (std::vector<std::uint32_t>{1, 2}));
}

std::vector<std::uint32_t> wanted(const Scheduler& scheduler, const ToldStudy& told) {
  std::vector<TrialId> paused;
  for (const trial::Trial& trial : told.history.trials()) {
    if (trial.state() == trial::TrialState::Paused) paused.push_back(trial.id());
  }
  std::vector<std::uint32_t> numbers;
  for (const TrialId id : scheduler.still_wanted(told.history, paused)) {
    numbers.push_back(id.number());
  }
  return numbers;
}

TEST(Asha, WantsWhoMayStillBePromotedWhereItIsKnownHowManyThereWillBe) {
  ToldStudy told{kNine};
  for (const double loss : {0.1, 0.2, 0.3, 0.4, 0.5}) told.pause_with({loss});
  // Of nine the best three go on: the fourth and the fifth do not, whoever is still to come.
  EXPECT_EQ(wanted(*make_asha(kNine, {.max_trials = 9}), told),
            (std::vector<std::uint32_t>{0, 1, 2}));
  EXPECT_EQ(wanted(*make_asha(kNine, {.max_trials = 12}), told),
            (std::vector<std::uint32_t>{0, 1, 2, 3}));
  EXPECT_EQ(wanted(*make_asha(kNine), told).size(), 5U);
  // One that failed before it got there leaves room for fewer.
  told.end(told.start(1.0), trial::Outcome::FailedExit);
  EXPECT_EQ(wanted(*make_asha(kNine, {.max_trials = 9}), told), (std::vector<std::uint32_t>{0, 1}));
}

TEST(Asha, AlwaysWantsTheBestWhileNobodyHasHadAFullTraining) {
  ToldStudy told{kNine};
  for (const double loss : {0.1, 0.2}) told.pause_with({loss});
  EXPECT_EQ(wanted(*make_asha(kNine, {.max_trials = 2}), told), (std::vector<std::uint32_t>{0}));
  told.history.apply(trial::Assigned{assignment_to(TrialId{0}, 0.0, 9.0, 2)});
  told.report(TrialId{0}, 9.0, {0.05});
  told.end(TrialId{0}, trial::Outcome::Completed);
  EXPECT_TRUE(wanted(*make_asha(kNine, {.max_trials = 2}), told).empty());
}

TEST(Asha, WantsEverybodyWhereTheOrderIsHardToTell) {
  ToldStudy told{kNine};
  for (const double loss : {0.1, 0.2, 0.3, 0.4, 0.5}) told.pause_with({loss});
  EXPECT_EQ(wanted(*make_asha(kNine, {.quota = AshaQuota::Energy, .max_trials = 5}), told).size(),
            5U);
  ToldStudy several{kNine, 2};
  for (const double loss : {0.1, 0.2, 0.3, 0.4, 0.5}) several.pause_with({loss, loss});
  EXPECT_EQ(wanted(*make_asha(kNine, {.max_trials = 5}), several).size(), 5U);
}

TEST(StoppingAsha, StopsWhoIsWorseThanTheQuantileOfThoseBefore) {
  ToldStudy told{kNine};
  const auto scheduler = make_asha(kNine, {.variant = AshaVariant::Stopping});
  const auto verdict_on = [&](double loss) {
    const TrialId id = told.start(9.0);
    told.report(id, 1.0, {loss});
    const trial::Verdict verdict = scheduler->decide(told.history, id);
    told.end(id, verdict == trial::Verdict::Stop ? trial::Outcome::Stopped
                                                 : trial::Outcome::Interrupted);
    return verdict;
  };
  EXPECT_EQ(verdict_on(0.5), trial::Verdict::Continue);  // nobody to compare it with
  EXPECT_EQ(verdict_on(0.6), trial::Verdict::Stop);
  EXPECT_EQ(verdict_on(0.4), trial::Verdict::Continue);
  EXPECT_EQ(verdict_on(0.45), trial::Verdict::Continue);  // second of four: at the quantile
  EXPECT_EQ(verdict_on(0.46), trial::Verdict::Stop);
}

TEST(StoppingAsha, DecidesOnlyWhereARungIsReached) {
  ToldStudy told{kNine};
  const auto scheduler = make_asha(kNine, {.variant = AshaVariant::Stopping});
  const TrialId good = told.start(9.0);
  for (const double step : {1.0, 3.0}) told.report(good, step, {0.1});
  const TrialId bad = told.start(9.0);
  told.report(bad, 0.5, {0.9});
  EXPECT_EQ(scheduler->decide(told.history, bad), trial::Verdict::Continue);
  told.report(bad, 1.5, {0.05});
  EXPECT_EQ(scheduler->decide(told.history, bad), trial::Verdict::Continue);
  told.report(bad, 2.0, {0.9});
  EXPECT_EQ(scheduler->decide(told.history, bad), trial::Verdict::Continue);
  told.report(bad, 3.0, {0.9});
  EXPECT_EQ(scheduler->decide(told.history, bad), trial::Verdict::Stop);
  told.report(good, 9.0, {0.9});
  EXPECT_EQ(scheduler->decide(told.history, good), trial::Verdict::Continue);
}

TEST(StoppingAsha, NeverPausesAndWantsToHearOfEveryRung) {
  const trial::Problem problem = ToldStudy::problem_of(kNine);
  ToldStudy told{kNine};
  const auto step = std::get<StartFresh>(
      make_asha(kNine, {.variant = AshaVariant::Stopping})->next(told.history, Fresh::Available));
  EXPECT_EQ(step.to, 9.0);
  EXPECT_EQ(step.report_every, 1.0);
}

TEST(Asha, RefusesWhatCannotBe) {
  EXPECT_THROW(make_asha(kNine, {.eta = 1}), ConfigError);
  EXPECT_THROW(make_asha({{}, 0.0, 9.0}), ConfigError);
  EXPECT_THROW(make_asha({{}, 10.0, 9.0}), ConfigError);
  EXPECT_THROW(make_asha(kNine, {.variant = AshaVariant::Stopping, .quota = AshaQuota::Energy}),
               ConfigError);
}

}  // namespace
}  // namespace wattune::schedulers
