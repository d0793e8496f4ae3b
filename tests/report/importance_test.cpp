#include "wattune/report/importance.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "support/history_builder.hpp"
#include "support/spaces.hpp"
#include "wattune/base/random.hpp"
#include "wattune/math/sobol.hpp"

namespace wattune::report {
namespace {

using fake::HistoryBuilder;
using fake::parameter;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using trial::Direction;
using trial::Measure;
using trial::MeasureKind;

const Measure kObjective{MeasureKind::Metric, "objective_0"};

/// A history of evenly spread configurations; `value` tells the objective of a point of the cube.
HistoryBuilder spread(space::Space space, std::uint32_t num_trials, auto value,
                      Direction direction = Direction::Minimize) {
  const math::SobolSequence points{space.size(), 3};
  HistoryBuilder builder{fake::make_problem(std::move(space), {direction})};
  for (std::uint32_t i = 0; i < num_trials; ++i) {
    const auto point = points.point(i);
    builder.add_completed(builder.history().problem().space.from_unit(point), value(point));
  }
  return builder;
}

std::vector<std::string> names_of(const trial::History& history, const Importance& importance) {
  std::vector<std::string> names;
  for (const ParameterImportance& one : importance.parameters) {
    names.push_back(history.problem().space.parameters()[one.parameter].name);
  }
  return names;
}

const math::ShareSpread& share_of(const Importance& importance, std::size_t parameter) {
  for (const ParameterImportance& one : importance.parameters) {
    if (one.parameter == parameter) return one.share;
  }
  throw std::out_of_range("no such parameter");
}

// Var(3 x1) : Var(x0) = 9 : 1.
TEST(Importance, OrdersParametersByTheirShareOfTheVariance) {
  const auto builder =
      spread(fake::unit_cube(3), 120, [](const auto& x) { return 10.0 + 3.0 * x[1] + x[0]; });
  const auto result = importance(builder.history(), kObjective, ImportanceMethod::Fanova);
  EXPECT_THAT(names_of(builder.history(), result), ElementsAre("x1", "x0", "x2"));
  EXPECT_NEAR(share_of(result, 1).mean, 0.9, 0.08);
  EXPECT_NEAR(share_of(result, 0).mean, 0.1, 0.08);
  EXPECT_LT(share_of(result, 2).mean, 0.03);
  EXPECT_EQ(result.num_trials, 120U);
  EXPECT_EQ(result.scale, ValueScale::Linear);
  EXPECT_GT(result.explained.value(), 0.9);
  EXPECT_TRUE(result.notes.empty()) << result.notes.front();
}

TEST(Importance, FindsThePairThatActsTogether) {
  const auto builder = spread(fake::unit_cube(3), 200, [](const auto& x) {
    return (x[0] < 0.5) == (x[2] < 0.5) ? 0.0 : 1.0 + 0.1 * x[1];
  });
  const auto result = importance(builder.history(), kObjective, ImportanceMethod::Fanova);
  ASSERT_FALSE(result.pairs.empty());
  EXPECT_EQ(result.pairs.front().first, 0U);
  EXPECT_EQ(result.pairs.front().second, 2U);
  EXPECT_GT(result.pairs.front().share.mean, 0.6);
}

TEST(Importance, TheSameHistoryGivesTheSameShares) {
  const auto builder =
      spread(fake::unit_cube(2), 40, [](const auto& x) { return std::sin(7.0 * x[0]) + x[1]; });
  for (const auto method : {ImportanceMethod::Fanova, ImportanceMethod::PedAnova}) {
    const auto one = importance(builder.history(), kObjective, method);
    const auto same = importance(builder.history(), kObjective, method);
    EXPECT_EQ(share_of(one, 0).mean, share_of(same, 0).mean);
    EXPECT_EQ(share_of(one, 1).low, share_of(same, 1).low);
  }
}

TEST(Importance, FailedTrialsAreLeftOutAndCounted) {
  const auto value = [](const auto& x) { return x[0]; };
  const auto plain = spread(fake::unit_cube(2), 40, value);
  auto failing = spread(fake::unit_cube(2), 40, value);
  for (int i = 0; i < 3; ++i) {
    failing.add_failed(failing.history().problem().space.from_unit(std::array{0.0, 0.9}));
  }
  const auto without = importance(plain.history(), kObjective, ImportanceMethod::Fanova);
  const auto with = importance(failing.history(), kObjective, ImportanceMethod::Fanova);
  EXPECT_EQ(share_of(with, 0).mean, share_of(without, 0).mean);
  EXPECT_THAT(with.notes, Contains("3 trials failed and are left out"));
}

TEST(Importance, ComparesTrialsAtTheStepThatHalfOfThemReached) {
  HistoryBuilder builder{fake::make_problem(fake::unit_cube(1), {Direction::Minimize}, 0, 9.0)};
  // Half stop at step 3, where all depends on x0; those that go on end at one value.
  for (int i = 0; i < 40; ++i) {
    const double x = i / 40.0;
    const TrialId id =
        builder.add_running(builder.history().problem().space.from_unit(std::array{x}));
    builder.report(id, 3.0, x);
    if (i % 4 == 0) builder.report(id, 9.0, 0.5);
    builder.end(id, i % 4 == 0 ? trial::Outcome::Completed : trial::Outcome::Stopped);
  }
  const auto result = importance(builder.history(), kObjective, ImportanceMethod::Fanova);
  EXPECT_EQ(result.step, 3.0);
  EXPECT_EQ(result.num_trials, 40U);
  EXPECT_GT(result.explained.value(), 0.9);
}

TEST(Importance, TrialsThatEndWithinABatchOfEachOtherAreCompared) {
  HistoryBuilder builder{fake::make_problem(fake::unit_cube(1), {Direction::Minimize}, 0, 100.0)};
  for (int i = 0; i < 30; ++i) {
    const TrialId id =
        builder.add_running(builder.history().problem().space.from_unit(std::array{i / 30.0}));
    // Above a full training, or up to 4 short of it, as whole batches go; one has half of it.
    builder.report(id, i == 7 ? 50.0 : i % 2 == 0 ? 100.0 + i : 96.0, i);
    builder.end(id, trial::Outcome::Completed);
  }
  const auto result = importance(builder.history(), kObjective, ImportanceMethod::Fanova);
  EXPECT_EQ(result.step, 100.0);
  EXPECT_EQ(result.num_trials, 29U);
  EXPECT_THAT(result.notes, Contains("1 trial had not come that far and is left out"));
}

TEST(Importance, SaysThatTenTrialsAreTheLeastAndHowManyWouldDo) {
  const auto builder = spread(fake::unit_cube(6), 9, [](const auto& x) { return x[0]; });
  const auto result = importance(builder.history(), kObjective, ImportanceMethod::Fanova);
  EXPECT_TRUE(result.parameters.empty());
  ASSERT_EQ(result.notes.size(), 1U);
  EXPECT_THAT(result.notes[0], HasSubstr("objective_0 is known of 9 trials; 10 are needed, and 30 "
                                         "to rely on the shares"));
  const auto good = importance(builder.history(), kObjective, ImportanceMethod::PedAnova);
  EXPECT_THAT(good.notes[0], HasSubstr("20 are needed"));
}

TEST(Importance, CallsTheSharesOfFewTrialsHints) {
  const auto builder = spread(fake::unit_cube(6), 20, [](const auto& x) { return x[0]; });
  const auto result = importance(builder.history(), kObjective, ImportanceMethod::Fanova);
  EXPECT_FALSE(result.parameters.empty());
  EXPECT_THAT(result.notes, Contains(HasSubstr("20 trials are few for 6 parameters")));
}

TEST(Importance, CallsTheSharesOfNoiseHints) {
  Rng rng{4};
  const auto builder = spread(fake::unit_cube(2), 100, [&](const auto&) { return rng.normal(); });
  const auto result = importance(builder.history(), kObjective, ImportanceMethod::Fanova);
  EXPECT_THAT(result.notes, Contains(HasSubstr("unless chance decides more than the parameters")));
}

space::Space conditional_space() {
  const space::Condition if_sgd{
      "optimizer", space::Comparison::In, {space::Choice{std::string{"sgd"}}}};
  return space::Space{
      {parameter("momentum", space::FloatDomain{0.0, 1.0, false, std::nullopt}, {if_sgd}),
       parameter("optimizer",
                 space::ChoiceDomain{{std::string{"sgd"}, std::string{"adam"}}, false}),
       parameter("lr", space::FloatDomain{0.0, 1.0, false, std::nullopt}),
       parameter("data", space::ConstantDomain{std::string{"fashion"}})}};
}

TEST(Importance, LooksAtAConditionalParameterWhereItApplies) {
  // With sgd the momentum is all; with adam the learning rate is.
  const auto builder = spread(conditional_space(), 160,
                              [](const auto& x) { return x[1] < 0.5 ? 5.0 + x[0] : 5.0 + x[2]; });
  const auto result = importance(builder.history(), kObjective, ImportanceMethod::Fanova);
  EXPECT_GT(share_of(result, 0).mean, 0.9);
  EXPECT_LT(share_of(result, 1).mean, 0.2);
  EXPECT_EQ(result.parameters.size(), 3U);
  for (const ParameterImportance& one : result.parameters) {
    EXPECT_EQ(one.num_trials, one.parameter == 0 ? 80U : 160U);
  }
  EXPECT_THAT(result.notes, Contains("momentum applies in 80 of 160 trials: its share is of what "
                                     "varies among those"));
}

TEST(Importance, NamesWhatWasNeverVaried) {
  HistoryBuilder builder{fake::make_problem(fake::unit_cube(2), {Direction::Minimize})};
  for (int i = 0; i < 30; ++i) {
    builder.add_completed(builder.history().problem().space.from_unit(std::array{i / 30.0, 0.25}),
                          i / 30.0);
  }
  const auto result = importance(builder.history(), kObjective, ImportanceMethod::Fanova);
  EXPECT_THAT(names_of(builder.history(), result), ElementsAre("x0"));
  EXPECT_THAT(result.notes, Contains("never varied, so nothing can be told: x1"));
}

TEST(Importance, AConstantMeasureHasNothingToExplain) {
  const auto builder = spread(fake::unit_cube(2), 30, [](const auto&) { return 0.5; });
  const auto result = importance(builder.history(), kObjective, ImportanceMethod::Fanova);
  EXPECT_TRUE(result.parameters.empty());
  EXPECT_THAT(result.notes, Contains(HasSubstr("the same in every trial")));
}

TEST(Importance, AFewFarValuesAreTakenByTheirRanks) {
  std::vector<double> even;
  for (int i = 1; i <= 50; ++i) even.push_back(0.5 + 0.01 * i);
  EXPECT_EQ(scale_of(even), ValueScale::Linear);
  std::vector<double> diverged = even;
  diverged.back() = 1e6;
  EXPECT_EQ(scale_of(diverged), ValueScale::Rank);
  std::vector<double> decades;
  for (int i = 0; i < 50; ++i) decades.push_back(std::exp(0.2 * i));
  EXPECT_EQ(scale_of(decades), ValueScale::Log);
  decades.front() = -1.0;
  EXPECT_NE(scale_of(decades), ValueScale::Log);
}

// One diverged trial, whose x1 is the largest, would be all of the variance.
TEST(Importance, OneDivergedTrialDoesNotDecide) {
  const auto value = [](const auto& x) { return x[1] > 0.99 ? 1e9 : x[0]; };
  const auto builder = spread(fake::unit_cube(2), 128, value);
  const auto result = importance(builder.history(), kObjective, ImportanceMethod::Fanova);
  EXPECT_EQ(result.scale, ValueScale::Rank);
  EXPECT_GT(share_of(result, 0).mean, 0.8);
}

TEST(Importance, PedAnovaFollowsTheDirectionOfTheObjective) {
  // Low values depend on x0 alone, high ones on x1 alone.
  const auto value = [](const auto& x) {
    return x[0] < 0.2 ? x[0] - 1.0 : x[1] > 0.8 ? 1.0 + x[1] : 0.5;
  };
  for (const auto direction : {Direction::Minimize, Direction::Maximize}) {
    const auto builder = spread(fake::unit_cube(2), 256, value, direction);
    const auto result = importance(builder.history(), kObjective, ImportanceMethod::PedAnova);
    const std::size_t deciding = direction == Direction::Minimize ? 0 : 1;
    EXPECT_EQ(result.parameters.front().parameter, deciding);
    EXPECT_GT(result.parameters.front().share.mean, 0.8);
    EXPECT_EQ(result.num_good, 26U);
    EXPECT_TRUE(result.pairs.empty());
  }
}

TEST(Importance, ExplainsObjectivesConstraintsAndTheEnergy) {
  HistoryBuilder builder{
      fake::make_problem(fake::unit_cube(1), {Direction::Minimize, Direction::Maximize}, 1)};
  builder.add_completed(builder.history().problem().space.from_unit(std::array{0.5}),
                        std::array{1.0, 2.0, 3.0});
  std::vector<std::string> names;
  for (const Measure& measure : explained_measures(builder.history())) {
    names.push_back(to_text(measure));
  }
  EXPECT_THAT(names, ElementsAre("objective_0", "objective_1", "constraint_0", "energy"));
}

TEST(Importance, KnowsWhichWayIsGood) {
  const auto problem = fake::make_problem(fake::unit_cube(1), {Direction::Maximize}, 1);
  EXPECT_EQ(good_direction(problem, kObjective), Direction::Maximize);
  EXPECT_EQ(good_direction(problem, {MeasureKind::Metric, "constraint_0"}), Direction::Minimize);
  EXPECT_EQ(good_direction(problem, {MeasureKind::Energy, ""}), Direction::Minimize);
  EXPECT_EQ(good_direction(problem, {MeasureKind::SamplesPerJoule, "inference"}),
            Direction::Maximize);
  EXPECT_EQ(good_direction(problem, {MeasureKind::Metric, "train_loss"}), std::nullopt);
}

}  // namespace
}  // namespace wattune::report
