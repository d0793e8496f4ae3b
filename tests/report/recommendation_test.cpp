#include "wattune/report/recommendation.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "report/sample_study.hpp"

namespace wattune::report {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using trial::Outcome;

TrialId trial_of(const std::vector<Recommendation>& list, RecommendationKind kind) {
  for (const Recommendation& recommendation : list) {
    if (recommendation.kind == kind) return recommendation.trial;
  }
  throw std::runtime_error("no such recommendation");
}

/// Trial 0 good and dear, 1 a little worse for half, 2 poor and cheap, 3 worse than 1 in both.
SampleStudy four_trials() {
  SampleStudy study;
  const std::vector<std::pair<double, double>> results{
      {0.90, 100}, {0.895, 50}, {0.6, 10}, {0.8, 60}};
  for (const auto& [accuracy, energy] : results) {
    study.run(study.create(), 4.0, accuracy, energy, Outcome::Completed);
  }
  return study;
}

}  // namespace

TEST(Front, HoldsWhatNothingBeatsBestFirst) {
  const SampleStudy study = four_trials();
  EXPECT_THAT(front(study.history()), ElementsAre(TrialId{0}, TrialId{1}, TrialId{2}));
}

TEST(Recommend, PutsTheCheapestWithinToleranceFirst) {
  const SampleStudy study = four_trials();
  const auto list = recommend(study.history(), 0.01);
  EXPECT_EQ(list.front().kind, RecommendationKind::CheapestWithinTolerance);
  EXPECT_EQ(list.front().trial, TrialId{1});
  EXPECT_THAT(list.front().why, HasSubstr("for 50 % of its energy"));
  EXPECT_EQ(trial_of(list, RecommendationKind::BestQuality), TrialId{0});
}

TEST(Recommend, TakesTheBestWhereToleranceIsZero) {
  const SampleStudy study = four_trials();
  EXPECT_EQ(recommend(study.history(), 0.0).front().trial, TrialId{0});
}

TEST(Recommend, LeavesOutFailedProbedAndInfeasibleTrials) {
  SampleStudy study = four_trials();
  study.run(study.create(), 4.0, 0.99, 1.0, Outcome::FailedExit);
  study.run(study.create(trial::Origin::Probe, trial::Purpose::Probe), 4.0, 0.99, 1.0,
            Outcome::Stopped, trial::Stage::Probe);
  EXPECT_EQ(recommend(study.history(), 0.01).front().trial, TrialId{1});
}

TEST(Recommend, SaysHowFarAPausedTrialWasTrained) {
  SampleStudy study;
  study.run(study.create(), 2.0, 0.9, 10.0, Outcome::Paused);
  EXPECT_THAT(recommend(study.history(), 0.01).front().why, HasSubstr("trained to 2 of 4 epochs"));
}

TEST(Recommend, HasNothingToSayWithoutAResult) {
  EXPECT_TRUE(recommend(SampleStudy{}.history(), 0.01).empty());
}

}  // namespace wattune::report
