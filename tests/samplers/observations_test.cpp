#include "../../src/samplers/observations.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/history_builder.hpp"
#include "support/spaces.hpp"

namespace wattune::samplers {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;
using trial::Direction;
using trial::Outcome;

space::Configuration at(double x) {
  return fake::unit_cube(1).from_unit(std::vector{x});
}

/// A third of the trials is good, steps count from two trials on.
Observations third_is_good() {
  return Observations{1, {.good_fraction = 0.3, .max_good = 25, .least_at_step = 2}};
}

fake::HistoryBuilder maximising(std::size_t num_constraints = 0) {
  return fake::HistoryBuilder{
      fake::make_problem(fake::unit_cube(1), {Direction::Maximize}, num_constraints, 9.0)};
}

}  // namespace

TEST(Observations, TheBestOfAMaximisedObjectiveAreGood) {
  auto builder = maximising();
  for (const double value : {1.0, 5.0, 3.0, 4.0}) builder.add_completed(at(0.5), value);
  Observations observations = third_is_good();
  observations.update(builder.history());
  EXPECT_THAT(observations.good(), ElementsAre(1, 3));

  builder.add_completed(at(0.5), 9.0);
  observations.update(builder.history());
  EXPECT_THAT(observations.good(), ElementsAre(1, 4));
  EXPECT_THAT(observations.changes(), ElementsAre(Pair(3, Side::Bad), Pair(4, Side::Good)));
}

TEST(Observations, FailedAndRunningTrialsAreBadButNotRanked) {
  auto builder = maximising();
  builder.add_completed(at(0.5), -100.0);
  builder.add_failed(at(0.5));
  builder.add_running(at(0.5));
  Observations observations = third_is_good();
  observations.update(builder.history());
  EXPECT_THAT(observations.good(), ElementsAre(0));  // the worst value is still better than none
  EXPECT_EQ(observations.num_ranked(), 1u);
  EXPECT_THAT(observations.changes(),
              ElementsAre(Pair(0, Side::Good), Pair(1, Side::Bad), Pair(2, Side::Bad)));
}

TEST(Observations, TrialsThatBreakTheConstraintComeAfterAllOthersByHowFar) {
  auto builder = maximising(1);
  builder.add_completed(at(0.5), std::vector{9.0, 2.0});
  builder.add_completed(at(0.5), std::vector{8.0, 1.0});
  builder.add_completed(at(0.5), std::vector{1.0, -1.0});
  Observations observations = third_is_good();
  observations.update(builder.history());
  EXPECT_THAT(observations.good(), ElementsAre(2));
  builder.add_completed(at(0.5), std::vector{9.0, 3.0});
  observations.update(builder.history());
  EXPECT_THAT(observations.good(), ElementsAre(1, 2));
}

TEST(Observations, LossesAreComparedAtTheLargestStepThatEnoughTrialsReached) {
  auto builder = maximising();
  const auto run_to = [&](std::vector<std::pair<double, double>> reports) {
    const TrialId id = builder.add_running(at(0.5));
    for (const auto& [step, value] : reports) builder.report(id, step, value);
    builder.end(id, Outcome::Paused);
  };
  run_to({{1.0, 5.0}});
  run_to({{1.0, 2.0}, {3.0, 6.0}});
  Observations observations = third_is_good();
  observations.update(builder.history());
  EXPECT_THAT(observations.good(), ElementsAre(0));  // 5 against 2, both at step 1

  run_to({{1.0, 1.0}, {3.0, 7.0}, {9.0, 0.0}});
  observations.update(builder.history());
  EXPECT_THAT(observations.good(), ElementsAre(2));  // 7 against 6 at step 3; trial 0 is not there
  EXPECT_EQ(observations.num_ranked(), 2u);
}

TEST(Observations, AResumedTrialCountsAsSoonAsItHasComeFarEnough) {
  auto builder = maximising();
  builder.add_completed(at(0.5), 1.0);
  builder.add_completed(at(0.5), 2.0);
  const TrialId paused = builder.add_running(at(0.5));
  builder.report(paused, 1.0, 9.0);
  builder.end(paused, Outcome::Paused);
  Observations observations = third_is_good();
  observations.update(builder.history());
  EXPECT_THAT(observations.good(), ElementsAre(1));

  builder.assign(paused);
  observations.update(builder.history());
  builder.report(paused, 9.0, 5.0);
  observations.update(builder.history());
  EXPECT_THAT(observations.good(), ElementsAre(2));
}

TEST(Observations, NoMoreThanTheMostAreGood) {
  auto builder = maximising();
  for (int i = 0; i < 40; ++i) builder.add_completed(at(0.5), static_cast<double>(i));
  Observations observations{1, {.good_fraction = 0.5, .max_good = 4, .least_at_step = 2}};
  observations.update(builder.history());
  EXPECT_THAT(observations.good(), ElementsAre(36, 37, 38, 39));
}

TEST(Observations, WhatRunsIsLeftOutWherePendingTrialsAreNotBad) {
  auto builder = maximising();
  builder.add_completed(at(0.5), 1.0);
  builder.add_failed(at(0.5));
  const TrialId running = builder.add_running(at(0.5));
  Observations observations{
      1, {.good_fraction = 0.3, .max_good = 25, .least_at_step = 2, .pending_are_bad = false}};
  observations.update(builder.history());
  EXPECT_THAT(observations.changes(), ElementsAre(Pair(0, Side::Good), Pair(1, Side::Bad)));
  builder.end(running, Outcome::FailedExit);
  observations.update(builder.history());
  EXPECT_THAT(observations.changes(), ElementsAre(Pair(2, Side::Bad)));
}

TEST(Observations, GoodTrialsHaveTheirPlaceAmongTheGood) {
  auto builder = maximising(1);
  builder.add_completed(at(0.5), std::vector{9.0, 3.0});
  builder.add_completed(at(0.5), std::vector{8.0, 1.0});
  for (const double value : {5.0, 7.0, 7.0}) {
    builder.add_completed(at(0.5), std::vector{value, -1.0});
  }
  Observations observations{1, {.good_fraction = 1.0, .max_good = 25, .least_at_step = 2}};
  observations.update(builder.history());
  EXPECT_THAT(observations.good(), ElementsAre(0, 1, 2, 3, 4));
  EXPECT_THAT(observations.good_places(), ElementsAre(4, 3, 2, 0, 0));
}

}  // namespace wattune::samplers
