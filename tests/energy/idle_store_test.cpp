#include "wattune/energy/idle_store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "support/must.hpp"
#include "support/temporary_folder.hpp"

namespace wattune::energy {
namespace {

using ::testing::HasSubstr;

const IdleConditions kHere{"node7", "6.1.0", "performance"};
const WallTime kNoon{std::chrono::hours(500'000)};

IdlePower idle(const std::string& channel, double watts) {
  return {channel, Watts{watts}, kNoon};
}

}  // namespace

TEST(IdleStore, GivesBackWhatWasCalibratedHere) {
  const TemporaryFolder folder;
  const auto file = folder / "state/idle-power";
  must(save_idle_powers(file, kHere, {idle("package-0", 12.125), idle("nvml:GPU-1", 61.5)}));

  const auto powers = must(load_idle_powers(file, kHere));

  ASSERT_EQ(powers.size(), 2U);
  EXPECT_EQ(powers[0].channel_id, "package-0");
  EXPECT_EQ(powers[0].power, Watts{12.125});
  EXPECT_EQ(powers[0].measured_at, kNoon);
  EXPECT_EQ(powers[1].power, Watts{61.5});
}

TEST(IdleStore, HoldsOnlyForTheHostTheKernelAndTheGovernor) {
  const TemporaryFolder folder;
  const auto file = folder / "idle-power";
  must(save_idle_powers(file, kHere, {idle("package-0", 12.0)}));
  for (const IdleConditions& other : {IdleConditions{"node8", "6.1.0", "performance"},
                                      IdleConditions{"node7", "6.2.0", "performance"},
                                      IdleConditions{"node7", "6.1.0", "powersave"}}) {
    EXPECT_TRUE(must(load_idle_powers(file, other)).empty());
  }
}

TEST(IdleStore, ReplacesAChannelAndKeepsTheOthers) {
  const TemporaryFolder folder;
  const auto file = folder / "idle-power";
  const IdleConditions elsewhere{"node8", "6.1.0", "none"};
  must(save_idle_powers(file, kHere, {idle("a", 1.0), idle("b", 2.0)}));
  must(save_idle_powers(file, elsewhere, {idle("a", 3.0)}));
  must(save_idle_powers(file, kHere, {idle("a", 4.0)}));

  const auto powers = must(load_idle_powers(file, kHere));
  ASSERT_EQ(powers.size(), 2U);
  EXPECT_EQ(powers[0].power, Watts{2.0});
  EXPECT_EQ(powers[1].power, Watts{4.0});
  EXPECT_EQ(must(load_idle_powers(file, elsewhere)).at(0).power, Watts{3.0});
}

TEST(IdleStore, IsEmptyBeforeTheFirstCalibration) {
  EXPECT_TRUE(must(load_idle_powers("/nowhere/idle-power", kHere)).empty());
}

TEST(IdleStore, NamesTheLineThatItCannotRead) {
  const TemporaryFolder folder;
  for (const char* text :
       {"something else\n", "# Wattune idle power, version 1\nnode7\t6.1.0\tnone\ta\t-3\t5\n",
        "# Wattune idle power, version 1\nnode7\t6.1.0\tnone\ta\tnan\t5\n"}) {
    const auto powers = load_idle_powers(folder.write("idle-power", text), kHere);
    ASSERT_FALSE(powers.has_value()) << text;
    EXPECT_EQ(powers.error().kind, ErrorKind::Invalid);
    EXPECT_THAT(powers.error().message, HasSubstr("idle-power:"));
  }
}

TEST(IdleStore, RefusesAPowerThatCannotBe) {
  const TemporaryFolder folder;
  for (const double watts : {-1.0, std::numeric_limits<double>::infinity()}) {
    const auto saved = save_idle_powers(folder / "idle-power", kHere, {idle("a", watts)});
    ASSERT_FALSE(saved.has_value());
    EXPECT_EQ(saved.error().kind, ErrorKind::Invalid);
  }
}

TEST(IdleStore, ReadsTheGovernorOfThisMachine) {
  const TemporaryFolder folder;
  EXPECT_EQ(read_idle_conditions(folder.path()).governor, "none");
  folder.write("cpu0/cpufreq/scaling_governor", "schedutil\n");
  EXPECT_EQ(read_idle_conditions(folder.path()).governor, "schedutil");
  EXPECT_FALSE(read_idle_conditions(folder.path()).host.empty());
}

}  // namespace wattune::energy
