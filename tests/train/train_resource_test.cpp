#include "training/resource.hpp"

#include <gtest/gtest.h>

namespace wattune::train {
namespace {

TEST(ResourceClock, MeetsABoundInSamplesByTheFirstStepAtOrBeyondIt) {
  const ResourceClock clock(Unit::Samples, 64, 50'000);

  EXPECT_EQ(clock.steps_until(6250), 98);
  EXPECT_EQ(clock.position(98), 6272);
  EXPECT_EQ(clock.steps_until(6272), 98);
}

TEST(ResourceClock, CountsWholeEpochs) {
  const ResourceClock clock(Unit::Epochs, 64, 50'000);

  EXPECT_EQ(clock.steps_until(1), 782);
  EXPECT_EQ(clock.position(781), 0);
  EXPECT_EQ(clock.position(782), 1);
  EXPECT_EQ(clock.steps_until(4), 3125);  // 200,000 / 64: batches run on across epochs
}

TEST(ResourceClock, CountsSteps) {
  const ResourceClock clock(Unit::Steps, 64, 50'000);

  EXPECT_EQ(clock.steps_until(17), 17);
  EXPECT_EQ(clock.position(17), 17);
}

TEST(ResourceClock, ReportsOnMultiplesOfTheInterval) {
  const ResourceClock clock(Unit::Samples, 64, 50'000);

  EXPECT_EQ(clock.next_report(0, 200'000, 6250, 50'000), 98);
  EXPECT_EQ(clock.next_report(98, 200'000, 6250, 50'000), 196);
  EXPECT_EQ(clock.next_report(100, 200'000, 6250, 50'000), 198);  // from here, not from a grid
}

TEST(ResourceClock, ReportsWhereTheAssignmentEndsAtTheLatest) {
  const ResourceClock clock(Unit::Samples, 64, 50'000);

  EXPECT_EQ(clock.next_report(0, 640, 6250, 50'000), 10);
  EXPECT_EQ(clock.next_report(10, 640, 6250, 50'000), 11);  // a report must follow some training
}

TEST(ResourceClock, UsesTheProgramsIntervalWhereTheEngineHasNone) {
  const ResourceClock clock(Unit::Epochs, 100, 50'000);

  EXPECT_EQ(clock.next_report(0, 4, std::nullopt, 50'000), 500);
  EXPECT_EQ(clock.next_report(500, 4, std::nullopt, 50'000), 1000);
}

}  // namespace
}  // namespace wattune::train
