#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "golden_machines.hpp"
#include "support/fake_nvml.hpp"
#include "support/must.hpp"
#include "wattune/energy/channel_tree.hpp"

namespace wattune::energy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> describe(const std::vector<std::unique_ptr<Meter>>& meters) {
  std::vector<std::string> lines;
  for (const auto& meter : meters) {
    const Channel& channel = meter->channel();
    std::string line = channel.id + ", " + std::string(to_text(channel.kind)) + ", " +
                       std::string(to_text(channel.provenance)) + " within " +
                       std::to_string(std::lround(channel.gain_uncertainty * 100.0)) + " %";
    if (channel.contained_in) line += ", in " + *channel.contained_in;
    lines.push_back(line);
  }
  return lines;
}

/// "id: joules" of every meter since it was opened; those that cannot be read are left out.
std::vector<std::string> joules(fake::Machine& machine,
                                const std::vector<std::unique_ptr<Meter>>& meters) {
  std::vector<std::string> lines;
  for (const auto& meter : meters) {
    const auto reading = meter->read(machine.clock().now());
    if (!reading) continue;
    lines.push_back(meter->channel().id + ": " +
                    std::to_string(std::lround(reading->total.joules().value())));
  }
  return lines;
}

BackendNote note(const MachineMeters& machine, const std::string& backend) {
  const auto found = std::ranges::find(machine.notes, backend, &BackendNote::backend);
  if (found != machine.notes.end()) return *found;
  ADD_FAILURE() << "no note on " << backend;
  return {};
}

/// What is added must be an antichain in the tree of everything that is shown.
void expect_antichain(const MachineMeters& machine) {
  std::vector<Channel> all;
  std::vector<std::string> added;
  for (const auto& meter : machine.meters) {
    all.push_back(meter->channel());
    added.push_back(meter->channel().id);
  }
  for (const auto& meter : machine.observed) all.push_back(meter->channel());
  EXPECT_TRUE(ChannelTree(all).is_antichain(added));
  for (const BackendNote& each : machine.notes) EXPECT_FALSE(each.words.empty()) << each.backend;
}

MachineMeters open(fake::Machine& machine) {
  MachineMeters opened = machine.open();
  expect_antichain(opened);
  machine.clock().advance(Seconds{1.0});
  return opened;
}

}  // namespace

// Pitfalls 7 and 8
TEST(Machines, IntelClientAddsItsPackageOnceAndNotThePlatform) {
  const auto machine = fake::intel_client();
  const MachineMeters opened = open(*machine);
  EXPECT_THAT(describe(opened.meters),
              ElementsAre("rapl:package-0, package, measured within 5 %, in rapl:psys",
                          "dram:model, dram, modelled within 50 %"));
  EXPECT_THAT(describe(opened.observed),
              ElementsAre("rapl:psys, platform, measured within 5 %",
                          "mmio:package-0, package, measured within 5 %, in rapl:package-0",
                          "rapl:package-0:core, core, measured within 5 %, in rapl:package-0",
                          "rapl:package-0:uncore, uncore, measured within 5 %, in rapl:package-0"));
  machine->draw("package", Joules{30.0});
  machine->draw("core", Joules{20.0});
  machine->draw("psys", Joules{50.0});
  EXPECT_THAT(joules(*machine, opened.meters), ElementsAre("rapl:package-0: 30", "dram:model: 5"));
  EXPECT_THAT(joules(*machine, opened.observed),
              ElementsAre("rapl:psys: 50", "mmio:package-0: 30", "rapl:package-0:core: 20",
                          "rapl:package-0:uncore: 0"));
  EXPECT_EQ(note(opened, "perf").state, BackendState::Absent);
}

// Pitfalls 11 and 12
TEST(Machines, TwoXeonsAreReadThroughPerfWithTheirMemory) {
  const auto machine = fake::two_xeons();
  const MachineMeters opened = open(*machine);
  EXPECT_THAT(describe(opened.meters),
              ElementsAre("rapl:package-0, package, measured within 5 %",
                          "rapl:package-0:dram, dram, measured within 10 %",
                          "rapl:package-1, package, measured within 5 %",
                          "rapl:package-1:dram, dram, measured within 10 %"));
  EXPECT_EQ(opened.observed.size(), 4u);
  machine->draw("package-0", Joules{100.0});
  machine->draw("dram-0", Joules{10.0});
  machine->draw("package-1", Joules{200.0});
  machine->draw("dram-1", Joules{20.0});
  EXPECT_THAT(joules(*machine, opened.meters),
              ElementsAre("rapl:package-0: 100", "rapl:package-0:dram: 10", "rapl:package-1: 200",
                          "rapl:package-1:dram: 20"));
  EXPECT_THAT(joules(*machine, opened.observed),
              ElementsAre("powercap:package-0: 100", "powercap:package-0:dram: 10",
                          "powercap:package-1: 200", "powercap:package-1:dram: 20"));
  EXPECT_THAT(note(opened, "dram:model").words, HasSubstr("memory is measured"));
}

// Pitfalls 9 and 10
TEST(Machines, ThreadripperCountsItsMirroredDiesOnce) {
  const auto machine = fake::threadripper();
  const MachineMeters opened = open(*machine);
  EXPECT_THAT(describe(opened.meters),
              ElementsAre("rapl:package-0-die-0, package, measured within 15 %"));
  EXPECT_THAT(
      describe(opened.observed),
      ElementsAre("rapl:package-0-die-0:core, core, measured within 15 %, in rapl:package-0-die-0",
                  "rapl:package-0-die-1, package, measured within 15 %, in rapl:package-0-die-0"));
  machine->draw("package", Joules{68.0});
  EXPECT_THAT(joules(*machine, opened.meters), ElementsAre("rapl:package-0-die-0: 68"));
  EXPECT_EQ(note(opened, "dram:model").state, BackendState::Absent);
}

// Pitfall 35: memory is modelled beside a measured package, and only there.
TEST(Machines, EpycMeasuresItsPackagesAndModelsItsMemory) {
  const auto machine = fake::epyc();
  const MachineMeters opened = open(*machine);
  EXPECT_THAT(describe(opened.meters), ElementsAre("rapl:package-0, package, measured within 15 %",
                                                   "rapl:package-1, package, measured within 15 %",
                                                   "dram:model, dram, modelled within 50 %"));
  machine->draw("package-0", Joules{300.0});
  machine->draw("package-1", Joules{400.0});
  EXPECT_THAT(joules(*machine, opened.meters),
              ElementsAre("rapl:package-0: 300", "rapl:package-1: 400", "dram:model: 34"));
  // The zones turn over on the way; perf does not.
  EXPECT_THAT(joules(*machine, opened.observed),
              ElementsAre("powercap:package-0: 300", "powercap:package-1: 400"));
}

// Pitfall 10
TEST(Machines, CascadeLakeApAddsItsTwoRealDies) {
  const auto machine = fake::cascade_lake_ap();
  const MachineMeters opened = open(*machine);
  EXPECT_THAT(describe(opened.meters),
              ElementsAre("rapl:package-0-die-0, package, measured within 5 %",
                          "rapl:package-0-die-0:dram, dram, measured within 10 %",
                          "rapl:package-0-die-1, package, measured within 5 %",
                          "rapl:package-0-die-1:dram, dram, measured within 10 %"));
  EXPECT_THAT(opened.observed, IsEmpty());
  machine->draw("die-0", Joules{70.0});
  machine->draw("die-1", Joules{80.0});
  machine->draw("dram-1", Joules{9.0});
  EXPECT_THAT(joules(*machine, opened.meters),
              ElementsAre("rapl:package-0-die-0: 70", "rapl:package-0-die-0:dram: 0",
                          "rapl:package-0-die-1: 80", "rapl:package-0-die-1:dram: 9"));
}

// Pitfall 19
TEST(Machines, GraceAddsThePartsOfItsSocketAndNotTheModule) {
  const auto machine = fake::grace();
  const MachineMeters opened = open(*machine);
  EXPECT_THAT(describe(opened.meters),
              ElementsAre("grace:cpu-0, package, integrated within 10 %, in grace:socket-0",
                          "grace:sysio-0, uncore, integrated within 10 %, in grace:socket-0",
                          "grace:dram-0, dram, integrated within 20 %, in grace:socket-0"));
  EXPECT_THAT(describe(opened.observed),
              ElementsAre("grace:socket-0, package, integrated within 10 %, in grace:module-0",
                          "grace:module-0, gpu_module, integrated within 10 %"));
  EXPECT_THAT(joules(*machine, opened.meters),
              ElementsAre("grace:cpu-0: 150", "grace:sysio-0: 20", "grace:dram-0: 30"));
  EXPECT_THAT(joules(*machine, opened.observed),
              ElementsAre("grace:socket-0: 200", "grace:module-0: 400"));
  EXPECT_EQ(note(opened, "cpu:model").state, BackendState::Refused);
}

// Pitfall 19
TEST(Machines, GraceHopperAddsItsModuleAndOnlyShowsTheProcessorInside) {
  const auto machine = fake::grace();
  fake::NvmlScenario nvml;
  nvml.add_gpu("GPU-hopper");
  nvml.set("name0", "NVIDIA GH200 480GB");
  nvml.draw(0, Watts{400.0});
  MeterOptions options = machine->options();
  options.nvml_library = fake::NvmlScenario::library();
  options.wait = nvml.wait();
  const MachineMeters opened = open_meters(nvml.clock(), options);
  expect_antichain(opened);
  ASSERT_EQ(opened.meters.size(), 1u);
  EXPECT_EQ(opened.meters[0]->channel().kind, ChannelKind::GpuModule);
  EXPECT_THAT(
      describe(opened.observed),
      ElementsAre("grace:cpu-0, package, integrated within 10 %, in grace:socket-0",
                  "grace:sysio-0, uncore, integrated within 10 %, in grace:socket-0",
                  "grace:dram-0, dram, integrated within 20 %, in grace:socket-0",
                  "grace:socket-0, package, integrated within 10 %, in grace:module-0",
                  "grace:module-0, gpu_module, integrated within 10 %, in nvml:GPU-hopper"));
  EXPECT_EQ(note(opened, "cpu:model").state, BackendState::Refused);
  EXPECT_THAT(note(opened, "dram:model").words, HasSubstr("count it twice"));
}

// Pitfalls 1 and 35
TEST(Machines, KvmGuestIsModelledWithItsMemoryInside) {
  const auto machine = fake::kvm_guest();
  const MachineMeters opened = open(*machine);
  EXPECT_THAT(describe(opened.meters), ElementsAre("cpu:model, node, modelled within 35 %"));
  EXPECT_THAT(note(opened, "perf").words, HasSubstr("phantom"));
  EXPECT_EQ(note(opened, "powercap").state, BackendState::Absent);
  EXPECT_THAT(note(opened, "dram:model").words, HasSubstr("count it twice"));
  machine->clock().advance(Seconds{99.0});
  // Two threads of an Ice Lake without work.
  EXPECT_THAT(joules(*machine, opened.meters), ElementsAre("cpu:model: 153"));
}

TEST(Machines, ContainerIsModelledAndToldHowToBeMeasured) {
  const auto machine = fake::container();
  const MachineMeters opened = open(*machine);
  EXPECT_THAT(describe(opened.meters), ElementsAre("cpu:model, node, modelled within 35 %"));
  EXPECT_THAT(note(opened, "perf").remedy, HasSubstr("--cap-add PERFMON"));
  EXPECT_THAT(note(opened, "powercap:intel-rapl:0").words, HasSubstr("masked"));
  EXPECT_THAT(note(opened, "powercap:intel-rapl:0").remedy, HasSubstr("WATTUNE_POWERCAP_ROOT"));
}

// Pitfall 21
TEST(Machines, JetsonIsMeasuredByTheRailOfItsBoard) {
  const auto machine = fake::jetson();
  fake::NvmlScenario nvml;
  nvml.set("count", "1");  // Everything else that is asked of the GPU is not supported.
  MeterOptions options = machine->options();
  options.nvml_library = fake::NvmlScenario::library();
  const MachineMeters opened = open_meters(machine->clock(), options);
  expect_antichain(opened);
  EXPECT_THAT(describe(opened.meters), ElementsAre("jetson:VDD_IN, node, integrated within 10 %"));
  EXPECT_THAT(
      describe(opened.observed),
      ElementsAre("jetson:VDD_CPU_GPU_CV, package, integrated within 10 %, in jetson:VDD_IN",
                  "jetson:VDD_SOC, uncore, integrated within 10 %, in jetson:VDD_IN"));
  machine->clock().advance(Seconds{1.0});
  EXPECT_THAT(joules(*machine, opened.meters), ElementsAre("jetson:VDD_IN: 10"));
  EXPECT_THAT(joules(*machine, opened.observed),
              ElementsAre("jetson:VDD_CPU_GPU_CV: 4", "jetson:VDD_SOC: 2"));
}

TEST(Machines, CrayIsMeasuredByItsBladeWhereRaplIsForRoot) {
  const auto machine = fake::cray();
  const MachineMeters opened = open(*machine);
  EXPECT_THAT(describe(opened.meters),
              ElementsAre("cray:cpu, package, measured within 5 %, in cray:node",
                          "cray:memory, dram, measured within 5 %, in cray:node"));
  EXPECT_THAT(describe(opened.observed),
              ElementsAre("cray:accel0, gpu, measured within 5 %, in cray:node",
                          "cray:node, node, measured within 5 %"));
  machine->draw("cpu", Joules{200.0});
  machine->draw("memory", Joules{30.0});
  machine->draw("accel", Joules{500.0});
  machine->draw("node", Joules{800.0});
  EXPECT_THAT(joules(*machine, opened.meters), ElementsAre("cray:cpu: 200", "cray:memory: 30"));
  EXPECT_THAT(joules(*machine, opened.observed), ElementsAre("cray:accel0: 500", "cray:node: 800"));
  EXPECT_THAT(note(opened, "perf").remedy, HasSubstr("setcap cap_perfmon+ep"));
}

TEST(Machines, CrayShowsItsBladeBesideRaplWhereRaplCanBeRead) {
  const auto machine = fake::cray();
  machine->perf().deny(0);
  const MachineMeters opened = open(*machine);
  EXPECT_THAT(describe(opened.meters),
              ElementsAre("rapl:package-0, package, measured within 15 %, in cray:cpu",
                          "cray:memory, dram, measured within 5 %, in cray:node"));
  EXPECT_THAT(describe(opened.observed),
              ElementsAre("cray:cpu, package, measured within 5 %, in cray:node",
                          "cray:accel0, gpu, measured within 5 %, in cray:node",
                          "cray:node, node, measured within 5 %"));
}

}  // namespace wattune::energy
