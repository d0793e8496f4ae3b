#include "wattune/energy/cpu_model.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "support/fake_proc.hpp"
#include "support/must.hpp"

namespace wattune::energy {
namespace {

using testing::HasSubstr;

std::unique_ptr<Meter> open(const fake::Proc& proc, const ManualClock& clock) {
  return must(open_cpu_model(clock.now(), proc.root()));
}

}  // namespace

TEST(CpuModel, AddsIdlePowerOverTimeAndWorkOverCpuTime) {
  fake::Proc proc{2};
  proc.set_cpuinfo(6, 106);  // Ice Lake: 0.767 W and 3.758 W
  ManualClock clock;
  const auto meter = open(proc, clock);

  clock.advance(Seconds{10.0});
  proc.set_ticks({.user = 100, .nice = 100, .system = 100, .irq = 50, .softirq = 50});

  const double idle = 2 * 0.767 * 10.0;
  const double work = (3.758 - 0.767) * 4.0;
  EXPECT_NEAR(must(meter->read(clock.now())).total.joules().value(), idle + work, 1e-6);
  EXPECT_NEAR(meter->idle_power()->value(), 2 * 0.767, 1e-12);
}

TEST(CpuModel, LeavesOutTimeThatTheMachineDidNotWork) {
  fake::Proc proc{2};
  ManualClock clock;
  const auto meter = open(proc, clock);
  proc.set_ticks({.idle = 1000, .iowait = 1000, .steal = 1000});
  EXPECT_EQ(must(meter->read(clock.now())).total, Microjoules{0});
}

TEST(CpuModel, DrawsMoreTheMoreTheMachineWorks) {
  Microjoules before{-1};
  for (std::uint64_t ticks : {0u, 1u, 50u, 200u}) {
    fake::Proc proc{2};
    ManualClock clock;
    const auto meter = open(proc, clock);
    proc.set_ticks({.user = ticks});
    clock.advance(Seconds{1.0});
    const Microjoules total = must(meter->read(clock.now())).total;
    EXPECT_GT(total, before);
    before = total;
  }
}

TEST(CpuModel, NeverGoesDownWhereAColumnStepsBack) {
  fake::Proc proc{2};
  ManualClock clock;
  const auto meter = open(proc, clock);
  proc.set_ticks({.user = 100});
  const Microjoules before = must(meter->read(clock.now())).total;
  proc.set_ticks({.user = 99});
  EXPECT_EQ(must(meter->read(clock.now())).total, before);
}

TEST(CpuModel, NamesItsTableAndWhyItIsUnsure) {
  fake::Proc known{2};
  known.set_cpuinfo(6, 143);
  fake::Proc unknown{2};
  unknown.set_cpuinfo(6, 167);
  ManualClock clock;

  const Channel sapphire = open(known, clock)->channel();
  const Channel stranger = open(unknown, clock)->channel();

  EXPECT_EQ(sapphire.id, "cpu:model");
  EXPECT_EQ(sapphire.provenance, Provenance::Modelled);
  EXPECT_DOUBLE_EQ(sapphire.gain_uncertainty, 0.35);
  EXPECT_THAT(sapphire.source, HasSubstr("Sapphire Rapids"));
  EXPECT_THAT(sapphire.source, HasSubstr("Cloud Carbon Footprint"));
  EXPECT_DOUBLE_EQ(stranger.gain_uncertainty, 0.60);
  EXPECT_THAT(stranger.source, HasSubstr("0.74 W idle and 3.5 W busy"));
  EXPECT_THAT(stranger.source, HasSubstr("family 6 model 167"));
}

TEST(CpuModel, WorksWhereTheProcessorIsNotNamedAtAll) {
  fake::Proc proc{2};
  ManualClock clock;
  EXPECT_THAT(open(proc, clock)->channel().source, HasSubstr("could not be identified"));
}

TEST(CpuModel, IsRefusedWithoutCpuTimes) {
  fake::Proc proc{2};
  proc.remove_stat();
  EXPECT_EQ(open_cpu_model(MonotonicTime{}, proc.root()).error().kind, ErrorKind::Transient);
  proc.folder().write("stat", "something else\n");
  EXPECT_EQ(open_cpu_model(MonotonicTime{}, proc.root()).error().kind, ErrorKind::Invalid);
}

TEST(CpuCoefficients, TellSteppingsOfOneModelApart) {
  const auto name = [](std::uint64_t model, std::uint64_t stepping) {
    const auto found = find_cpu_coefficients({"GenuineIntel", 6, model, stepping, "", false});
    return std::string(found ? found->architecture : "unknown");
  };
  EXPECT_EQ(name(85, 4), "Skylake");
  EXPECT_EQ(name(85, 7), "Cascade Lake");
  EXPECT_EQ(name(85, 11), "unknown");  // Cooper Lake
  EXPECT_EQ(name(158, 9), "unknown");  // Kaby Lake
  EXPECT_EQ(name(158, 13), "Coffee Lake");
}

TEST(CpuCoefficients, HoldTheCorrectedRowOfEpyc5) {
  const auto turin = find_cpu_coefficients({"AuthenticAMD", 0x1a, 0x02, 1, "", false});
  ASSERT_TRUE(turin);
  EXPECT_EQ(turin->idle, Watts{0.267});
  EXPECT_EQ(turin->busy, Watts{1.481});
}

TEST(CpuCoefficients, AreOneRowPerArchitectureAndDrawMoreWhenBusy) {
  std::set<std::string_view> names;
  for (const CpuCoefficients& row : cpu_coefficients()) {
    EXPECT_TRUE(names.insert(row.architecture).second) << row.architecture;
    EXPECT_GT(row.idle, Watts{0.0});
    EXPECT_GT(row.busy, row.idle) << row.architecture;
  }
  EXPECT_EQ(names.size(), 17u);
}

TEST(CpuIdentity, IsThatOfTheFirstProcessor) {
  const CpuIdentity identity = parse_cpu_identity(
      "processor\t: 0\nvendor_id\t: AuthenticAMD\ncpu family\t: 25\nmodel\t\t: 17\n"
      "model name\t: AMD EPYC 9654\nstepping\t: 1\n\nprocessor\t: 1\nvendor_id\t: Other\n");
  EXPECT_EQ(identity.vendor, "AuthenticAMD");
  EXPECT_EQ(identity.name, "AMD EPYC 9654");
  EXPECT_EQ(find_cpu_coefficients(identity)->architecture, "EPYC 4 (Genoa)");
}

TEST(CpuIdentity, ReadsArmPartNumbers) {
  const CpuIdentity identity = parse_cpu_identity(
      "processor\t: 0\nBogoMIPS\t: 243.75\nCPU implementer\t: 0x41\nCPU architecture: 8\n"
      "CPU variant\t: 0x3\nCPU part\t: 0xd0c\nCPU revision\t: 1\n\n");
  EXPECT_EQ(find_cpu_coefficients(identity)->architecture, "Graviton 2-4");
}

// The published measurements that the curve goes through.
TEST(TdpModel, DrawsThePublishedSharesOfItsRatedPower) {
  EXPECT_DOUBLE_EQ(tdp_share(0.0), 0.12);
  EXPECT_DOUBLE_EQ(tdp_share(0.1), 0.32);
  EXPECT_DOUBLE_EQ(tdp_share(0.5), 0.75);
  EXPECT_DOUBLE_EQ(tdp_share(1.0), 1.02);
  EXPECT_DOUBLE_EQ(tdp_share(0.3), 0.535);
}

TEST(TdpModel, DrawsMoreTheMoreTheMachineWorksAndNoMoreThanAtFullLoad) {
  double before = 0.0;
  for (int percent = 0; percent <= 100; ++percent) {
    const double share = tdp_share(percent / 100.0);
    EXPECT_GT(share, before) << percent;
    before = share;
  }
  EXPECT_DOUBLE_EQ(tdp_share(1.5), 1.02);
  EXPECT_DOUBLE_EQ(tdp_share(-0.5), 0.12);
}

TEST(TdpModel, IntegratesThePowerAtTheLoadOfEveryInterval) {
  fake::Proc proc{4};
  ManualClock clock;
  const auto meter = must(open_tdp_model(clock.now(), Watts{200.0}, proc.root()));
  clock.advance(Seconds{1.0});
  EXPECT_EQ(must(meter->read(clock.now())).total, Microjoules{24'000'000});
  clock.advance(Seconds{1.0});
  proc.set_ticks({.user = 200});  // Two of four threads.
  EXPECT_EQ(must(meter->read(clock.now())).total, Microjoules{174'000'000});
  EXPECT_EQ(meter->idle_power(), Watts{24.0});
  EXPECT_DOUBLE_EQ(meter->channel().gain_uncertainty, 0.30);
  EXPECT_EQ(meter->channel().kind, ChannelKind::Package);
}

TEST(TdpModel, LeavesOutTimeThatTheHostStole) {
  fake::Proc proc{2};
  ManualClock clock;
  const auto meter = must(open_tdp_model(clock.now(), Watts{100.0}, proc.root()));
  clock.advance(Seconds{1.0});
  proc.set_ticks({.steal = 200});
  EXPECT_EQ(must(meter->read(clock.now())).total, Microjoules{12'000'000});
}

}  // namespace wattune::energy
