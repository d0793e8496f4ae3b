#include "wattune/energy/rapl.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "support/fake_machine.hpp"
#include "support/fake_powercap.hpp"
#include "support/fake_proc.hpp"
#include "support/must.hpp"

namespace wattune::energy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> ids(const OpenedMeters& opened) {
  std::vector<std::string> names;
  for (const auto& meter : opened.meters) names.push_back(meter->channel().id);
  return names;
}

/// Channels that are shown but not added, and what contains them.
std::vector<std::string> observed(const OpenedMeters& opened) {
  std::vector<std::string> names;
  for (const auto& meter : opened.observed) {
    const Channel& channel = meter->channel();
    names.push_back(channel.id + " in " + channel.contained_in.value_or("nothing"));
  }
  return names;
}

/// The note on a back end, or a failed test.
BackendNote note(const OpenedMeters& opened, const std::string& words) {
  const auto found = std::ranges::find_if(opened.notes, [&](const BackendNote& each) {
    return each.words.find(words) != std::string::npos;
  });
  if (found != opened.notes.end()) return *found;
  ADD_FAILURE() << "no note says: " << words;
  return {};
}

/// A socket that both perf and powercap show.
class RaplTwice : public testing::Test {
 protected:
  RaplTwice() {
    machine.add_cpu(0, 0);
    machine.add_power_pmu("0");
    machine.add_perf_event("energy-pkg", 2, {{0, "package-0"}});
    machine.add_perf_event("energy-ram", 3, {{0, "dram-0"}});
    machine.add_zone("intel-rapl:0", "package-0", "package-0");
  }
  /// `extra` happens in every wait of the test, beside the step of every energy.
  OpenedMeters open(const std::function<void()>& extra = [] {}) {
    const MeterOptions options = machine.options();
    return open_rapl(machine.clock(), {.powercap_root = options.powercap_root,
                                       .sysfs_root = options.sysfs_root,
                                       .proc_root = options.proc_root,
                                       .perf = options.perf,
                                       .wait = [&](Seconds) {
                                         machine.step();
                                         extra();
                                       }});
  }

  fake::Machine machine;
};

}  // namespace

TEST_F(RaplTwice, ReadsThroughPerfAndShowsTheOtherWayToTheSameEnergy) {
  machine.add_zone("intel-rapl:0/intel-rapl:0:0", "dram", "dram-0");
  const OpenedMeters opened = open();
  ASSERT_THAT(ids(opened), ElementsAre("rapl:package-0", "rapl:package-0:dram"));
  EXPECT_THAT(opened.meters[0]->channel().source, HasSubstr("through perf"));
  EXPECT_THAT(observed(opened), ElementsAre("powercap:package-0 in rapl:package-0",
                                            "powercap:package-0:dram in rapl:package-0:dram"));
}

TEST_F(RaplTwice, UsesNoDomainOnWhichTheTwoWaysDisagree) {
  // Powercap counts memory four times too high, as with the wrong unit.
  machine.add_zone("intel-rapl:0/intel-rapl:0:0", "dram", "wrong");
  machine.freeze("wrong");
  machine.freeze("dram-0");
  const OpenedMeters opened = open([&] {
    machine.perf().draw(3, 0, 125'000);
    machine.draw("wrong", Joules{0.5});
  });
  EXPECT_THAT(ids(opened), ElementsAre("rapl:package-0"));
  EXPECT_EQ(note(opened, "should agree within 5 %").backend, "perf:package-0:dram");
}

TEST_F(RaplTwice, ForgivesADifferenceOf4PercentBetweenTheTwoWaysButNotOf7) {
  const auto num_packages = [&](std::uint64_t more_uj) {
    const OpenedMeters opened = open([&] {
      machine.draw("package-0", Joules{100.0});
      machine.perf().draw(2, 0, more_uj);
    });
    return std::ranges::count(ids(opened), "rapl:package-0");
  };
  EXPECT_EQ(num_packages(4'000'000), 1);
  EXPECT_EQ(num_packages(7'000'000), 0);
}

// Pitfall 4
TEST_F(RaplTwice, NeedsNoRangeWherePerfCounts) {
  machine.remove("class/powercap/intel-rapl:0/max_energy_range_uj");
  const OpenedMeters opened = open();
  EXPECT_THAT(ids(opened), ElementsAre("rapl:package-0", "rapl:package-0:dram"));
  EXPECT_EQ(note(opened, "range is unknown").state, BackendState::Refused);
}

TEST_F(RaplTwice, FallsBackOnPowercapWherePerfIsForbidden) {
  machine.perf().deny(EACCES);
  const OpenedMeters opened = open();
  EXPECT_THAT(ids(opened), ElementsAre("rapl:package-0"));
  EXPECT_THAT(opened.meters[0]->channel().source, HasSubstr("through powercap"));
}

TEST_F(RaplTwice, UsesNoneWhereASocketOfTheMachineIsNotShownAtAll) {
  machine.add_cpu(1, 1);
  const OpenedMeters opened = open();
  EXPECT_THAT(opened.meters, IsEmpty());
  EXPECT_THAT(opened.observed, IsEmpty());
  EXPECT_EQ(note(opened, "not used without package-1").state, BackendState::Refused);
}

TEST(Rapl, DoesNotPassPartOfTheMemoryForTheWhole) {
  fake::Powercap powercap;
  powercap.add("intel-rapl:0", {.name = "package-0"});
  powercap.add("intel-rapl:0/intel-rapl:0:0", {.name = "dram"});
  powercap.add("intel-rapl:1", {.name = "package-1"});
  powercap.add("intel-rapl:1/intel-rapl:1:0", {.name = "dram", .step_uj = 0});
  const OpenedMeters opened = powercap.open();
  EXPECT_THAT(ids(opened), ElementsAre("rapl:package-0", "rapl:package-1"));
  EXPECT_EQ(note(opened, "not used without package-1:dram").backend, "powercap:package-0:dram");
}

// Pitfall 11
TEST(Rapl, TakesTheSocketFromTheNameOfAZoneNeverFromItsNumber) {
  fake::Powercap powercap;
  powercap.add("intel-rapl:0", {.name = "psys"});
  powercap.add("intel-rapl:1", {.name = "package-0"});
  powercap.add("intel-rapl:2", {.name = "psys-1"});
  const OpenedMeters opened = powercap.open();
  ASSERT_THAT(ids(opened), ElementsAre("rapl:package-0"));
  EXPECT_EQ(opened.meters[0]->channel().socket, 0);
  EXPECT_EQ(opened.meters[0]->channel().contained_in, "rapl:psys");
}

// Pitfall 28
TEST(Rapl, KeepsItsFilesOpenAndAwayFromStartedPrograms) {
  fake::Powercap powercap;
  powercap.add("intel-rapl:0", {});
  const OpenedMeters opened = powercap.open();
  int num_kept = 0;
  for (const auto& entry : std::filesystem::directory_iterator{"/proc/self/fd"}) {
    std::error_code error;
    const std::string target = std::filesystem::read_symlink(entry.path(), error).string();
    if (target.find("energy_uj") == std::string::npos) continue;
    ++num_kept;
    EXPECT_NE(::fcntl(std::stoi(entry.path().filename()), F_GETFD) & FD_CLOEXEC, 0);
  }
  EXPECT_EQ(num_kept, 1);
}

// Pitfall 7
TEST(Rapl, AddsPackagesAndTheirMemoryAndNothingElse) {
  fake::Powercap powercap;
  powercap.add("intel-rapl:0", {.name = "package-0"});
  powercap.add("intel-rapl:0/intel-rapl:0:0", {.name = "core"});
  powercap.add("intel-rapl:0/intel-rapl:0:1", {.name = "uncore"});
  powercap.add("intel-rapl:0/intel-rapl:0:2", {.name = "dram"});
  powercap.add("intel-rapl:1", {.name = "psys"});
  powercap.add("intel-rapl:2", {.name = "package-1"});
  powercap.add("intel-rapl:3", {.name = "surprise"});

  const OpenedMeters opened = powercap.open();

  EXPECT_THAT(ids(opened), ElementsAre("rapl:package-0", "rapl:package-0:dram", "rapl:package-1"));
  EXPECT_EQ(opened.meters[1]->channel().kind, ChannelKind::Dram);
  EXPECT_THAT(observed(opened),
              ElementsAre("rapl:psys in nothing", "rapl:package-0:core in rapl:package-0",
                          "rapl:package-0:uncore in rapl:package-0"));
  EXPECT_EQ(note(opened, "contains the packages").backend, "powercap:psys");
  EXPECT_EQ(note(opened, "already part of its package").backend, "powercap:package-0:core");
  EXPECT_EQ(note(opened, "\"surprise\" is not a zone").backend, "powercap:surprise");
}

TEST(Rapl, FindsInnerZonesThatTheKernelListsBesideTheirPackage) {
  fake::Powercap powercap;
  powercap.add("intel-rapl:0", {.name = "package-0"});
  powercap.add("intel-rapl:0:0", {.name = "dram"});
  EXPECT_THAT(ids(powercap.open()), ElementsAre("rapl:package-0", "rapl:package-0:dram"));
}

// Pitfall 8
TEST(Rapl, CountsTheSameEnergyOnceWhereItHasTwoViews) {
  fake::Powercap powercap;
  powercap.add("intel-rapl:0", {.name = "package-0"});
  powercap.add("intel-rapl-mmio:0", {.name = "package-0"});
  const OpenedMeters opened = powercap.open();
  EXPECT_THAT(ids(opened), ElementsAre("rapl:package-0"));
  EXPECT_THAT(note(opened, "is the same energy as intel-rapl:0").words, HasSubstr("mmio"));
  EXPECT_THAT(observed(opened), ElementsAre("mmio:package-0 in rapl:package-0"));
}

TEST(Rapl, TakesTheOtherViewWhereTheFirstIsAPhantom) {
  fake::Powercap powercap;
  powercap.add("intel-rapl:0", {.name = "package-0", .step_uj = 0});
  powercap.add("intel-rapl-mmio:0", {.name = "package-0"});
  const OpenedMeters opened = powercap.open();
  ASSERT_EQ(opened.meters.size(), 1u);
  EXPECT_THAT(opened.meters[0]->channel().source, HasSubstr("intel-rapl-mmio:0"));
}

// Pitfalls 9 and 10
TEST(Rapl, TellsMirroredDiesFromRealOnes) {
  fake::Powercap mirrored;
  mirrored.add("intel-rapl:0", {.name = "package-0-die-0", .energy_uj = 7'000'000});
  mirrored.add("intel-rapl:1", {.name = "package-0-die-1", .energy_uj = 7'000'061});
  fake::Powercap real;
  real.add("intel-rapl:0", {.name = "package-0-die-0", .energy_uj = 7'000'000});
  real.add("intel-rapl:1", {.name = "package-0-die-1", .energy_uj = 9'000'000});
  fake::Powercap sockets;
  sockets.add("intel-rapl:0", {.name = "package-0", .energy_uj = 7'000'000});
  sockets.add("intel-rapl:1", {.name = "package-1", .energy_uj = 7'000'000});

  const OpenedMeters opened = mirrored.open();

  EXPECT_THAT(ids(opened), ElementsAre("rapl:package-0-die-0"));
  EXPECT_EQ(note(opened, "mirrors package-0-die-0").backend, "powercap:package-0-die-1");
  EXPECT_THAT(observed(opened), ElementsAre("rapl:package-0-die-1 in rapl:package-0-die-0"));
  EXPECT_THAT(ids(real.open()), ElementsAre("rapl:package-0-die-0", "rapl:package-0-die-1"));
  EXPECT_THAT(ids(sockets.open()), ElementsAre("rapl:package-0", "rapl:package-1"));
}

// Pitfall 1
TEST(Rapl, RefusesACounterThatNeverMoves) {
  fake::Powercap powercap;
  powercap.add("intel-rapl:0", {.name = "package-0", .energy_uj = 0, .step_uj = 0});
  const OpenedMeters opened = powercap.open();
  EXPECT_THAT(opened.meters, IsEmpty());
  EXPECT_EQ(note(opened, "phantom").state, BackendState::Refused);
}

TEST(Rapl, SaysHowToGetPermission) {
  fake::Powercap powercap;
  powercap.add("intel-rapl:0", {.name = "package-0"});
  powercap.deny("intel-rapl:0");
  const fake::OtherUser nobody;
  const OpenedMeters opened = powercap.open();
  EXPECT_THAT(opened.meters, IsEmpty());
  EXPECT_THAT(note(opened, "root only").remedy, HasSubstr("/bin/chgrp energy /sys%p/energy_uj"));
}

TEST(Rapl, DoesNotPassPartOfAMachineForTheWhole) {
  fake::Powercap powercap;
  powercap.add("intel-rapl:0", {.name = "package-0"});
  powercap.add("intel-rapl:1", {.name = "package-1", .step_uj = 0});
  const OpenedMeters opened = powercap.open();
  EXPECT_THAT(opened.meters, IsEmpty());
  EXPECT_EQ(note(opened, "not used without package-1").backend, "powercap:package-0");
}

TEST(Rapl, DoesNotUseMemoryWithoutItsPackage) {
  fake::Powercap powercap;
  powercap.add("intel-rapl:0", {.name = "package-0", .step_uj = 0});
  powercap.add("intel-rapl:0/intel-rapl:0:0", {.name = "dram"});
  EXPECT_THAT(powercap.open().meters, IsEmpty());
}

// Pitfall 4
TEST(Rapl, RefusesACounterWithoutARange) {
  fake::Powercap powercap;
  powercap.add("intel-rapl:0", {.name = "package-0", .range_uj = std::nullopt});
  const OpenedMeters opened = powercap.open();
  EXPECT_THAT(opened.meters, IsEmpty());
  EXPECT_EQ(note(opened, "range is unknown").state, BackendState::Refused);
}

TEST(Rapl, IsAbsentWithoutZones) {
  fake::Powercap powercap;
  EXPECT_EQ(note(powercap.open(), "no powercap zone").state, BackendState::Absent);
}

TEST(Rapl, CountsThroughATurnOfTheCounter) {
  fake::Powercap powercap;
  powercap.add("intel-rapl:0", {.energy_uj = 9'000'000, .range_uj = 9'999'999, .step_uj = 10});
  const OpenedMeters opened = powercap.open();
  powercap.draw("intel-rapl:0", 1'250'000);
  powercap.clock().advance(Seconds{0.01});
  EXPECT_EQ(must(opened.meters[0]->read(powercap.clock().now())).total, Microjoules{1'250'000});
}

TEST(Rapl, ReportsARestartAsEstimated) {
  fake::Powercap powercap;
  powercap.add("intel-rapl:0", {.energy_uj = 200'000'000'000});
  const OpenedMeters opened = powercap.open();
  Meter& meter = *opened.meters[0];
  const auto see = [&](std::uint64_t raw) {
    powercap.set_energy("intel-rapl:0", raw);
    powercap.clock().advance(Seconds{1.0});
    return meter.read(powercap.clock().now());
  };
  EXPECT_FALSE(must(see(200'010'000'000)).estimated);
  EXPECT_EQ(see(1'000'000).error().kind, ErrorKind::Transient);
  EXPECT_TRUE(must(see(11'000'000)).estimated);
  EXPECT_FALSE(must(see(21'000'000)).estimated);
}

TEST(Rapl, SaysSoWhenACounterFreezes) {
  fake::Powercap powercap;
  powercap.add("intel-rapl:0", {});
  const OpenedMeters opened = powercap.open();
  powercap.clock().advance(Seconds{9.0});
  EXPECT_TRUE(opened.meters[0]->read(powercap.clock().now()));
  powercap.clock().advance(Seconds{2.0});
  EXPECT_THAT(opened.meters[0]->read(powercap.clock().now()).error().message,
              HasSubstr("stood still"));
}

TEST(Rapl, EndsWhenTheZoneIsTakenAway) {
  fake::Powercap powercap;
  powercap.add("intel-rapl:0", {});
  const OpenedMeters opened = powercap.open();
  powercap.remove("intel-rapl:0");
  EXPECT_EQ(opened.meters[0]->read(powercap.clock().now()).error().kind, ErrorKind::Ended);
}

TEST(Rapl, BelievesTwiceTheRatedPowerAndAtLeast400WattsAnd1000WhereNoneIsRated) {
  const auto gap = [](std::optional<std::uint64_t> rated_uw) {
    fake::Powercap powercap;
    powercap.add("intel-rapl:0", {.range_uj = 79'999'999'999, .max_power_uw = rated_uw});
    return powercap.open().meters.at(0)->longest_safe_gap().value();
  };
  EXPECT_DOUBLE_EQ(gap(std::nullopt), 40.0);  // 80 kJ at 1000 W, half of it
  EXPECT_DOUBLE_EQ(gap(100'000'000), 100.0);  // at 400 W
  EXPECT_DOUBLE_EQ(gap(400'000'000), 50.0);
}

TEST(Rapl, IsModelledByTheHostInsideAVirtualMachine) {
  fake::Proc proc;
  proc.folder().write("cpuinfo", "vendor_id\t: GenuineIntel\nflags\t\t: fpu hypervisor avx\n\n");
  fake::Powercap powercap;
  powercap.add("intel-rapl:0", {});
  const OpenedMeters inside = powercap.open(proc.root());
  proc.set_cpuinfo(6, 106);
  const OpenedMeters outside = powercap.open(proc.root());
  EXPECT_EQ(inside.meters[0]->channel().provenance, Provenance::Modelled);
  EXPECT_EQ(outside.meters[0]->channel().provenance, Provenance::Measured);
  EXPECT_DOUBLE_EQ(outside.meters[0]->channel().gain_uncertainty, 0.05);
}

}  // namespace wattune::energy
