#include "wattune/runners/replay.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <map>

#include "support/made_recordings.hpp"

namespace wattune::runners {
namespace {

using ::testing::HasSubstr;
using trial::Outcome;
using trial::Verdict;

/// A runner with its clock and trainings, and what it has told so far.
class Replay {
 public:
  explicit Replay(ReplayOptions options = {}, fake::MadeTrainingOptions made = {})
      : trainings_(std::move(made)) {
    options.max_step = 4.0;
    runner_ = make_replay_runner(trainings_, clock_, options);
  }

  void start(std::uint32_t trial, double quality = 0.9, std::optional<double> from = {},
             std::optional<double> report_every = {}, std::uint32_t seed = 0) {
    Launch launch;
    launch.assignment.trial = TrialId{trial};
    launch.assignment.from = from.value_or(0.0);
    launch.assignment.to = 4.0;
    launch.assignment.report_every = report_every;
    launch.configuration = space::Configuration{{quality}};
    launch.seed = seed;
    if (from) launch.resume_from = trial::Checkpoint{*from, "anywhere"};
    runner_->start(launch);
  }

  /// Waits for what comes next and answers reports.
  void step(Verdict verdict = Verdict::Continue) {
    for (trial::Event& event : runner_->wait(Seconds{1e6})) {
      if (const auto* report = std::get_if<trial::Reported>(&event)) {
        reports.push_back(*report);
        told_at.push_back(now());
        runner_->answer(report->trial, verdict, 4.0);
      }
      if (const auto* end = std::get_if<trial::AssignmentEnded>(&event)) ends.push_back(*end);
      if (const auto* saved = std::get_if<trial::CheckpointSaved>(&event)) saves.push_back(*saved);
      if (const auto* booked = std::get_if<trial::OverheadBooked>(&event))
        booked_time += booked->duration;
    }
  }
  void run(Verdict verdict = Verdict::Continue) {
    while (!runner_->running().empty()) step(verdict);
  }

  [[nodiscard]] double now() const { return elapsed(MonotonicTime{}, clock_.now()).value(); }
  Runner& runner() { return *runner_; }
  [[nodiscard]] EnergyFigure energy() const {
    EnergyFigure sum;
    for (const auto& report : reports) sum += report.energy;
    for (const auto& end : ends) sum += end.energy;
    return sum;
  }

  std::vector<trial::Reported> reports;
  std::vector<double> told_at;
  std::vector<trial::AssignmentEnded> ends;
  std::vector<trial::CheckpointSaved> saves;
  Seconds booked_time;

 private:
  fake::MadeTrainings trainings_;
  VirtualClock clock_;
  std::unique_ptr<Runner> runner_;
};

TEST(ReplayRunner, TakesTheRecordedTimeAndChargesTheRecordedJoules) {
  Replay replay;
  replay.start(0);
  replay.run();

  EXPECT_EQ(replay.told_at, (std::vector{2.0, 4.0, 6.0, 8.0}));
  EXPECT_EQ(replay.reports[1].energy.total(), Microjoules{6'000'000});
  EXPECT_EQ(replay.reports[1].duration, Seconds{2.0});
  EXPECT_EQ(replay.energy().total(), Microjoules{24'000'000});
  EXPECT_EQ(replay.booked_time, Seconds{8.0});
}

TEST(ReplayRunner, NeverSaysThatItHasMeasured) {
  Replay replay;
  replay.start(0);
  replay.run();

  for (const auto& report : replay.reports) {
    EXPECT_EQ(report.energy.provenance, Provenance::Modelled);
  }
  EXPECT_EQ(replay.ends[0].energy.provenance, Provenance::Modelled);
}

TEST(ReplayRunner, LetsWorkersRunBesideEachOther) {
  Replay replay{{.num_workers = 2}};
  replay.start(7);
  replay.start(3);
  replay.run();

  EXPECT_EQ(replay.now(), 8.0);  // not 16
  ASSERT_EQ(replay.reports.size(), 8u);
  for (std::size_t i = 0; i < 8; i += 2) {  // at the same moment the lower number comes first
    EXPECT_EQ(replay.reports[i].trial, TrialId{3});
    EXPECT_EQ(replay.reports[i + 1].trial, TrialId{7});
  }
}

TEST(ReplayRunner, PausesWithACheckpointAndPaysNothingTwice) {
  Replay replay;
  replay.start(0);
  replay.step();
  replay.step(Verdict::Pause);
  replay.step();
  ASSERT_EQ(replay.ends.size(), 1u);
  EXPECT_EQ(replay.ends[0].outcome, Outcome::Paused);
  ASSERT_FALSE(replay.saves.empty());
  EXPECT_EQ(replay.saves.back().step, 2.0);

  replay.start(0, 0.9, 2.0);
  replay.run();

  EXPECT_EQ(replay.now(), 8.0);
  EXPECT_EQ(replay.energy().total(), Microjoules{24'000'000});
  EXPECT_EQ(replay.reports.back().step, 4.0);
}

TEST(ReplayRunner, SavesACheckpointAtEveryReportUnlessToldNotTo) {
  Replay often;
  often.start(0);
  often.run();
  EXPECT_EQ(often.saves.size(), 4u);

  Replay seldom{{.checkpoints_at_reports = false}};
  seldom.start(0);
  seldom.run();
  EXPECT_TRUE(seldom.saves.empty());
}

TEST(ReplayRunner, ReportsAsOftenAsTheStrategyWishes) {
  Replay replay;
  replay.start(0, 0.9, {}, 3.0);
  replay.run();

  ASSERT_EQ(replay.reports.size(), 2u);
  EXPECT_EQ(replay.reports[0].step, 3.0);
  EXPECT_EQ(replay.reports[0].energy.total(), Microjoules{18'000'000});
  EXPECT_EQ(replay.reports[1].step, 4.0);
}

TEST(ReplayRunner, GivesTheSeedToTheRecord) {
  fake::MadeTrainingOptions made;
  made.accuracy = [](const space::Configuration&, std::uint32_t seed, double) { return seed; };
  Replay replay{{}, made};
  replay.start(0, 0.9, {}, {}, 17);
  replay.step();

  EXPECT_EQ(replay.reports.at(0).metrics.at(0).value, 17.0);
}

TEST(ReplayRunner, FailsTheStartOfWhatWasNotRecorded) {
  fake::MadeTrainingOptions made;
  made.is_missing = [](const space::Configuration&) { return true; };
  Replay replay{{}, made};
  replay.start(0);
  replay.run();

  ASSERT_EQ(replay.ends.size(), 1u);
  EXPECT_EQ(replay.ends[0].outcome, Outcome::FailedStart);
  EXPECT_THAT(replay.ends[0].detail, HasSubstr("not recorded"));
  EXPECT_EQ(replay.energy().total(), Microjoules{});
}

TEST(ReplayRunner, EndsATrainingThatDivergesAndChargesTheWayThere) {
  fake::MadeTrainingOptions made;
  made.accuracy = [](const space::Configuration&, std::uint32_t, double step) {
    return step < 3.0 ? 0.5 : std::numeric_limits<double>::quiet_NaN();
  };
  Replay replay{{}, made};
  replay.start(0);
  replay.run();

  EXPECT_EQ(replay.reports.size(), 2u);
  EXPECT_EQ(replay.ends.at(0).outcome, Outcome::FailedMetric);
  EXPECT_THAT(replay.ends[0].detail, HasSubstr("val_accuracy' at step 3"));
  EXPECT_EQ(replay.energy().total(), Microjoules{18'000'000});
}

TEST(ReplayRunner, ChargesWorkThatIsCutOffByItsShareOfTheTime) {
  Replay replay;
  replay.start(0);
  replay.step();
  EXPECT_TRUE(replay.runner().wait(Seconds{0.5}).empty());
  replay.runner().end(TrialId{0}, Outcome::CutBudget);
  replay.run();

  EXPECT_EQ(replay.now(), 2.5);
  EXPECT_EQ(replay.ends.at(0).outcome, Outcome::CutBudget);
  EXPECT_EQ(replay.ends[0].duration, Seconds{0.5});
  EXPECT_EQ(replay.ends[0].energy.total(), Microjoules{1'500'000});
}

std::map<Outcome, int> outcomes_of_500(const InjectedFailures& failures) {
  std::map<Outcome, int> counts;
  Replay replay{{.failures = failures}};
  for (std::uint32_t trial = 0; trial < 500; ++trial) {
    replay.start(trial);
    replay.run();
  }
  for (const auto& end : replay.ends) ++counts[end.outcome];
  return counts;
}

TEST(ReplayRunner, InjectsFailuresAtTheirRates) {
  auto counts = outcomes_of_500({.crash_rate = 0.2, .divergence_rate = 0.1, .seed = 4});

  // Fixed by the seed; four standard deviations around 100 and 50.
  EXPECT_NEAR(counts[Outcome::FailedExit], 100, 36);
  EXPECT_NEAR(counts[Outcome::FailedMetric], 50, 27);
  EXPECT_EQ(
      counts[Outcome::Completed] + counts[Outcome::FailedExit] + counts[Outcome::FailedMetric],
      500);
}

TEST(ReplayRunner, FailsTheSameTrialAtTheSameMomentEveryTime) {
  const auto energies = [](std::uint64_t seed) {
    std::vector<std::int64_t> list;
    Replay replay{{.failures = {.crash_rate = 1.0, .seed = seed}}};
    for (std::uint32_t trial = 0; trial < 20; ++trial) {
      replay.start(trial);
      replay.run();
      list.push_back(replay.energy().total().count());
    }
    return list;
  };
  EXPECT_EQ(energies(1), energies(1));
  EXPECT_NE(energies(1), energies(2));
}

TEST(ReplayRunner, CrashesAgainAtTheSameStepAfterAPause) {
  Replay whole{{.failures = {.crash_rate = 1.0, .seed = 6}}};
  whole.start(0);
  whole.run();
  ASSERT_GT(whole.reports.size(), 1u);  // by choice of the seed

  Replay pieces{{.failures = {.crash_rate = 1.0, .seed = 6}}};
  pieces.start(0);
  pieces.step(Verdict::Pause);
  pieces.step();
  pieces.start(0, 0.9, 1.0);
  pieces.run();

  EXPECT_EQ(pieces.energy().total(), whole.energy().total());
  EXPECT_EQ(pieces.ends.back().outcome, Outcome::FailedExit);
}

TEST(ReplayRunner, ShowsThePowerOfWhatRuns) {
  Replay replay;
  replay.start(0);
  static_cast<void>(replay.runner().wait(Seconds{1.0}));

  ASSERT_EQ(replay.runner().running().size(), 1u);
  EXPECT_EQ(replay.runner().running()[0].since, Seconds{1.0});
  EXPECT_NEAR(replay.runner().running()[0].power->value(), 3.0, 1e-9);
}

TEST(ReplayRunner, RefusesRatesThatAreNoShares) {
  EXPECT_THROW(Replay({.failures = {.crash_rate = 0.7, .divergence_rate = 0.4}}), ConfigError);
  EXPECT_THROW(Replay({.failures = {.crash_rate = -0.1}}), ConfigError);
  EXPECT_THROW(Replay({.num_workers = 0}), ConfigError);
}

TEST(VirtualClock, BeginsAtTheMomentItIsGiven) {
  const WallTime zero{std::chrono::microseconds{5'000'000}};
  VirtualClock clock{zero};
  clock.advance(Seconds{2.0});

  EXPECT_EQ(clock.wall_now(), zero + std::chrono::seconds{2});
}

}  // namespace
}  // namespace wattune::runners
