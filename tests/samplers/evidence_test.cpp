#include "../../src/samplers/evidence.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/history_builder.hpp"
#include "support/spaces.hpp"

namespace wattune::samplers {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using trial::Direction;
using trial::Outcome;

constexpr std::size_t kLeastAtStep = 2;

space::Configuration at(double x) {
  return fake::unit_cube(1).from_unit(std::vector{x});
}

fake::HistoryBuilder study(std::vector<Direction> directions, std::size_t num_constraints = 0) {
  return fake::HistoryBuilder{
      fake::make_problem(fake::unit_cube(1), directions, num_constraints, 9.0)};
}

std::vector<std::uint32_t> trials_of(const std::vector<Observation>& observations) {
  std::vector<std::uint32_t> numbers;
  for (const Observation& observation : observations) numbers.push_back(observation.trial);
  return numbers;
}

}  // namespace

TEST(Evidence, ACompletedTrialShowsItsLossesAndWhatConstraintsBound) {
  auto builder = study({Direction::Maximize, Direction::Minimize}, 1);
  builder.add_completed(at(0.5), std::vector{3.0, 4.0, 5.0});

  const Evidence evidence = evidence_of(builder.history(), kLeastAtStep);

  ASSERT_EQ(evidence.observed.size(), 1u);
  EXPECT_THAT(evidence.observed[0].losses, ElementsAre(-3.0, 4.0));
  EXPECT_THAT(evidence.observed[0].bounded, ElementsAre(std::optional{5.0}));
  EXPECT_EQ(evidence.observed[0].step, 9.0);
}

TEST(Evidence, AFailedTrialIsInfeasibleAndNeverANumber) {
  auto builder = study({Direction::Minimize});
  builder.add_completed(at(0.1), 1.0);
  const TrialId ran_out = builder.add_running(at(0.2));
  builder.report(ran_out, 9.0, 2.0);
  builder.end(ran_out, Outcome::FailedMemory);
  builder.add_failed(at(0.3));

  const Evidence evidence = evidence_of(builder.history(), kLeastAtStep);

  EXPECT_THAT(trials_of(evidence.observed), ElementsAre(0));
  EXPECT_THAT(evidence.failed, ElementsAre(1, 2));
}

TEST(Evidence, TrialsOfDifferentLengthAreComparedWhereEnoughHaveBeen) {
  auto builder = study({Direction::Minimize});
  const TrialId whole = builder.add_running(at(0.1));
  builder.report(whole, 3.0, 7.0);
  builder.report(whole, 9.0, 1.0);
  builder.end(whole, Outcome::Completed);
  for (const double x : {0.2, 0.3}) {
    const TrialId paused = builder.add_running(at(x));
    builder.report(paused, 3.0, x);
    builder.end(paused, Outcome::Paused);
  }
  const TrialId stopped = builder.add_running(at(0.4));
  builder.report(stopped, 1.0, 5.0);
  builder.end(stopped, Outcome::Stopped);
  builder.add_running(at(0.5));

  const Evidence evidence = evidence_of(builder.history(), kLeastAtStep);

  EXPECT_EQ(evidence.step, 3.0);
  EXPECT_THAT(trials_of(evidence.observed), ElementsAre(0, 1, 2));
  EXPECT_THAT(evidence.observed[0].losses, ElementsAre(7.0));
  EXPECT_THAT(evidence.cut_short, ElementsAre(3));
  EXPECT_THAT(evidence.pending, ElementsAre(4));
}

TEST(Evidence, ARunningTrialThatHasComeFarEnoughIsAnObservation) {
  auto builder = study({Direction::Minimize});
  builder.add_completed(at(0.1), 1.0);
  builder.add_completed(at(0.2), 1.0);
  builder.report(builder.add_running(at(0.3)), 9.0, 2.0);

  const Evidence evidence = evidence_of(builder.history(), kLeastAtStep);

  EXPECT_THAT(trials_of(evidence.observed), ElementsAre(0, 1, 2));
  EXPECT_THAT(evidence.pending, IsEmpty());
}

TEST(Evidence, ProbesAreLeftOut) {
  auto builder = study({Direction::Minimize});
  trial::History history = builder.history();
  history.apply(trial::TrialCreated{history.next_trial_id(), trial::Purpose::Probe,
                                    trial::Origin::Probe, at(0.5)});

  const Evidence evidence = evidence_of(history, kLeastAtStep);

  EXPECT_THAT(evidence.pending, IsEmpty());
}

TEST(Evidence, ACurveHasEveryReport) {
  auto builder = study({Direction::Minimize});
  const TrialId id = builder.add_running(at(0.1));
  for (const double step : {1.0, 3.0, 9.0}) builder.report(id, step, 10.0 / step);

  const trial::NoiseModel noise{builder.history()};
  const auto curve = curve_of(builder.history(), noise, builder.history().trial(id));

  ASSERT_EQ(curve.size(), 3u);
  EXPECT_EQ(curve[1].step, 3.0);
  EXPECT_NEAR(curve[1].losses[0], 10.0 / 3.0, 1e-12);
}

}  // namespace wattune::samplers
