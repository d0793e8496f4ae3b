#include <gtest/gtest.h>

#include <cmath>

#include "strategies/race_candidates.hpp"
#include "strategies/race_cost.hpp"
#include "strategies/race_curves.hpp"
#include "strategies/race_failures.hpp"
#include "strategies/race_field.hpp"
#include "strategies/race_record.hpp"
#include "strategies/race_start.hpp"
#include "strategies/race_worth.hpp"
#include "support/history_builder.hpp"
#include "support/problems.hpp"
#include "wattune/math/improvement.hpp"

namespace wattune::strategies {
namespace {

using Eigen::MatrixXd;
using Eigen::RowVectorXd;
using Eigen::VectorXd;
using fake::HistoryBuilder;

constexpr trial::Direction kDown = trial::Direction::Minimize;

space::Space unit_square() {
  return space::Space{{float_parameter("x", 0.0, 1.0), float_parameter("y", 0.0, 1.0)}};
}

trial::Problem square_problem() {
  return fake::make_problem(unit_square(), {kDown}, 0, 52.0);
}

space::Configuration at(double x, double y) {
  return unit_square().from_unit(std::vector{x, y});
}

/// Runs a trial up to a step in one assignment and pauses it there; continues it where it exists.
void pause_at(HistoryBuilder& builder, TrialId id, double step, double value) {
  builder.report(id, step, value);
  builder.end(id, trial::Outcome::Paused);
}

trial::Resource epochs(double min, double max) {
  return {trial::ResourceUnit::Epochs, min, max};
}

}  // namespace

TEST(RaceRungs, BeginAtAShareOfATrainingAndGrowByAFactorToTheEnd) {
  EXPECT_EQ(race_rungs(epochs(1, 52), 17, 3), (std::vector{3.0, 9.0, 27.0, 52.0}));
  EXPECT_EQ(race_rungs(epochs(6, 52), 17, 3), (std::vector{6.0, 18.0, 52.0}));
  EXPECT_EQ(race_rungs(epochs(1, 4), 17, 3), (std::vector{1.0, 3.0, 4.0}));
  EXPECT_EQ(race_rungs(epochs(1, 1), 17, 3), (std::vector{1.0}));
  EXPECT_EQ(race_rungs({trial::ResourceUnit::Run, 1.0, 1.0}, 17, 3), (std::vector{1.0}));
}

TEST(RaceRecord, ValuesComeInTheOrderInWhichAssignmentsEnded) {
  HistoryBuilder builder(square_problem());
  const TrialId one = builder.add_running(at(0.1, 0.1));
  const TrialId two = builder.add_running(at(0.2, 0.2));
  pause_at(builder, two, 3.0, 0.5);
  pause_at(builder, one, 3.0, 0.4);
  builder.assign(two);
  pause_at(builder, two, 9.0, 0.3);
  builder.assign(one);
  builder.report(one, 9.0, 0.35);  // still running: not counted

  RaceRecord record{{3.0, 9.0, 27.0, 52.0}};
  record.update(builder.history());
  ASSERT_EQ(record.values().size(), 3U);
  EXPECT_EQ(record.values()[0].trial, two.number());
  EXPECT_EQ(record.values()[1].trial, one.number());
  EXPECT_EQ(record.values()[2].losses, std::vector{0.3});
  EXPECT_LT(record.values()[1].place, record.values()[2].place);
}

TEST(RaceRecord, ATrialThatWentAllTheWayGivesAValueForEveryRungAndAPlaceOfOneAtItsEnd) {
  HistoryBuilder builder(square_problem());
  const TrialId one = builder.add_running(at(0.1, 0.1));
  for (const double step : {3.0, 9.0, 27.0, 40.0, 52.0}) builder.report(one, step, 1.0 / step);
  builder.end(one, trial::Outcome::Completed);
  RaceRecord record{{3.0, 9.0, 27.0, 52.0}};
  record.update(builder.history());
  ASSERT_EQ(record.values().size(), 4U);
  EXPECT_EQ(record.values()[2].losses, std::vector{1.0 / 27.0});
  EXPECT_EQ(record.values()[3].place, 1.0);
}

TEST(RaceRecord, OneThatSeesTheHistoryAtOnceIsOneThatSawItGrowWhereATrialWasCutOff) {
  HistoryBuilder builder(square_problem());
  RaceRecord grown{{3.0, 9.0, 27.0, 52.0}};
  const auto run = [&](TrialId id, std::vector<double> steps, trial::Outcome outcome) {
    for (const double step : steps) builder.report(id, step, 1.0 / step + 0.01 * id.number());
    builder.end(id, outcome);
    grown.update(builder.history());
  };
  const TrialId one = builder.add_running(at(0.1, 0.1));
  run(one, {2.0}, trial::Outcome::Lost);  // before its rung
  const TrialId two = builder.add_running(at(0.2, 0.2));
  run(two, {3.0}, trial::Outcome::Lost);  // at its rung, but it was not written that it paused
  builder.assign(one);
  run(one, {3.0, 10.0}, trial::Outcome::Interrupted);  // beyond two
  builder.assign(two);
  run(two, {}, trial::Outcome::Paused);
  builder.assign(two);
  run(two, {9.0}, trial::Outcome::Paused);
  builder.assign(one);
  run(one, {27.0}, trial::Outcome::Paused);

  RaceRecord made{{3.0, 9.0, 27.0, 52.0}};
  made.update(builder.history());
  ASSERT_EQ(made.values().size(), grown.values().size());
  ASSERT_EQ(made.values().size(), 5U);
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(made.values()[i].trial, grown.values()[i].trial) << i;
    EXPECT_EQ(made.values()[i].step, grown.values()[i].step) << i;
  }
  EXPECT_EQ(made.values().front().trial, two.number());
}

TEST(RaceRecord, AProgramThatEndsByItselfShowsItsEnd) {
  HistoryBuilder builder(square_problem());
  const TrialId one = builder.add_running(at(0.1, 0.1));
  for (const double step : {3.0, 20.0}) builder.report(one, step, 1.0 / step);
  builder.end(one, trial::Outcome::Completed);
  RaceRecord record{{3.0, 9.0, 27.0, 52.0}};
  record.update(builder.history());
  ASSERT_EQ(record.values().size(), 3U);
  EXPECT_EQ(record.values()[2].losses, std::vector{1.0 / 20.0});
  EXPECT_EQ(record.values()[2].place, 1.0);
}

CurveValue value_of(std::uint32_t trial, double step, std::vector<double> losses,
                    std::vector<std::optional<double>> bounded = {}) {
  return {trial, step, 0.0, std::move(losses), std::move(bounded)};
}

TEST(RaceField, LetsGoWhomMoreThanSoManyHaveBeatenAtItsLastRung) {
  RaceField field{2};
  std::vector<CurveValue> values;
  for (std::uint32_t i = 0; i < 4; ++i) values.push_back(value_of(i, 3.0, {0.1 * i}));
  field.update(square_problem(), values);
  EXPECT_FALSE(field.is_let_go(2)) << "two are ahead of it";
  EXPECT_TRUE(field.is_let_go(3));
  EXPECT_FALSE(field.is_let_go(7)) << "it has not reached a rung yet";
  RaceField overtaken{2};
  const std::vector<CurveValue> worst_first(values.rbegin(), values.rend());
  for (std::size_t i = 1; i <= 4; ++i) {
    overtaken.update(square_problem(), std::span{worst_first}.first(i));
    EXPECT_EQ(overtaken.is_let_go(3), i == 4);
  }
  values.push_back(value_of(3, 9.0, {0.5}));  // it got further: there it is alone
  field.update(square_problem(), values);
  EXPECT_FALSE(field.is_let_go(3));
}

TEST(RaceField, BeatenIsOnlyWhoIsBetterInNothing) {
  trial::Problem problem = square_problem();
  problem.objectives.push_back(problem.objectives.front());
  problem.constraints = {{trial::measure_from_text("memory"), {}, 1.0}};
  RaceField field{0};
  field.update(problem,
               std::vector{value_of(0, 3.0, {0.1, 0.9}, {0.5}), value_of(1, 3.0, {0.9, 0.1}, {0.5}),
                           value_of(2, 3.0, {0.9, 0.2}, {0.5}), value_of(3, 3.0, {0.0, 0.0}, {2.0}),
                           value_of(4, 3.0, {0.1, 0.9}, {0.5})});
  EXPECT_FALSE(field.is_let_go(0)) << "the one that is equal does not beat it";
  EXPECT_FALSE(field.is_let_go(1));
  EXPECT_TRUE(field.is_let_go(2));
  EXPECT_FALSE(field.is_let_go(3)) << "infeasible, but nobody is as good";
}

TEST(RaceStart, TakesOthersBesideWhatWasLearned) {
  HistoryBuilder builder(square_problem());
  const RaceRecord record{{3.0, 9.0, 27.0, 52.0}};
  const RaceTuning tuning{.num_start = 2, .num_beside = 2};
  const auto wants_another = [&](bool has_learned) {
    const StartStep step = next_of_start(builder.history(), record, tuning, has_learned);
    return std::holds_alternative<StartAnother>(step);
  };
  for (const double x : {0.1, 0.2}) {
    EXPECT_TRUE(wants_another(true));
    builder.add_running(at(x, x), trial::Origin::Enqueued);
  }
  EXPECT_FALSE(wants_another(false));
  for (const double x : {0.3, 0.4}) {
    EXPECT_TRUE(wants_another(true));
    builder.add_running(at(x, x), trial::Origin::Sampler);
  }
  EXPECT_FALSE(wants_another(true));
}

TEST(RaceStart, LooksAtMoreWhereNobodyHasGivenAnything) {
  const auto num_wanted = [](trial::Origin first) {
    HistoryBuilder builder(square_problem());
    const RaceRecord record{{3.0, 9.0, 27.0, 52.0}};
    const RaceTuning tuning{.num_start = 3, .num_blind_start = 5};
    std::size_t num_started = 0;
    while (std::holds_alternative<StartAnother>(
        next_of_start(builder.history(), record, tuning, false))) {
      const double x = 0.1 * static_cast<double>(num_started);
      builder.add_running(at(x, x), num_started == 0 ? first : trial::Origin::Sampler);
      ++num_started;
    }
    return num_started;
  };
  EXPECT_EQ(num_wanted(trial::Origin::Default), 3U);
  EXPECT_EQ(num_wanted(trial::Origin::Sampler), 5U);
}

TEST(RaceStart, HalvesTheFirstConfigurationsAndTakesOneAllTheWay) {
  trial::History history{square_problem()};
  RaceRecord record{{3.0, 9.0, 27.0, 52.0}};
  const RaceTuning tuning{
      .num_start = 3, .num_second = 2, .num_blind_start = 3, .num_blind_second = 2};
  const auto next = [&] {
    record.update(history);
    return next_of_start(history, record, tuning, false);
  };
  const auto begin = [&](std::uint32_t number, double from, double to) {
    history.apply(trial::Assigned{assignment_to(TrialId{number}, from, to)});
  };
  const auto end = [&](std::uint32_t number, double step, double loss) {
    history.apply(trial::Reported{TrialId{number}, step, 0.0, {}, {}, {{"objective_0", loss}}});
    history.apply(trial::AssignmentEnded{TrialId{number}, trial::Outcome::Paused, {}, {}, {}});
  };
  for (const double loss : {0.3, 0.1, 0.2}) {
    EXPECT_TRUE(std::holds_alternative<StartAnother>(next()));
    const TrialId id = history.next_trial_id();
    history.apply(trial::TrialCreated{id, trial::Purpose::Search, {}, at(loss, loss)});
    begin(id.number(), 0.0, 3.0);
    EXPECT_FALSE(std::holds_alternative<StartContinues>(next()));
    end(id.number(), 3.0, loss);
  }
  for (const std::uint32_t expected : {1U, 2U}) {
    const StartStep step = next();
    ASSERT_TRUE(std::holds_alternative<StartContinues>(step));
    EXPECT_EQ(std::get<StartContinues>(step).trial, expected);
    EXPECT_EQ(std::get<StartContinues>(step).to, 9.0);
    begin(expected, 3.0, 9.0);
    end(expected, 9.0, expected == 1U ? 0.09 : 0.05);
  }
  const StartStep step = next();
  ASSERT_TRUE(std::holds_alternative<StartContinues>(step));
  EXPECT_EQ(std::get<StartContinues>(step).trial, 2U);
  EXPECT_EQ(std::get<StartContinues>(step).to, 52.0);
  begin(2, 9.0, 52.0);
  EXPECT_TRUE(std::holds_alternative<StartRests>(next()));
}

TEST(RaceCurves, OneThatSawTheValuesOneByOneIsOneThatSawThemAtOnce) {
  const math::CurveShape shape{
      {math::KernelFamily::Matern52, {0, 1}}, math::KernelFamily::Rbf, {0}};
  RaceTuning tuning;
  tuning.max_values = 30;  // so that some are left out
  RaceCurves grown{shape, samplers::CurveScale::Shape::Squashed, tuning};
  RaceCurves made{shape, samplers::CurveScale::Shape::Squashed, tuning};
  Rng rng{4};
  for (int i = 0; i < 61; ++i) {
    const RowVectorXd row{{rng.uniform(), rng.uniform()}};
    const double place = 0.25 * static_cast<double>(1 + rng.index(4));
    const double value = row.squaredNorm() + 1.0 - place;
    grown.add(row, place, value);
    made.add(row, place, value);
    if (i > 0) grown.update();
  }
  made.update();
  const MatrixXd rows = MatrixXd::Random(20, 2).array().abs();
  EXPECT_EQ(grown.process().predict(rows).means, made.process().predict(rows).means);
  EXPECT_EQ(grown.process().predict(rows).variances, made.process().predict(rows).variances);
  EXPECT_LE(made.process().num_values(), 30U);
}

TEST(RaceCurves, TheBestIsTheLowestOfThoseThatCount) {
  const math::CurveShape shape{{math::KernelFamily::Matern52, {0, 1}}};
  RaceCurves curves{shape, samplers::CurveScale::Shape::Squashed, {}};
  for (const double x : {0.1, 0.4, 0.6, 0.9}) curves.add(RowVectorXd{{x, x}}, 1.0, x);
  curves.update();
  EXPECT_NEAR(*curves.best(std::vector<char>{1, 1, 1, 1}), curves.on_scale(0.1), 0.05);
  EXPECT_NEAR(*curves.best(std::vector<char>{0, 0, 1, 1}), curves.on_scale(0.6), 0.05);
  EXPECT_FALSE(curves.best(std::vector<char>{0, 0, 0, 0}));
}

TEST(RaceWorth, OfOneLossIsTheExpectedImprovementBeyondTheLead) {
  const RaceWorth worth{{{-0.5}, {-1.0}, {0.3}}, 0.2};
  const VectorXd logs = worth.logs(MatrixXd::Constant(1, 1, -0.9), MatrixXd::Constant(1, 1, 0.3));
  EXPECT_DOUBLE_EQ(logs[0], math::log_expected_improvement(-0.9, 0.3, -1.2).value);
}

TEST(RaceWorth, OfSeveralLossesIsLargestWhereTheFrontHasAGap) {
  for (const std::size_t num_losses : {2U, 3U}) {
    const std::size_t others = num_losses - 2;
    const auto point = [&](double a, double b) {
      LossPoint losses{a, b};
      losses.resize(2 + others, -0.5);
      return losses;
    };
    const RaceWorth worth{{point(-1.0, -0.1), point(-0.1, -1.0), point(-0.2, -0.2)}, 0.0};
    MatrixXd means(3, static_cast<Eigen::Index>(num_losses));
    const std::vector<LossPoint> asked{point(-0.6, -0.6), point(-0.95, -0.1), point(0.5, 0.5)};
    for (Eigen::Index i = 0; i < 3; ++i) {
      for (Eigen::Index k = 0; k < means.cols(); ++k) {
        means(i, k) = asked[static_cast<std::size_t>(i)][static_cast<std::size_t>(k)];
      }
    }
    const VectorXd logs = worth.logs(means, MatrixXd::Constant(3, means.cols(), 0.05));
    EXPECT_GT(logs[0], logs[1]);
    EXPECT_GT(logs[1], logs[2]);
    EXPECT_TRUE(logs.allFinite());
  }
}

TEST(RaceCost, LearnsWhatAConfigurationCostsFromJoules) {
  const trial::Problem problem = square_problem();
  trial::History history{problem};
  const samplers::Features features{problem.space};
  Rng rng{2};
  const auto joules_per_epoch = [](double x) { return std::exp(2.0 * x); };
  for (int i = 0; i < 30; ++i) {
    const TrialId id = history.next_trial_id();
    const auto configuration = at(rng.uniform(), rng.uniform());
    history.apply(trial::TrialCreated{id, trial::Purpose::Search, {}, configuration});
    history.apply(trial::Assigned{assignment_to(id, 0.0, 3.0)});
    const double x = problem.space.to_unit(configuration)[0];
    for (const double step : {1.0, 2.0, 3.0}) {
      EnergyFigure energy;
      const double start_up = step == 1.0 ? 5.0 : 0.0;
      energy.dynamic = to_microjoules(Joules{joules_per_epoch(x) + start_up});
      history.apply(trial::Reported{id, step, 0.0, Seconds{1.0}, energy, {{"objective_0", 1.0}}});
    }
    history.apply(trial::AssignmentEnded{id, trial::Outcome::Paused, {}, {}, {}});
  }
  const RaceCost cost{history, features};
  EXPECT_EQ(cost.kind(), CostKind::Energy);
  const MatrixXd rows{{0.2, 0.5}, {0.9, 0.5}};
  const VectorXd full = cost.log_full(rows);
  EXPECT_NEAR(full[0], std::log(52.0 * joules_per_epoch(0.2)), 0.1);
  EXPECT_NEAR(full[1], std::log(52.0 * joules_per_epoch(0.9)), 0.1);
  const trial::Trial& first = history.trials().front();
  const double x = problem.space.to_unit(first.configuration())[0];
  EXPECT_NEAR(cost.log_remaining(first, 3.0, features.row(first.configuration())),
              std::log(49.0 * joules_per_epoch(x)), 1e-4);
}

TEST(RaceCost, CountsTheResourceWhereNothingElseIsKnown) {
  trial::History history{square_problem()};
  const samplers::Features features{history.problem().space};
  const RaceCost cost{history, features};
  EXPECT_EQ(cost.kind(), CostKind::Resource);
  EXPECT_NEAR(cost.log_full(MatrixXd::Constant(1, 2, 0.5))[0], std::log(52.0), 1e-12);
}

TEST(RaceFailures, KeepAwayFromWhereTrialsFailed) {
  const space::Space space = unit_square();
  const samplers::Features features{space};
  const MatrixXd good{{0.8, 0.8}, {0.9, 0.5}, {0.7, 0.2}};
  const MatrixXd failed{{0.1, 0.1}, {0.2, 0.5}, {0.1, 0.8}};
  const RaceFailures failures{features, good, failed};
  const VectorXd logs = failures.log_success(MatrixXd{{0.8, 0.6}, {0.15, 0.4}});
  EXPECT_GT(logs[0], std::log(0.8));
  EXPECT_LT(logs[1], std::log(0.2));
  const RaceFailures none{features, good, MatrixXd(0, 2)};
  EXPECT_EQ(none.log_success(MatrixXd{{0.1, 0.1}})[0], 0.0);
}

TEST(RaceCandidates, AreAllowedAndNew) {
  const space::Space space{{int_parameter("n", 1, 4), int_parameter("m", 1, 2)}};
  HistoryBuilder builder(fake::make_problem(space, {kDown}));
  const auto tried_one = space.from_unit(std::vector{0.1, 0.1});
  builder.add_completed(tried_one, 1.0);
  Tried tried;
  Rng rng{1};
  const auto candidates =
      race_candidates(builder.history(), std::vector{tried_one}, RaceTuning{}, tried, rng);
  EXPECT_GT(candidates.size(), 100U);
  for (const space::Configuration& candidate : candidates) {
    EXPECT_TRUE(space.contains(candidate));
    EXPECT_NE(candidate, tried_one);
  }
}

}  // namespace wattune::strategies
