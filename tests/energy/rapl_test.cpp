#include "wattune/energy/rapl.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

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

/// The note on a back end, or a failed test.
BackendNote note(const OpenedMeters& opened, const std::string& words) {
  const auto found = std::ranges::find_if(opened.notes, [&](const BackendNote& each) {
    return each.words.find(words) != std::string::npos;
  });
  if (found != opened.notes.end()) return *found;
  ADD_FAILURE() << "no note says: " << words;
  return {};
}

}  // namespace

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
  EXPECT_EQ(note(opened, "contains the packages").backend, "rapl:psys");
  EXPECT_EQ(note(opened, "already part of its package").state, BackendState::Refused);
  EXPECT_EQ(note(opened, "\"surprise\" is not a zone").backend, "rapl:surprise");
}

TEST(Rapl, FindsInnerZonesThatTheKernelListsBesideTheirPackage) {
  fake::Powercap powercap;
  powercap.add("intel-rapl:0", {.name = "package-0"});
  powercap.add("intel-rapl:0:0", {.name = "dram"});
  EXPECT_THAT(ids(powercap.open()), ElementsAre("rapl:package-0", "rapl:package-0:dram"));
}

TEST(Rapl, CountsTheSameEnergyOnceWhereItHasTwoViews) {
  fake::Powercap powercap;
  powercap.add("intel-rapl:0", {.name = "package-0"});
  powercap.add("intel-rapl-mmio:0", {.name = "package-0"});
  const OpenedMeters opened = powercap.open();
  EXPECT_THAT(ids(opened), ElementsAre("rapl:package-0"));
  EXPECT_THAT(note(opened, "is the same energy as intel-rapl:0").words, HasSubstr("mmio"));
}

TEST(Rapl, TakesTheOtherViewWhereTheFirstIsAPhantom) {
  fake::Powercap powercap;
  powercap.add("intel-rapl:0", {.name = "package-0", .step_uj = 0});
  powercap.add("intel-rapl-mmio:0", {.name = "package-0"});
  const OpenedMeters opened = powercap.open();
  ASSERT_EQ(opened.meters.size(), 1u);
  EXPECT_THAT(opened.meters[0]->channel().source, HasSubstr("intel-rapl-mmio:0"));
}

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
  EXPECT_EQ(note(opened, "mirrors package-0-die-0").backend, "rapl:package-0-die-1");
  EXPECT_THAT(ids(real.open()), ElementsAre("rapl:package-0-die-0", "rapl:package-0-die-1"));
  EXPECT_THAT(ids(sockets.open()), ElementsAre("rapl:package-0", "rapl:package-1"));
}

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
  EXPECT_THAT(note(opened, "root only").words, HasSubstr("chgrp"));
}

TEST(Rapl, DoesNotPassPartOfAMachineForTheWhole) {
  fake::Powercap powercap;
  powercap.add("intel-rapl:0", {.name = "package-0"});
  powercap.add("intel-rapl:1", {.name = "package-1", .step_uj = 0});
  const OpenedMeters opened = powercap.open();
  EXPECT_THAT(opened.meters, IsEmpty());
  EXPECT_EQ(note(opened, "not used without package-1").backend, "rapl:package-0");
}

TEST(Rapl, DoesNotUseMemoryWithoutItsPackage) {
  fake::Powercap powercap;
  powercap.add("intel-rapl:0", {.name = "package-0", .step_uj = 0});
  powercap.add("intel-rapl:0/intel-rapl:0:0", {.name = "dram"});
  EXPECT_THAT(powercap.open().meters, IsEmpty());
}

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

TEST(Rapl, BelievesTwiceTheRatedPowerAndAtLeast400Watts) {
  const auto gap = [](std::optional<std::uint64_t> rated_uw) {
    fake::Powercap powercap;
    powercap.add("intel-rapl:0", {.range_uj = 79'999'999'999, .max_power_uw = rated_uw});
    return powercap.open().meters.at(0)->longest_safe_gap().value();
  };
  EXPECT_DOUBLE_EQ(gap(std::nullopt), 100.0);  // 80 kJ at 400 W, half of it
  EXPECT_DOUBLE_EQ(gap(100'000'000), 100.0);
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
