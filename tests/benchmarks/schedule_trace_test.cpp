#include <gtest/gtest.h>

#include "schedule/trace.hpp"

namespace wattune::bench {
namespace {

constexpr double kCap = 60.0;

TEST(ScheduleTrace, KeepsOnlyImprovements) {
  Trace trace;
  improve(trace, 1.0, 0.5);
  improve(trace, 2.0, 0.4);
  improve(trace, 3.0, 0.5);
  improve(trace, 4.0, 0.6);

  ASSERT_EQ(trace.size(), 2u);
  EXPECT_EQ(trace[1].cost, 4.0);
}

TEST(ScheduleTrace, TellsWhenATargetWasReached) {
  const Trace trace{{1.0, 0.5}, {4.0, 0.6}, {70.0, 0.9}};

  EXPECT_EQ(cost_to(trace, 0.5, kCap), 1.0);
  EXPECT_EQ(cost_to(trace, 0.55, kCap), 4.0);
  EXPECT_EQ(cost_to(trace, 0.9, kCap), kCap);  // too late
  EXPECT_EQ(cost_to(trace, 1.0, kCap), kCap);  // never
}

TEST(ScheduleTrace, TellsWhatThereWasAfterACost) {
  const Trace trace{{1.0, 0.5}, {4.0, 0.6}};

  EXPECT_FALSE(best_at(trace, 0.9));
  EXPECT_EQ(best_at(trace, 1.0), 0.5);
  EXPECT_EQ(best_at(trace, 3.9), 0.5);
  EXPECT_EQ(best_at(trace, 100.0), 0.6);
}

TEST(ScheduleTrace, TakesMediansOverRuns) {
  const std::vector<Trace> runs{{{1.0, 0.5}}, {{2.0, 0.7}}, {{10.0, 0.9}}};

  EXPECT_EQ(median_cost_to(runs, 0.7, kCap), 10.0);  // 60, 2, 10
  EXPECT_FALSE(median_best_at(runs, 1.0));           // one of three has reported
  EXPECT_EQ(median_best_at(runs, 2.0), 0.5);         // nothing, 0.5, 0.7
  EXPECT_EQ(median_best_at(runs, 10.0), 0.7);
  EXPECT_EQ(cost_of_median(runs, 0.7, kCap), 10.0);
  EXPECT_EQ(cost_of_median(runs, 0.8, kCap), kCap);
}

TEST(ScheduleTrace, MultipliesForItsMean) {
  EXPECT_NEAR(geometric_mean(std::vector{1.0, 4.0, 16.0}), 4.0, 1e-12);
}

}  // namespace
}  // namespace wattune::bench
