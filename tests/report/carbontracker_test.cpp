#include "wattune/report/carbontracker.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "sample_study.hpp"

namespace wattune::report {
namespace {

using trial::ResourceUnit;

struct Window {
  double step;
  double seconds;
  double joules;
};

/// One assignment with these windows; the machine drew `node_j` meanwhile.
void train(Carbontracker& account, const std::vector<Window>& windows,
           std::optional<double> node_j = std::nullopt, double tail_j = 0.0,
           trial::Stage stage = trial::Stage::Exploration) {
  const TrialId id{0};
  account.apply(trial::Assigned{{id, 0.0, 9.0, 0, 0, stage, std::nullopt}});
  for (const Window& window : windows) {
    account.apply(trial::Reported{
        id, window.step, 0.0, Seconds{window.seconds}, SampleStudy::joules(window.joules), {}});
  }
  if (node_j) {
    trial::AssignmentMetered metered;
    metered.trial = id;
    metered.node = SampleStudy::joules(*node_j);
    account.apply(metered);
  }
  account.apply(trial::AssignmentEnded{id, trial::Outcome::Completed, "", Seconds{1.0},
                                       SampleStudy::joules(tail_j)});
}

Carbontracker::Sum sum_of(const Carbontracker& account, CarbontrackerRelease release) {
  return account.sums(release).value().at(trial::Stage::Exploration);
}

TEST(Carbontracker, IsMeanPowerTimesWallTimeForEachEpoch) {
  Carbontracker account(ResourceUnit::Epochs);
  // Windows of 100 W and 300 W in one epoch, 50 W in the next; a sample falls on every second.
  train(account, {{0.5, 2.0, 200.0}, {1.0, 2.0, 600.0}, {2.0, 4.0, 200.0}});
  const auto sum = sum_of(account, CarbontrackerRelease::V2);
  EXPECT_EQ(sum.num_epochs, 2U);
  EXPECT_NEAR(sum.joules, 200.0 * 4.0 + 50.0 * 4.0, 1e-9);
  EXPECT_EQ(sum.num_copied, 0U);
}

TEST(Carbontracker, TheMeanIsOfSamplesAndNotOfTime) {
  Carbontracker account(ResourceUnit::Epochs);
  // One sample in 1.5 s of 100 W, two in the 1.5 s of 400 W after it: at 1, and at 2 and 3 s.
  train(account, {{0.5, 1.5, 150.0}, {1.0, 1.5, 600.0}});
  EXPECT_NEAR(sum_of(account, CarbontrackerRelease::V2).joules, (100.0 + 800.0) / 3.0 * 3.0, 1e-9);
}

TEST(Carbontracker, AnEpochWithoutASampleHasItsNeighboursPower) {
  Carbontracker account(ResourceUnit::Epochs);
  // 0.4 s at 50 W and 0.4 s at 70 W see no sample, the third sees that of 1 s, 100 W; then none.
  train(account, {{1, 0.4, 20.0}, {2, 0.4, 28.0}, {3, 0.4, 40.0}, {4, 0.4, 400.0}});
  const auto sum = sum_of(account, CarbontrackerRelease::V2);
  EXPECT_EQ(sum.num_copied, 3U);
  EXPECT_NEAR(sum.joules, 100.0 * 1.6, 1e-9);
}

TEST(Carbontracker, ATrainingShorterThanOnePeriodIsNotSeen) {
  Carbontracker account(ResourceUnit::Epochs);
  train(account, {{1, 4.0, 400.0}, {2, 4.0, 400.0}});
  const auto slow = sum_of(account, CarbontrackerRelease::V1);
  EXPECT_EQ(slow.num_unseen, 2U);
  EXPECT_EQ(slow.num_copied, 0U);
  EXPECT_EQ(slow.joules, 0.0);
  EXPECT_EQ(sum_of(account, CarbontrackerRelease::V2).joules, 800.0);
}

TEST(Carbontracker, CountsTheWholeMachineAndLeavesOutHowTheProgramEnds) {
  Carbontracker account(ResourceUnit::Samples);
  // Charged 400 J, of which 100 J came after the last report; the machine drew twice that.
  train(account, {{100, 3.0, 300.0}}, 800.0, 100.0);
  EXPECT_NEAR(sum_of(account, CarbontrackerRelease::V2).joules, 600.0, 1e-9);
  EXPECT_EQ(account.num_charged(), 0U);
}

TEST(Carbontracker, IsUnknownWhereEnergyIsMissing) {
  Carbontracker account(ResourceUnit::Epochs);
  account.apply(
      trial::Assigned{{TrialId{0}, 0.0, 9.0, 0, 0, trial::Stage::Exploration, std::nullopt}});
  account.apply(trial::Reported{TrialId{0}, 1.0, 0.0, Seconds{2.0}, missing_energy(), {}});
  EXPECT_FALSE(account.sums(CarbontrackerRelease::V2));
  EXPECT_TRUE(carbontracker_json(account, {})["value"].is_null());
}

TEST(CarbontrackerJson, IsInWattHoursWithItsPueAndNamesTheDifferences) {
  Carbontracker account(ResourceUnit::Epochs);
  train(account, {{1, 36.0, 3'600.0}});
  train(account, {{1, 36.0, 7'200.0}}, std::nullopt, 0.0, trial::Stage::Final);
  const auto json = carbontracker_json(account, {});
  EXPECT_EQ(json["unit"], "Wh");
  EXPECT_NEAR(json["value"].get<double>(), 3.0 * 1.58, 1e-9);
  EXPECT_NEAR(json["without_pue"].get<double>(), 3.0, 1e-9);
  EXPECT_NEAR(json["stages"]["final"].get<double>(), 2.0 * 1.58, 1e-9);
  EXPECT_GE(json["differs"].size(), 5U);
  EXPECT_EQ(json["num_charged"], 2);
  EXPECT_NEAR(
      carbontracker_json(account, {CarbontrackerRelease::V1, std::nullopt})["value"].get<double>(),
      3.0 * 1.55, 1e-9);
  EXPECT_NEAR(carbontracker_json(account, {CarbontrackerRelease::V2, 1.2})["value"].get<double>(),
              3.6, 1e-9);
}

TEST(Document, HasTheFigureOfCarbontrackerOnlyWhereItIsAskedForAndLeavesTheLedgerAlone) {
  SampleStudy study;
  study.run(study.create(), 1.0, 0.5, 40.0, trial::Outcome::Completed);
  DocumentOptions options;
  const auto plain = report_document(study.record(), options);
  EXPECT_FALSE(plain["ledger"].contains("carbontracker"));
  options.carbontracker = CarbontrackerOptions{};
  const auto both = report_document(study.record(), options);
  EXPECT_EQ(both["ledger"]["total"], plain["ledger"]["total"]);
  EXPECT_NEAR(both["ledger"]["carbontracker"]["without_pue"].get<double>(), 40.0 / 3'600.0, 1e-12);
}

}  // namespace
}  // namespace wattune::report
