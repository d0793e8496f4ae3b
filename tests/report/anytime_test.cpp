#include "wattune/report/anytime.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sample_study.hpp"

namespace wattune::report {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

std::vector<std::pair<double, double>> steps_of(const Anytime& anytime) {
  std::vector<std::pair<double, double>> steps;
  for (const AnytimePoint& point : anytime.points()) {
    steps.emplace_back(point.joules, point.quality);
  }
  return steps;
}

std::vector<std::string> names_of(const Anytime& anytime) {
  std::vector<std::string> names;
  for (const AnytimeMark& mark : anytime.marks()) names.push_back(mark.name);
  return names;
}

TEST(Anytime, CountsEveryJouleOfTheStudyUpToEachImprovement) {
  SampleStudy study(5.0);  // idle before anything began
  const TrialId probe = study.create(trial::Origin::Probe, trial::Purpose::Probe);
  study.run(probe, 1.0, 0.99, 10.0, trial::Outcome::Stopped, trial::Stage::Probe);
  const TrialId failed = study.create();
  study.run(failed, 1.0, 0.30, 20.0, trial::Outcome::FailedExit);
  const TrialId worse = study.create();
  study.run(worse, 1.0, 0.20, 40.0, trial::Outcome::Paused);
  const TrialId better = study.create();
  study.run(better, 1.0, 0.60, 80.0, trial::Outcome::Paused);
  // The probe's 0.99 is no result; the failed trial had a model before it failed.
  EXPECT_THAT(steps_of(study.record().anytime), ElementsAre(Pair(35.0, 0.30), Pair(155.0, 0.60)));
  EXPECT_EQ(study.record().anytime.points()[1].trial, better);
}

TEST(Anytime, MarksWhereAnotherPartOfTheStudyBegins) {
  SampleStudy study;
  study.apply(trial::SessionStarted{"{}"});
  const TrialId probe = study.create(trial::Origin::Probe, trial::Purpose::Probe);
  study.run(probe, 1.0, 0.1, 10.0, trial::Outcome::Stopped, trial::Stage::Probe);
  const TrialId first = study.create();
  study.run(first, 1.0, 0.2, 10.0, trial::Outcome::Paused);
  const TrialId second = study.create();
  study.run(second, 1.0, 0.3, 10.0, trial::Outcome::Paused);
  study.apply(trial::SessionStarted{"{}"});
  study.run(second, 2.0, 0.4, 10.0, trial::Outcome::Paused, trial::Stage::Exploration, 1);
  study.run(second, 4.0, 0.5, 10.0, trial::Outcome::Completed, trial::Stage::Final, 2);
  EXPECT_THAT(names_of(study.record().anytime),
              ElementsAre("rung 0", "resumed", "rung 1", "final training"));
  EXPECT_EQ(study.record().anytime.marks()[2].joules, 30.0);
}

TEST(Anytime, AnInfeasibleTrialIsNoResult) {
  trial::Problem problem = SampleStudy::problem();
  problem.constraints = {{trial::measure_from_text("energy"), std::nullopt, 50.0}};
  SampleStudy study(problem);
  study.run(study.create(), 1.0, 0.9, 60.0, trial::Outcome::Paused);
  study.run(study.create(), 1.0, 0.5, 40.0, trial::Outcome::Paused);
  EXPECT_THAT(steps_of(study.record().anytime), ElementsAre(Pair(100.0, 0.5)));
}

const std::vector<AnytimePoint> kPoints{{10.0, 1.0, 0.5, TrialId{0}, 1.0},
                                        {30.0, 3.0, 0.7, TrialId{1}, 1.0},
                                        {60.0, 6.0, 0.8, TrialId{2}, 1.0}};

TEST(QualityAt, IsThatOfTheLastStep) {
  EXPECT_FALSE(quality_at(kPoints, 9.9));
  EXPECT_EQ(quality_at(kPoints, 10.0), 0.5);
  EXPECT_EQ(quality_at(kPoints, 59.0), 0.7);
  EXPECT_EQ(quality_at(kPoints, 1e9), 0.8);
}

TEST(JoulesTo, IsWhereTheQualityIsFirstMet) {
  const auto up = trial::Direction::Maximize;
  EXPECT_EQ(joules_to(kPoints, up, 0.1), 10.0);
  EXPECT_EQ(joules_to(kPoints, up, 0.6), 30.0);
  EXPECT_EQ(joules_to(kPoints, up, 0.7), 30.0);
  EXPECT_FALSE(joules_to(kPoints, up, 0.81));
  const std::vector<AnytimePoint> falling{{10.0, 1.0, 2.0, TrialId{0}, 1.0},
                                          {30.0, 3.0, 1.0, TrialId{1}, 1.0}};
  EXPECT_EQ(joules_to(falling, trial::Direction::Minimize, 1.5), 30.0);
}

TEST(MeanQuality, IsTheAreaOverItsWidth) {
  // (20 * 0.5 + 30 * 0.7 + 40 * 0.8) / 90
  EXPECT_NEAR(mean_quality(kPoints, 10.0, 100.0).value(), 63.0 / 90.0, 1e-12);
  // (10 * 0.5 + 10 * 0.7) / 20
  EXPECT_NEAR(mean_quality(kPoints, 20.0, 40.0).value(), 0.6, 1e-12);
  EXPECT_FALSE(mean_quality(kPoints, 5.0, 40.0));
  EXPECT_FALSE(mean_quality(kPoints, 40.0, 40.0));
}

TEST(HypervolumeCurve, GrowsWithTheFront) {
  SampleStudy study;
  study.run(study.create(), 1.0, 0.5, 40.0, trial::Outcome::Paused);
  study.run(study.create(), 1.0, 0.4, 50.0, trial::Outcome::Paused);  // beaten
  study.run(study.create(), 1.0, 0.7, 80.0, trial::Outcome::Paused);
  const Anytime& anytime = study.record().anytime;
  const std::vector<double> reference{0.0, 100.0};  // losses: -accuracy, joules
  // 0.5 * 60 = 30; then 0.2 * 20 more.
  const HypervolumeCurve curve = hypervolume_curve(anytime.front_points(), reference);
  ASSERT_EQ(curve.size(), 2U);
  EXPECT_EQ(curve[0].first, 40.0);
  EXPECT_NEAR(curve[0].second, 30.0, 1e-9);
  EXPECT_EQ(curve[1].first, 170.0);
  EXPECT_NEAR(curve[1].second, 34.0, 1e-9);
  EXPECT_EQ(hypervolume_at(curve, 39.0), 0.0);
  EXPECT_NEAR(hypervolume_at(curve, 100.0), 30.0, 1e-9);
}

TEST(ReferenceOf, LiesATenthOfTheRangeBeyondTheWorst) {
  const std::vector<AnytimeFrontPoint> left{{1.0, {0.0, 10.0}}};
  const std::vector<AnytimeFrontPoint> right{{1.0, {1.0, 30.0}}};
  const std::vector<std::span<const AnytimeFrontPoint>> both{left, right};
  EXPECT_THAT(reference_of(both), ElementsAre(1.1, 32.0));
}

}  // namespace
}  // namespace wattune::report
