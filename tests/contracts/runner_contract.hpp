#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "wattune/runners/runner.hpp"

namespace wattune::contracts {

/// What every runner must do. A harness gives a runner with two free slots whose program reports
/// `val_accuracy` at the steps 1, 2, 3 and 4 (4 is a full training), waits for each answer, and
/// saves a checkpoint before it pauses:
///
///   struct Harness {
///     runners::Runner& runner();
///     space::Configuration configuration();
///     MonotonicTime now();      // of the runner's clock
///   };
template <typename Harness>
class RunnerContract : public ::testing::Test {
 protected:
  using Events = std::vector<trial::Event>;

  void start(std::uint32_t trial, double from = 0.0,
             std::optional<trial::Checkpoint> resume_from = std::nullopt) {
    runners::Launch launch;
    launch.assignment.trial = TrialId{trial};
    launch.assignment.from = from;
    launch.assignment.to = 4.0;
    launch.configuration = harness_.configuration();
    launch.resume_from = std::move(resume_from);
    harness_.runner().start(launch);
  }

  /// Waits until `done(event)` or all slots are free, answering with `verdict(report)`.
  template <typename Verdicts, typename Done>
  Events run(Verdicts verdict, Done done) {
    Events all;
    bool is_done = false;
    for (int round = 0; round < 1000 && !is_done; ++round) {
      for (trial::Event& event : harness_.runner().wait(Seconds{1.0})) {
        if (const auto* report = std::get_if<trial::Reported>(&event)) {
          harness_.runner().answer(report->trial, verdict(*report), report->step + 1.0);
        }
        is_done = is_done || done(event);
        all.push_back(std::move(event));
      }
      is_done = is_done || harness_.runner().num_free_slots() == 2;
    }
    return all;
  }

  Events run(trial::Verdict verdict) {
    return run([&](const trial::Reported&) { return verdict; },
               [](const trial::Event&) { return false; });
  }

  template <typename T>
  static std::vector<T> only(const Events& events) {
    std::vector<T> found;
    for (const trial::Event& event : events) {
      if (const T* one = std::get_if<T>(&event)) found.push_back(*one);
    }
    return found;
  }

  Harness harness_;
};

TYPED_TEST_SUITE_P(RunnerContract);

TYPED_TEST_P(RunnerContract, RunsATrialToItsEndAndTellsEveryReport) {
  this->start(5);
  const auto events = this->run(trial::Verdict::Continue);
  const auto reports = this->template only<trial::Reported>(events);
  const auto ends = this->template only<trial::AssignmentEnded>(events);

  ASSERT_EQ(reports.size(), 4u);
  for (std::size_t i = 0; i < reports.size(); ++i) {
    EXPECT_EQ(reports[i].trial, TrialId{5});
    EXPECT_EQ(reports[i].step, static_cast<double>(i + 1));
    EXPECT_GE(reports[i].duration, Seconds{});
    ASSERT_FALSE(reports[i].metrics.empty());
    EXPECT_EQ(reports[i].metrics[0].name, "val_accuracy");
  }
  ASSERT_EQ(ends.size(), 1u);
  EXPECT_EQ(ends[0].trial, TrialId{5});
  EXPECT_EQ(ends[0].outcome, trial::Outcome::Completed);
}

TYPED_TEST_P(RunnerContract, TellsTheEndAfterTheReports) {
  this->start(0);
  const auto events = this->run(trial::Verdict::Continue);

  std::size_t last_report = 0;
  std::size_t end = 0;
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (std::holds_alternative<trial::Reported>(events[i])) last_report = i;
    if (std::holds_alternative<trial::AssignmentEnded>(events[i])) end = i;
  }
  EXPECT_LT(last_report, end);
}

TYPED_TEST_P(RunnerContract, TakesASlotForATrialAndGivesItBack) {
  EXPECT_EQ(this->harness_.runner().num_free_slots(), 2u);
  this->start(0);
  EXPECT_EQ(this->harness_.runner().num_free_slots(), 1u);
  this->start(1);
  EXPECT_EQ(this->harness_.runner().num_free_slots(), 0u);
  EXPECT_EQ(this->harness_.runner().running().size(), 2u);
  const auto events = this->run(trial::Verdict::Stop);

  EXPECT_EQ(this->harness_.runner().num_free_slots(), 2u);
  EXPECT_TRUE(this->harness_.runner().running().empty());
  EXPECT_EQ(this->template only<trial::AssignmentEnded>(events).size(), 2u);
}

TYPED_TEST_P(RunnerContract, StopsATrial) {
  this->start(0);
  const auto events = this->run(trial::Verdict::Stop);
  const auto ends = this->template only<trial::AssignmentEnded>(events);

  EXPECT_EQ(this->template only<trial::Reported>(events).size(), 1u);
  ASSERT_EQ(ends.size(), 1u);
  EXPECT_EQ(ends[0].outcome, trial::Outcome::Stopped);
}

TYPED_TEST_P(RunnerContract, PausesATrialAndGoesOnFromItsCheckpoint) {
  this->start(0);
  const auto until_pause = this->run(
      [](const trial::Reported& report) {
        return report.step < 2.0 ? trial::Verdict::Continue : trial::Verdict::Pause;
      },
      [](const trial::Event&) { return false; });
  const auto checkpoints = this->template only<trial::CheckpointSaved>(until_pause);
  const auto ends = this->template only<trial::AssignmentEnded>(until_pause);
  ASSERT_EQ(ends.size(), 1u);
  EXPECT_EQ(ends[0].outcome, trial::Outcome::Paused);
  ASSERT_EQ(checkpoints.size(), 1u);
  EXPECT_EQ(checkpoints[0].step, 2.0);

  this->start(0, 2.0, trial::Checkpoint{checkpoints[0].step, checkpoints[0].path});
  const auto resumed = this->run(trial::Verdict::Continue);
  const auto reports = this->template only<trial::Reported>(resumed);
  ASSERT_EQ(reports.size(), 2u);
  EXPECT_EQ(reports[0].step, 3.0);
  EXPECT_EQ(reports[1].step, 4.0);
  EXPECT_EQ(this->template only<trial::AssignmentEnded>(resumed).at(0).outcome,
            trial::Outcome::Completed);
}

TYPED_TEST_P(RunnerContract, EndsATrialWithTheOutcomeItIsGiven) {
  this->start(0);
  const auto ends_at_once = [&](const trial::Reported& report) {
    this->harness_.runner().end(report.trial, trial::Outcome::CutBudget);
    return trial::Verdict::Continue;
  };
  const auto events = this->run(ends_at_once, [](const trial::Event&) { return false; });
  const auto ends = this->template only<trial::AssignmentEnded>(events);

  ASSERT_EQ(ends.size(), 1u);
  EXPECT_EQ(ends[0].outcome, trial::Outcome::CutBudget);
}

TYPED_TEST_P(RunnerContract, WaitsNoLongerThanAsked) {
  const MonotonicTime begun = this->harness_.now();
  static_cast<void>(this->harness_.runner().wait(Seconds{0.05}));

  EXPECT_GE(elapsed(begun, this->harness_.now()).value(), 0.045);
  EXPECT_LT(elapsed(begun, this->harness_.now()).value(), 2.0);
}

TYPED_TEST_P(RunnerContract, RunsATrialAgainAfterItsEnd) {
  this->start(0);
  static_cast<void>(this->run(trial::Verdict::Stop));
  this->start(0);
  const auto events = this->run(trial::Verdict::Continue);

  EXPECT_EQ(this->template only<trial::AssignmentEnded>(events).size(), 1u);
}

REGISTER_TYPED_TEST_SUITE_P(RunnerContract, RunsATrialToItsEndAndTellsEveryReport,
                            TellsTheEndAfterTheReports, TakesASlotForATrialAndGivesItBack,
                            StopsATrial, PausesATrialAndGoesOnFromItsCheckpoint,
                            EndsATrialWithTheOutcomeItIsGiven, WaitsNoLongerThanAsked,
                            RunsATrialAgainAfterItsEnd);

}  // namespace wattune::contracts
