#include "training/schedule.hpp"

#include <gtest/gtest.h>

namespace wattune::train {
namespace {

TEST(Schedule, ConstantNeverChanges) {
  EXPECT_EQ(learning_rate(ScheduleKind::Constant, 0.1, 0, 10), 0.1);
  EXPECT_EQ(learning_rate(ScheduleKind::Constant, 0.1, 99, 10), 0.1);
}

TEST(Schedule, CosineFallsFromThePeakToZero) {
  EXPECT_DOUBLE_EQ(learning_rate(ScheduleKind::Cosine, 0.1, 0, 10), 0.1);
  EXPECT_DOUBLE_EQ(learning_rate(ScheduleKind::Cosine, 0.1, 5, 10), 0.05);
  EXPECT_NEAR(learning_rate(ScheduleKind::Cosine, 0.1, 10, 10), 0, 1e-12);
  EXPECT_NEAR(learning_rate(ScheduleKind::Cosine, 0.1, 11, 10), 0, 1e-12);
}

TEST(Schedule, OneCycleRisesForThreeTenthsAndFallsForSeven) {
  EXPECT_NEAR(learning_rate(ScheduleKind::OneCycle, 0.5, 0, 100), 0.02, 1e-12);
  EXPECT_DOUBLE_EQ(learning_rate(ScheduleKind::OneCycle, 0.5, 15, 100), 0.26);
  EXPECT_DOUBLE_EQ(learning_rate(ScheduleKind::OneCycle, 0.5, 30, 100), 0.5);
  EXPECT_NEAR(learning_rate(ScheduleKind::OneCycle, 0.5, 65, 100), 0.250001, 1e-9);
  EXPECT_NEAR(learning_rate(ScheduleKind::OneCycle, 0.5, 100, 100), 2e-6, 1e-12);
}

}  // namespace
}  // namespace wattune::train
