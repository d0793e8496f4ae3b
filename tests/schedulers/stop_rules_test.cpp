#include <gtest/gtest.h>

#include <cmath>

#include "contracts/scheduler_contract.hpp"
#include "support/told_study.hpp"
#include "wattune/base/result.hpp"
#include "wattune/schedulers/asha.hpp"
#include "wattune/schedulers/extrapolation.hpp"
#include "wattune/schedulers/full.hpp"
#include "wattune/schedulers/hyperband.hpp"
#include "wattune/schedulers/patience.hpp"
#include "wattune/schedulers/percentile.hpp"
#include "wattune/schedulers/successive_halving.hpp"

namespace wattune::schedulers {
namespace {

using RulePtr = std::unique_ptr<StopRule>;
using Rules = std::vector<RulePtr>;

template <typename... Each>
Rules rules_of(Each... each) {
  Rules rules;
  (rules.push_back(std::move(each)), ...);
  return rules;
}

/// A rule around `full`, or around another scheduler.
contracts::SchedulerCase with_rule(std::string name,
                                   std::function<Rules(const trial::Problem&)> make,
                                   bool may_stop_all = false, bool looks_at_energy = false) {
  return {std::move(name),
          [make](const trial::Problem& problem) {
            return stop_when(problem.resource, make_full(problem.resource), make(problem));
          },
          may_stop_all, looks_at_energy};
}

contracts::SchedulerCase asha_with_all_rules() {
  return {
      "AshaWithAllRules",
      [](const trial::Problem& problem) {
        return stop_when(
            problem.resource, make_asha(problem.resource, {.eta = 2}),
            rules_of(make_percentile_rule(problem, {.warmup = 3.0, .interval = {}}),
                     make_patience_rule(problem), make_convergence_rule(problem, {.min_gain = 1.0}),
                     make_extrapolation_rule(problem, {.interval = {}})));
      },
      true, true};
}

contracts::SchedulerCase halving_with_median() {
  return {"HalvingWithMedian",
          [](const trial::Problem& problem) {
            return stop_when(problem.resource, make_successive_halving(problem.resource),
                             rules_of(make_percentile_rule(problem)));
          },
          true};
}

contracts::SchedulerCase hyperband_with_extrapolation() {
  return {"HyperbandWithExtrapolation", [](const trial::Problem& problem) {
            return stop_when(problem.resource, make_hyperband(problem.resource),
                             rules_of(make_extrapolation_rule(problem, {.interval = {}})));
          }};
}

}  // namespace
}  // namespace wattune::schedulers

namespace wattune::contracts {

INSTANTIATE_TEST_SUITE_P(
    StopRules, SchedulerContract,
    ::testing::Values(
        schedulers::with_rule("Median",
                              [](const trial::Problem& problem) {
                                return schedulers::rules_of(
                                    schedulers::make_percentile_rule(problem));
                              }),
        schedulers::with_rule("Percentile",
                              [](const trial::Problem& problem) {
                                return schedulers::rules_of(schedulers::make_percentile_rule(
                                    problem, {.percentile = 25.0, .warmup = 2.0, .interval = 1.5}));
                              }),
        schedulers::with_rule(
            "Patience",
            [](const trial::Problem& problem) {
              return schedulers::rules_of(schedulers::make_patience_rule(
                  problem, {.num_reports = 3, .min_improvement = 0.01}));
            },
            true),
        schedulers::with_rule(
            "Convergence",
            [](const trial::Problem& problem) {
              return schedulers::rules_of(
                  schedulers::make_convergence_rule(problem, {.min_gain = 5.0}));
            },
            true, true),
        schedulers::with_rule("Extrapolation",
                              [](const trial::Problem& problem) {
                                return schedulers::rules_of(
                                    schedulers::make_extrapolation_rule(problem));
                              }),
        schedulers::asha_with_all_rules(), schedulers::halving_with_median(),
        schedulers::hyperband_with_extrapolation()),
    scheduler_case_name);

}  // namespace wattune::contracts

namespace wattune::schedulers {
namespace {

constexpr trial::Resource kTen{trial::ResourceUnit::Epochs, 1.0, 10.0};

// --- median and percentile -----------------------------------------------------------------------

TEST(Median, StopsWhoIsWorseThanHalfOfTheOthers) {
  for (const auto& [loss, stops] : {std::pair{0.29, false}, std::pair{0.31, true}}) {
    ToldStudy told(kTen);
    for (const double other : {0.1, 0.2, 0.3, 0.4, 0.5}) told.run_with({0.9, other});
    const auto rule = make_percentile_rule(told.history.problem());
    EXPECT_EQ(rule->wants_stop(told.history, told.run_with({0.95, loss})), stops);
  }
}

TEST(Median, ComparesTheBestValueSoFar) {
  ToldStudy told(kTen);
  for (const double other : {0.1, 0.2, 0.3, 0.4, 0.5}) told.run_with({0.9, other});
  const auto rule = make_percentile_rule(told.history.problem());
  EXPECT_FALSE(rule->wants_stop(told.history, told.run_with({0.25, 0.8})));
}

TEST(Median, NeedsEnoughTrialsThatGotThere) {
  ToldStudy told(kTen);
  for (const double other : {0.1, 0.2, 0.3, 0.4}) told.run_with({0.9, other});
  told.run_with({0.9});  // has not got to the second step
  const auto rule = make_percentile_rule(told.history.problem());
  const TrialId id = told.run_with({0.95, 0.9});
  EXPECT_FALSE(rule->wants_stop(told.history, id));
  told.run_with({0.9, 0.5});
  EXPECT_TRUE(rule->wants_stop(told.history, id));
}

TEST(Median, KeepsToWarmUpAndInterval) {
  ToldStudy told(kTen);
  for (int i = 0; i < 6; ++i) told.run_with(std::vector<double>(9, 0.1));
  const auto rule = make_percentile_rule(told.history.problem(), {.warmup = 3.0, .interval = 2.0});
  const TrialId id = told.start(10.0);
  std::vector<int> stopped_at;
  for (int step = 1; step < 10; ++step) {
    told.report(id, step, {0.9});
    if (rule->wants_stop(told.history, id)) stopped_at.push_back(step);
  }
  EXPECT_EQ(stopped_at, (std::vector<int>{3, 5, 7, 9}));
}

TEST(Percentile, LetsOnlyThatShareGoOn) {
  ToldStudy told(kTen);
  for (int i = 0; i < 8; ++i) told.run_with({0.1 * i});
  const auto rule = make_percentile_rule(told.history.problem(), {.percentile = 25.0});
  EXPECT_FALSE(rule->wants_stop(told.history, told.run_with({0.15})));  // 2 of 8 are better
  EXPECT_TRUE(rule->wants_stop(told.history, told.run_with({0.25})));   // 3 of 9
}

TEST(Median, StopsOnSeveralObjectivesOnlyWhoIsBehindInEach) {
  ToldStudy told(kTen, 2);
  const auto run = [&](double first, double second) {
    const TrialId id = told.start(10.0);
    told.report(id, 1.0, {first, second});
    return id;
  };
  for (int i = 0; i < 6; ++i) run(0.5, 0.5);
  const auto rule = make_percentile_rule(told.history.problem());
  EXPECT_FALSE(rule->wants_stop(told.history, run(0.9, 0.4)));
  EXPECT_TRUE(rule->wants_stop(told.history, run(0.9, 0.6)));
}

TEST(Median, FeasibleTrialsAreAheadOfInfeasibleOnes) {
  trial::Problem problem = ToldStudy::problem_of(kTen);
  problem.constraints = {{trial::measure_from_text("loss_0"), 0.5, std::nullopt}};
  ToldStudy told(kTen);
  told.history = trial::History(problem);
  for (int i = 0; i < 6; ++i) told.run_with({0.9});
  const auto rule = make_percentile_rule(problem);
  EXPECT_TRUE(rule->wants_stop(told.history, told.run_with({0.1})));
}

TEST(Percentile, RefusesWhatCannotBe) {
  const trial::Problem problem = ToldStudy::problem_of(kTen);
  EXPECT_THROW(make_percentile_rule(problem, {.percentile = 101.0}), ConfigError);
  EXPECT_THROW(make_percentile_rule(problem, {.warmup = -1.0}), ConfigError);
  EXPECT_THROW(make_percentile_rule(problem, {.interval = 0.0}), ConfigError);
}

// --- patience and convergence --------------------------------------------------------------------

std::vector<std::size_t> stopped_after(const StopRule& rule, ToldStudy& told,
                                       const std::vector<double>& curve, double joules = 1.0) {
  std::vector<std::size_t> reports;
  const TrialId id = told.start(10.0);
  for (std::size_t i = 0; i < curve.size(); ++i) {
    told.report(id, static_cast<double>(i + 1), {curve[i]}, joules);
    if (rule.wants_stop(told.history, id)) reports.push_back(i + 1);
  }
  return reports;
}

TEST(Patience, CountsReportsSinceTheBest) {
  ToldStudy told(kTen);
  const auto rule = make_patience_rule(told.history.problem(), {.num_reports = 3});
  EXPECT_EQ(stopped_after(*rule, told, {0.5, 0.6, 0.5, 0.4, 0.5, 0.45, 0.4, 0.3}),
            (std::vector<std::size_t>{7}));
}

TEST(Patience, TakesNoticeOfLargeEnoughImprovementsOnly) {
  ToldStudy told(kTen);
  const auto rule =
      make_patience_rule(told.history.problem(), {.num_reports = 2, .min_improvement = 0.1});
  EXPECT_EQ(stopped_after(*rule, told, {0.9, 0.85, 0.78, 0.75, 0.7}),
            (std::vector<std::size_t>{5}));
}

TEST(Patience, DoesNotCountTheWarmUp) {
  ToldStudy told(kTen);
  const auto rule = make_patience_rule(told.history.problem(), {.num_reports = 2, .warmup = 4.0});
  EXPECT_EQ(stopped_after(*rule, told, {0.5, 0.5, 0.5, 0.5, 0.5}), (std::vector<std::size_t>{5}));
}

TEST(Patience, AnyMetricWillDo) {
  ToldStudy told(kTen, 2);
  const auto rule = make_patience_rule(told.history.problem(), {.num_reports = 2});
  const TrialId id = told.start(10.0);
  told.report(id, 1.0, {0.5, 0.5});
  told.report(id, 2.0, {0.5, 0.4});
  told.report(id, 3.0, {0.5, 0.4});
  EXPECT_FALSE(rule->wants_stop(told.history, id));
  told.report(id, 4.0, {0.6, 0.4});
  EXPECT_TRUE(rule->wants_stop(told.history, id));
}

TEST(Convergence, StopsWhereAKilojouleBuysTooLittle) {
  ToldStudy told(kTen);
  // 500 J for each report: two reports are a kilojoule.
  const auto rule =
      make_convergence_rule(told.history.problem(), {.min_gain = 0.1, .num_reports = 2});
  EXPECT_EQ(stopped_after(*rule, told, {0.9, 0.8, 0.79, 0.75, 0.74, 0.5}, 500.0),
            (std::vector<std::size_t>{4, 5}));
}

TEST(Convergence, CountsGramsWhereAsked) {
  trial::Problem problem = ToldStudy::problem_of(kTen);
  EXPECT_THROW(make_convergence_rule(problem, {.min_gain = 0.1, .per = GainPer::Gram}),
               ConfigError);
  problem.tariff.intensity = {energy::RateTable{360.0}};
  ToldStudy told(kTen);
  told.history = trial::History(problem);
  // 360 g/kWh is a gram for 10 kJ: a report.
  const auto rule =
      make_convergence_rule(problem, {.min_gain = 0.1, .per = GainPer::Gram, .num_reports = 1});
  EXPECT_EQ(stopped_after(*rule, told, {0.9, 0.7, 0.65, 0.5}, 10'000.0),
            (std::vector<std::size_t>{3}));
}

TEST(Convergence, NeverStopsWhereEnergyIsMissing) {
  ToldStudy told(kTen);
  const auto rule =
      make_convergence_rule(told.history.problem(), {.min_gain = 0.1, .num_reports = 1});
  const TrialId id = told.start(10.0);
  for (const double step : {1.0, 2.0, 3.0}) {
    told.history.apply(trial::Reported{id, step, 0.0, Seconds{1.0}, {}, {{"loss_0", 0.5}}});
  }
  EXPECT_FALSE(rule->wants_stop(told.history, id));
}

TEST(Convergence, RefusesWhatCannotBe) {
  trial::Problem problem = ToldStudy::problem_of(kTen);
  EXPECT_THROW(make_convergence_rule(problem, {}), ConfigError);
  EXPECT_THROW(make_convergence_rule(problem, {.min_gain = 1.0, .num_reports = 0}), ConfigError);
  EXPECT_THROW(make_patience_rule(problem, {.num_reports = 0}), ConfigError);
  EXPECT_THROW(make_patience_rule(problem, {.min_improvement = -1.0}), ConfigError);
  problem.objectives = {{trial::measure_from_text("energy"), trial::Direction::Minimize}};
  EXPECT_THROW(make_patience_rule(problem), ConfigError);
}

// --- extrapolation -------------------------------------------------------------------------------

/// A curve that falls from 1 to `end` in ten steps.
std::vector<double> curve_to(double end, std::size_t num_steps = 10) {
  std::vector<double> curve;
  for (std::size_t i = 1; i <= num_steps; ++i) {
    curve.push_back(end + (1.0 - end) * (std::exp(-0.5 * static_cast<double>(i)) - std::exp(-5.0)) /
                              (std::exp(-0.5) - std::exp(-5.0)));
  }
  return curve;
}

TEST(Extrapolation, StopsWhoseCurveFlattensOutTooHigh) {
  ToldStudy told(kTen);
  for (const double end : {0.2, 0.25, 0.3, 0.35, 0.4}) told.complete_with(curve_to(end));
  const auto rule = make_extrapolation_rule(told.history.problem());
  EXPECT_TRUE(rule->wants_stop(told.history, told.run_with(curve_to(0.7, 6))));
  EXPECT_FALSE(rule->wants_stop(told.history, told.run_with(curve_to(0.15, 6))));
  EXPECT_FALSE(rule->wants_stop(told.history, told.run_with(curve_to(0.7, 3)))) << "too early";
}

TEST(Extrapolation, NeedsFullTrainingsToLearnFrom) {
  ToldStudy told(kTen);
  for (const double end : {0.2, 0.25, 0.3, 0.35}) told.complete_with(curve_to(end));
  const auto rule = make_extrapolation_rule(told.history.problem());
  const TrialId id = told.run_with(curve_to(0.7, 6));
  EXPECT_FALSE(rule->wants_stop(told.history, id));
  told.complete_with(curve_to(0.4));
  EXPECT_TRUE(rule->wants_stop(told.history, id));
}

TEST(Extrapolation, KeepsWhoWillEndOnTheFront) {
  // Quality and energy: a trial that ends worse but far cheaper than all others goes on.
  trial::Problem problem = ToldStudy::problem_of(kTen);
  problem.objectives.push_back({trial::measure_from_text("energy"), trial::Direction::Minimize});
  ToldStudy told(kTen);
  told.history = trial::History(problem);
  for (const double end : {0.2, 0.25, 0.3, 0.35, 0.4}) told.complete_with(curve_to(end), 100.0);
  const auto rule = make_extrapolation_rule(problem);
  EXPECT_TRUE(rule->wants_stop(told.history, told.run_with(curve_to(0.7, 6), 200.0)));
  EXPECT_FALSE(rule->wants_stop(told.history, told.run_with(curve_to(0.7, 6), 50.0)));
}

TEST(Extrapolation, ComparesWithFeasibleFullTrainingsOnly) {
  trial::Problem problem = ToldStudy::problem_of(kTen);
  problem.constraints = {{trial::measure_from_text("loss_0"), 0.5, std::nullopt}};
  ToldStudy told(kTen);
  told.history = trial::History(problem);
  for (const double end : {0.2, 0.25, 0.3, 0.35, 0.4}) told.complete_with(curve_to(end));
  const auto rule = make_extrapolation_rule(problem);
  EXPECT_FALSE(rule->wants_stop(told.history, told.run_with(curve_to(0.7, 6))));
}

TEST(Extrapolation, RefusesWhatCannotBe) {
  const trial::Problem problem = ToldStudy::problem_of(kTen);
  EXPECT_THROW(make_extrapolation_rule(problem, {.min_probability = 2.0}), ConfigError);
  EXPECT_THROW(make_extrapolation_rule(problem, {.num_startup = 1}), ConfigError);
  EXPECT_THROW(make_extrapolation_rule(problem, {.min_reports = 1}), ConfigError);
  EXPECT_THROW(make_extrapolation_rule(problem, {.interval = 0.0}), ConfigError);
  EXPECT_THROW(make_extrapolation_rule(ToldStudy::problem_of({})), ConfigError);
}

// --- together ------------------------------------------------------------------------------------

TEST(StopWhen, AsksForReportsAsOftenAsTheRuleThatWantsMost) {
  ToldStudy told(kTen);
  const auto scheduler =
      stop_when(kTen, make_asha(kTen),
                rules_of(make_percentile_rule(told.history.problem(), {.interval = 0.5}),
                         make_extrapolation_rule(told.history.problem(), {.interval = 2.0})));
  const auto start = std::get<StartFresh>(scheduler->next(told.history, Fresh::Available));
  EXPECT_EQ(start.report_every, 0.5);
  EXPECT_EQ(start.to, 1.0);
}

TEST(StopWhen, StopsAtARungWhoWouldOnlyHavePaused) {
  ToldStudy told(kTen);
  const auto scheduler =
      stop_when(kTen, make_asha(kTen), rules_of(make_percentile_rule(told.history.problem())));
  for (int i = 0; i < 6; ++i) told.pause_with({0.5});
  const TrialId bad = told.start(1.0);
  told.report(bad, 1.0, {0.6});
  EXPECT_EQ(scheduler->decide(told.history, bad), trial::Verdict::Stop);
  const TrialId good = told.start(1.0);
  told.report(good, 1.0, {0.4});
  EXPECT_EQ(scheduler->decide(told.history, good), trial::Verdict::Pause);
}

TEST(StopWhen, LeavesAFullTrainingAlone) {
  ToldStudy told(kTen);
  const auto scheduler =
      stop_when(kTen, make_full(kTen), rules_of(make_percentile_rule(told.history.problem())));
  for (int i = 0; i < 6; ++i) told.run_with(std::vector<double>(10, 0.5));
  EXPECT_EQ(scheduler->decide(told.history, told.run_with(std::vector<double>(10, 0.6))),
            trial::Verdict::Continue);
}

}  // namespace
}  // namespace wattune::schedulers
