#include "../../src/runners/outcome.hpp"

#include <gtest/gtest.h>
#include <signal.h>

namespace wattune::runners {
namespace {

using trial::Outcome;
using trial::Verdict;

EndFacts exited(int status) {
  EndFacts facts;
  facts.exit.status = status;
  return facts;
}

TEST(Ending, IsPausedOrStoppedOnlyWhereTheProgramWasToldBeforeItsEnd) {
  EndFacts facts = exited(0);
  EXPECT_EQ(decide_ending(facts).outcome, Outcome::Completed);
  facts.told = Verdict::Pause;
  EXPECT_EQ(decide_ending(facts).outcome, Outcome::Paused);
  facts.told = Verdict::Stop;
  EXPECT_EQ(decide_ending(facts).outcome, Outcome::Stopped);
  facts.is_at_max = true;
  EXPECT_EQ(decide_ending(facts).outcome, Outcome::Completed);
}

TEST(Ending, IsAFailureWhateverWasTold) {
  EndFacts facts = exited(2);
  facts.told = Verdict::Pause;
  facts.stderr_tail = "why";
  EXPECT_EQ(decide_ending(facts).outcome, Outcome::FailedExit);
  EXPECT_EQ(decide_ending(facts).detail, "exit status 2\nwhy");
}

TEST(Ending, IsForMemoryWhereAShellTellsOfTheKill) {
  EndFacts facts = exited(128 + SIGKILL);
  EXPECT_EQ(decide_ending(facts).outcome, Outcome::FailedExit);
  facts.was_out_of_memory = true;
  EXPECT_EQ(decide_ending(facts).outcome, Outcome::FailedMemory);
}

TEST(Ending, IsPausedAfterAllWhereAnUnpausableProgramLeftSomethingToGoOnFrom) {
  EndFacts facts;
  facts.exit.signal = SIGTERM;
  facts.forced = ForcedEnd{Outcome::Interrupted, "too slow", true};
  EXPECT_EQ(decide_ending(facts).outcome, Outcome::Interrupted);
  facts.has_checkpoint = true;
  EXPECT_EQ(decide_ending(facts).outcome, Outcome::Paused);
  facts.has_checkpoint = false;
  facts.exit = exited(0).exit;
  EXPECT_EQ(decide_ending(facts).outcome, Outcome::Paused);
}

TEST(Ending, KeepsTheReasonOfTheRunner) {
  EndFacts facts = exited(0);
  facts.forced = ForcedEnd{Outcome::CutBudget, "", false};
  EXPECT_EQ(decide_ending(facts).outcome, Outcome::CutBudget);
}

TEST(Ending, LacksAMetricOnlyWhereTheProgramHasCompleted) {
  EndFacts facts = exited(0);
  facts.missing_metrics = {"a", "b"};
  EXPECT_EQ(decide_ending(facts).outcome, Outcome::FailedMetric);
  EXPECT_EQ(decide_ending(facts).detail, "exit status 0, but a and b never came");
  facts.told = Verdict::Pause;
  EXPECT_EQ(decide_ending(facts).outcome, Outcome::Paused);
}

}  // namespace
}  // namespace wattune::runners
