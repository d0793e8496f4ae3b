#include "wattune/energy/dram_model.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/fake_proc.hpp"
#include "support/must.hpp"

namespace wattune::energy {
namespace {

void set_memory(const fake::Proc& proc, const std::string& kilobytes) {
  proc.folder().write("meminfo", "MemTotal:       " + kilobytes + " kB\nMemFree: 5 kB\n");
}

}  // namespace

TEST(DramModel, DrawsAThirdOfAWattForEachGigabyteInstalled) {
  fake::Proc proc;
  set_memory(proc, "67108864");
  ManualClock clock;
  const auto meter = must(open_dram_model(clock.now(), proc.root()));
  clock.advance(Seconds{100.0});
  EXPECT_EQ(must(meter->read(clock.now())).total, to_microjoules(Joules{0.34 * 64 * 100}));
  EXPECT_EQ(meter->idle_power(), Watts{0.34 * 64});
  EXPECT_DOUBLE_EQ(meter->channel().gain_uncertainty, 0.5);
  EXPECT_EQ(meter->channel().provenance, Provenance::Modelled);
}

TEST(DramModel, CoversThePublishedFiguresWithItsUncertainty) {
  for (const double watts_per_gigabyte : {0.284, 0.3725, 0.375, 0.392}) {
    EXPECT_NEAR(watts_per_gigabyte, 0.34, 0.5 * 0.34);
  }
}

TEST(DramModel, FollowsMemoryThatIsAddedWhileItRuns) {
  fake::Proc proc;
  set_memory(proc, "1048576");
  ManualClock clock;
  const auto meter = must(open_dram_model(clock.now(), proc.root()));
  clock.advance(Seconds{1.0});
  set_memory(proc, "2097152");
  EXPECT_EQ(must(meter->read(clock.now())).total, Microjoules{340'000});
  clock.advance(Seconds{1.0});
  EXPECT_EQ(must(meter->read(clock.now())).total, Microjoules{1'020'000});
}

TEST(DramModel, IsNotOpenedWithoutASize) {
  fake::Proc proc;
  EXPECT_EQ(open_dram_model({}, proc.root()).error().kind, ErrorKind::NotFound);
  proc.folder().write("meminfo", "Nothing: 5 kB\n");
  EXPECT_EQ(open_dram_model({}, proc.root()).error().kind, ErrorKind::Invalid);
}

}  // namespace wattune::energy
