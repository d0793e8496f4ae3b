#include "wattune/energy/perf_power.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/perf_event.h>
#include <unistd.h>

#include <algorithm>

#include "support/fake_machine.hpp"
#include "support/must.hpp"
#include "wattune/energy/rapl.hpp"

namespace wattune::energy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// Two sockets whose first CPUs count, CPU 9 for socket 1.
class PerfPower : public testing::Test {
 protected:
  PerfPower() {
    machine.add_cpu(0, 0);
    machine.add_cpu(9, 1);
    machine.add_power_pmu("0,9");
    machine.add_perf_event("energy-pkg", 2, {{0, "package-0"}, {9, "package-1"}});
  }
  OpenedMeters open() {
    const MeterOptions options = machine.options();
    return open_rapl(machine.clock(), {.powercap_root = options.powercap_root,
                                       .sysfs_root = options.sysfs_root,
                                       .proc_root = options.proc_root,
                                       .perf = options.perf,
                                       .wait = options.wait});
  }
  Microjoules read(Meter& meter) { return must(meter.read(machine.clock().now())).total; }

  fake::Machine machine;
};

std::vector<std::string> ids(const std::vector<std::unique_ptr<Meter>>& meters) {
  std::vector<std::string> names;
  for (const auto& meter : meters) names.push_back(meter->channel().id);
  return names;
}

BackendNote note(const OpenedMeters& opened, const std::string& words) {
  const auto found = std::ranges::find_if(opened.notes, [&](const BackendNote& each) {
    return each.words.find(words) != std::string::npos;
  });
  if (found != opened.notes.end()) return *found;
  ADD_FAILURE() << "no note says: " << words;
  return {};
}

}  // namespace

TEST(ExactTick, ReadsTheScaleOfTheKernelWithoutRounding) {
  const TickEnergy tick = exact_tick("2.3283064365386962890625e-10").value();
  EXPECT_EQ(tick.numerator_uj, 15625u);
  EXPECT_EQ(tick.denominator, std::uint64_t{1} << 26);
}

TEST(ExactTick, ReadsPlainNumbersAndRefusesEverythingElse) {
  EXPECT_EQ(exact_tick("1")->numerator_uj, 1'000'000u);
  EXPECT_EQ(exact_tick("0.000001")->numerator_uj, 1u);
  EXPECT_EQ(exact_tick("6.103515625e-5")->denominator, 256u);
  for (const char* text : {"", "0", "-1", "x", "1e", "1.2.3", "1 J", "1e-99", "1e99",
                           "1234567890123456789012345678901234567890"}) {
    EXPECT_FALSE(exact_tick(text)) << text;
  }
}

TEST_F(PerfPower, CountsInUnitsOf2ToTheMinus32Joules) {
  const OpenedMeters opened = open();
  ASSERT_THAT(ids(opened.meters), ElementsAre("rapl:package-0", "rapl:package-1"));
  EXPECT_EQ(read(*opened.meters[0]), Microjoules{0});
  machine.draw("package-0", Joules{100.0});
  machine.clock().advance(Seconds{1.0});
  EXPECT_EQ(read(*opened.meters[0]), Microjoules{100'000'000});
  EXPECT_EQ(read(*opened.meters[1]), Microjoules{0});
}

// Pitfall 14
TEST_F(PerfPower, AddsManySmallStepsUpExactly) {
  const OpenedMeters opened = open();
  Microjoules last;
  for (int step = 0; step < 3000; ++step) {
    machine.perf().draw(2, 0, 15'625);
    machine.clock().advance(Seconds{0.001});
    last = read(*opened.meters[0]);
  }
  EXPECT_EQ(last, Microjoules{3000 * 15'625});
}

// Pitfall 12: the kernel counts memory in the same unit as everything else, whatever the register
// does. Pitfall 13: and it takes the differences of the 32 bits that count; no register is read
// here.
TEST_F(PerfPower, CountsMemoryInTheSameUnitAsItsPackage) {
  machine.add_perf_event("energy-ram", 3, {{0, "dram-0"}, {9, "dram-1"}});
  const OpenedMeters opened = open();
  ASSERT_THAT(ids(opened.meters), ElementsAre("rapl:package-0", "rapl:package-0:dram",
                                              "rapl:package-1", "rapl:package-1:dram"));
  machine.draw("dram-0", Joules{4.0});
  machine.clock().advance(Seconds{1.0});
  EXPECT_EQ(opened.meters[1]->channel().kind, ChannelKind::Dram);
  EXPECT_EQ(read(*opened.meters[1]), Microjoules{4'000'000});
}

// Pitfall 1
TEST_F(PerfPower, IsAPhantomWithoutEvents) {
  machine.remove("bus/event_source/devices/power/events/energy-pkg");
  const OpenedMeters opened = open();
  EXPECT_THAT(opened.meters, IsEmpty());
  EXPECT_EQ(note(opened, "phantom").backend, "perf");
}

// Pitfall 1
TEST_F(PerfPower, IsAPhantomWhereAnEventCannotBeOpened) {
  machine.perf().deny(EINVAL);
  const OpenedMeters opened = open();
  EXPECT_THAT(opened.meters, IsEmpty());
  EXPECT_EQ(note(opened, "cannot be opened").backend, "perf:package-0");
}

// Pitfall 1
TEST_F(PerfPower, IsAPhantomWhereTheCounterDoesNotMoveWhileACpuWorks) {
  machine.freeze("package-0");
  machine.freeze("package-1");
  const OpenedMeters opened = open();
  EXPECT_THAT(opened.meters, IsEmpty());
  EXPECT_EQ(note(opened, "stood still").state, BackendState::Refused);
}

TEST_F(PerfPower, SaysWhichCommandGivesPermission) {
  std::filesystem::create_directories(machine.proc().root() / "self");
  std::filesystem::create_symlink("/opt/bin/wattune", machine.proc().root() / "self/exe");
  machine.perf().deny(EACCES);
  const BackendNote refused = note(open(), "CAP_PERFMON");
  EXPECT_THAT(refused.remedy, HasSubstr("sudo setcap cap_perfmon+ep /opt/bin/wattune\n"));
  EXPECT_THAT(refused.remedy, HasSubstr("sudo sysctl kernel.perf_event_paranoid=0"));
}

TEST_F(PerfPower, TellsAContainerFromAMissingCapability) {
  machine.perf().deny(EPERM);
  EXPECT_THAT(note(open(), "forbidden").remedy, HasSubstr("--cap-add PERFMON"));
}

// Pitfall 11
TEST_F(PerfPower, TakesTheSocketFromTheTopologyNotFromTheOrderOfTheMask) {
  machine.add_cpu(0, 7);
  machine.add_cpu(9, 3);
  const OpenedMeters opened = open();
  ASSERT_THAT(ids(opened.meters), ElementsAre("rapl:package-3", "rapl:package-7"));
  EXPECT_EQ(opened.meters[0]->channel().socket, 3);
  machine.draw("package-1", Joules{2.0});
  machine.clock().advance(Seconds{1.0});
  EXPECT_EQ(read(*opened.meters[0]), Microjoules{2'000'000});
}

TEST_F(PerfPower, TellsDiesOfOneSocketApart) {
  machine.add_cpu(0, 0, 0);
  machine.add_cpu(9, 0, 1);
  EXPECT_THAT(ids(open().meters), ElementsAre("rapl:package-0-die-0", "rapl:package-0-die-1"));
}

// Pitfall 9
TEST_F(PerfPower, CountsASocketOfAmdOnceHoweverManyDiesTheMaskLists) {
  machine.proc().set_cpuinfo(0x17, 1, 1, "AuthenticAMD");
  machine.add_cpu(9, 0, 1);
  const OpenedMeters opened = open();
  EXPECT_THAT(ids(opened.meters), ElementsAre("rapl:package-0"));
  EXPECT_EQ(note(opened, "again").backend, "perf:CPU 9");
}

TEST_F(PerfPower, DoesNotGuessTheSocketOfACpu) {
  machine.remove("devices/system/cpu/cpu9");
  EXPECT_EQ(note(open(), "socket is not known").backend, "perf:CPU 9");
}

// Pitfall 7
TEST_F(PerfPower, ShowsWhatIsInsideAPackageOrContainsItWithoutAddingIt) {
  machine.add_perf_event("energy-cores", 1, {{0, "core-0"}, {9, "core-1"}});
  machine.add_perf_event("energy-gpu", 4, {{0, "gpu-0"}});
  machine.add_perf_event("energy-psys", 5, {{0, "psys"}});
  const OpenedMeters opened = open();
  ASSERT_THAT(ids(opened.meters), ElementsAre("rapl:package-0", "rapl:package-1"));
  ASSERT_THAT(ids(opened.observed), ElementsAre("rapl:psys", "rapl:package-0:core",
                                                "rapl:package-0:uncore", "rapl:package-1:core"));
  EXPECT_EQ(opened.meters[0]->channel().contained_in, "rapl:psys");
  EXPECT_EQ(opened.observed[3]->channel().contained_in, "rapl:package-1");
}

// Pitfall 27
TEST_F(PerfPower, EndsWhenItsCpuIsUnplugged) {
  const OpenedMeters opened = open();
  machine.perf().unplug(9);
  EXPECT_EQ(opened.meters[1]->read(machine.clock().now()).error().kind, ErrorKind::Ended);
  EXPECT_TRUE(opened.meters[0]->read(machine.clock().now()));
}

TEST_F(PerfPower, MustBeReadBeforeTheDifferenceOfTheKernelOverflows) {
  EXPECT_LE(open().meters[0]->longest_safe_gap(), Seconds{60.0});
}

TEST_F(PerfPower, RefusesAnEventWhoseUnitItDoesNotKnow) {
  machine.write("bus/event_source/devices/power/events/energy-pkg.unit", "Tons\n");
  EXPECT_EQ(note(open(), "scale or unit").backend, "perf:energy-pkg");
}

TEST_F(PerfPower, RefusesEventsThatItDoesNotKnow) {
  machine.add_perf_event("energy-moon", 6, {});
  const OpenedMeters opened = open();
  EXPECT_EQ(note(opened, "not an event that is known").backend, "perf:energy-moon");
  EXPECT_EQ(opened.meters.size(), 2u);
}

// Pitfall 28
TEST(PerfCalls, OpenDescriptorsThatStartedProgramsDoNotInherit) {
  const PerfCalls calls = kernel_perf_calls();
  const int file = calls.open(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_CLOCK, 0);
  if (file < 0) GTEST_SKIP() << "this user may not count on a CPU: errno " << -file;
  EXPECT_NE(::fcntl(file, F_GETFD) & FD_CLOEXEC, 0);
  std::uint64_t count = 0;
  EXPECT_EQ(calls.read(file, &count, sizeof(count)), 8);
  ::close(file);
}

TEST(PerfCalls, AnswerWithTheErrorNumber) {
  EXPECT_LT(kernel_perf_calls().open(0xffff, 2, 0), 0);
}

}  // namespace wattune::energy
