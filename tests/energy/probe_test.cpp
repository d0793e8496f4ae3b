#include "wattune/energy/probe.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/magic.h>
#include <sys/statfs.h>

#include <algorithm>

#include "support/fake_amd_smi.hpp"
#include "support/fake_machine.hpp"
#include "support/fake_nvml.hpp"
#include "support/fake_powercap.hpp"
#include "support/fake_proc.hpp"
#include "support/must.hpp"

namespace wattune::energy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// A machine made of folders and a fake driver.
struct Machine {
  fake::Powercap powercap;
  fake::Proc proc;
  fake::NvmlScenario nvml;
  fake::AmdSmiScenario amd;
  std::string amd_library = "/nowhere/libamd_smi.so.26";

  MachineMeters open(const std::string& library = fake::NvmlScenario::library()) {
    return open_meters(powercap.clock(), {.powercap_root = powercap.root(),
                                          .proc_root = proc.root(),
                                          .nvml_library = library,
                                          .wait = [this](Seconds) { powercap.step(); },
                                          .sysfs_root = "/nowhere",
                                          .amd_smi_library = amd_library});
  }
};

std::vector<std::string> ids(const MachineMeters& machine) {
  std::vector<std::string> names;
  for (const auto& meter : machine.meters) names.push_back(meter->channel().id);
  return names;
}

BackendState state_of(const MachineMeters& machine, const std::string& backend) {
  const auto found = std::ranges::find(machine.notes, backend, &BackendNote::backend);
  if (found == machine.notes.end()) {
    ADD_FAILURE() << "no note on " << backend;
    return BackendState::Absent;
  }
  EXPECT_FALSE(found->words.empty());
  return found->state;
}

}  // namespace

TEST(Probe, MeasuresWhatCanBeMeasured) {
  Machine machine;
  machine.powercap.add("intel-rapl:0", {});
  machine.nvml.add_gpu("GPU-1");
  const MachineMeters opened = machine.open();
  EXPECT_THAT(ids(opened), ElementsAre("rapl:package-0", "nvml:GPU-1"));
  EXPECT_EQ(state_of(opened, "cpu:model"), BackendState::Refused);
  ASSERT_EQ(opened.gpus.size(), 1u);
  EXPECT_EQ(opened.gpus[0].uuid, "GPU-1");
}

TEST(Probe, ModelsTheProcessorWhereNoCounterCanBeRead) {
  Machine machine;
  const MachineMeters opened = machine.open("/nowhere/libnvidia-ml.so.1");
  EXPECT_THAT(ids(opened), ElementsAre("cpu:model"));
  EXPECT_EQ(state_of(opened, "powercap"), BackendState::Absent);
  EXPECT_EQ(state_of(opened, "cpu:model"), BackendState::Used);
  EXPECT_EQ(state_of(opened, "nvml"), BackendState::Absent);
}

TEST(Probe, ListsAGpuThatHasNoMeter) {
  Machine machine;
  machine.nvml.add_gpu("GPU-1");
  const MachineMeters opened = machine.open(fake::NvmlScenario::old_library());
  EXPECT_THAT(ids(opened), ElementsAre("cpu:model"));
  EXPECT_EQ(opened.gpus.size(), 1u);
  EXPECT_EQ(state_of(opened, "nvml:GPU-1"), BackendState::Refused);
}

TEST(Probe, MeasuresGpusOfBothMakers) {
  Machine machine;
  machine.nvml.add_gpu("GPU-1");
  machine.amd.add_gpu("uuid-a");
  machine.amd_library = fake::AmdSmiScenario::library();
  machine.powercap.add("intel-rapl:0", {});
  const MachineMeters opened = machine.open();
  EXPECT_THAT(ids(opened), ElementsAre("rapl:package-0", "nvml:GPU-1", "amdsmi:pci:0000:01:00.0"));
}

TEST(Probe, RefusesALibraryOfAmdThatItDoesNotKnow) {
  Machine machine;
  machine.amd.set("abi", "27");
  machine.amd_library = fake::AmdSmiScenario::library();
  const MachineMeters opened = machine.open();
  EXPECT_EQ(state_of(opened, "amdsmi"), BackendState::Refused);
}

TEST(Probe, FindsNothingWithoutInventingAnything) {
  Machine machine;
  machine.proc.remove_stat();
  const MachineMeters opened = machine.open("/nowhere/libnvidia-ml.so.1");
  EXPECT_THAT(opened.meters, IsEmpty());
  EXPECT_EQ(state_of(opened, "cpu:model"), BackendState::Absent);
}

/// A processor that perf and powercap show, rated at 125 W, while its sources fail one by one.
TEST(RunningMachine, GoesOnWithPowercapAndThenTheModelWhereCountersFail) {
  fake::Machine machine;
  machine.proc().set_cpuinfo(6, 9999);
  machine.add_cpu(0, 0);
  machine.add_power_pmu("0");
  machine.add_perf_event("energy-pkg", 2, {{0, "package-0"}});
  machine.add_zone("intel-rapl:0", "package-0", "package-0");
  machine.write("class/powercap/intel-rapl:0/constraint_0_max_power_uw", "125000000\n");
  MachineMeters opened = machine.open();
  Meter& package = *opened.meters.at(0);
  ASSERT_EQ(package.channel().id, "rapl:package-0");
  bool is_stuck = false;
  const auto run = [&](int seconds) {
    Result<Reading> reading = fail(ErrorKind::Transient, "");
    for (int i = 0; i < seconds; ++i) {
      machine.clock().advance(Seconds{1.0});
      if (!is_stuck) machine.draw("package-0", Joules{20.0});
      reading = package.read(machine.clock().now());
    }
    return reading;
  };
  EXPECT_FALSE(must(run(5)).fallback);

  machine.perf().unplug(0);
  EXPECT_NEAR(must(run(20)).total.joules().value(), 25 * 20.0, 25.0);
  EXPECT_EQ(package.channel().provenance, Provenance::Measured);
  EXPECT_THAT(package.channel().source, HasSubstr("through powercap"));

  is_stuck = true;
  const Reading modelled = must(run(40));
  EXPECT_EQ(package.channel().provenance, Provenance::Modelled);
  EXPECT_EQ(modelled.fallback->gain_uncertainty, 0.30);
  EXPECT_GT(modelled.total.joules().value(), 25 * 20.0 + 40 * 14.0);
}

/// A desktop whose processor is not in the table, with or without permission to read its counter.
class Fallback : public testing::Test {
 protected:
  Fallback() {
    machine.proc().set_cpuinfo(6, 9999);
    machine.add_cpu(0, 0);
    machine.add_zone("intel-rapl:0", "package-0", "package");
    machine.write("class/powercap/intel-rapl:0/constraint_0_max_power_uw", "125000000\n");
    machine.write("shared/intel-rapl:0/energy_uj", "1000000\n");
    options = machine.options();
    machine.freeze("package");
  }
  MachineMeters open() { return open_meters(machine.clock(), options); }

  fake::Machine machine;
  MeterOptions options;
};

TEST_F(Fallback, ModelsFromTheRatedPowerThatEverybodyMayRead) {
  const MachineMeters opened = open();
  ASSERT_THAT(ids(opened), ElementsAre("cpu:model"));
  EXPECT_EQ(opened.meters[0]->idle_power(), Watts{15.0});
  EXPECT_DOUBLE_EQ(opened.meters[0]->channel().gain_uncertainty, 0.30);
}

TEST_F(Fallback, ModelsFromTheTableBeforeTheRatedPowerUnlessThatWasStated) {
  machine.proc().set_cpuinfo(6, 106);
  EXPECT_EQ(open().meters[0]->channel().kind, ChannelKind::Node);
  options.cpu_tdp = Watts{65.0};
  const MachineMeters opened = open();
  EXPECT_EQ(opened.meters[0]->channel().kind, ChannelKind::Package);
  EXPECT_EQ(opened.meters[0]->idle_power(), Watts{65.0 * 0.12});
}

TEST_F(Fallback, CountsTheRatedPowerOfEverySocket) {
  machine.add_cpu(1, 1);
  options.cpu_tdp = Watts{100.0};
  EXPECT_EQ(open().meters[0]->idle_power(), Watts{24.0});
}

TEST_F(Fallback, UsesTheMeanWhereNothingIsKnown) {
  machine.remove("class/powercap/intel-rapl:0/constraint_0_max_power_uw");
  const MachineMeters opened = open();
  ASSERT_THAT(ids(opened), ElementsAre("cpu:model"));
  EXPECT_DOUBLE_EQ(opened.meters[0]->channel().gain_uncertainty, 0.60);
}

TEST_F(Fallback, DoesNotUseTheRatedPowerOfAHostForItsVirtualMachine) {
  machine.proc().folder().write("cpuinfo", "vendor_id\t: GenuineIntel\nflags\t: hypervisor\n\n");
  options.cpu_tdp = Watts{100.0};
  EXPECT_EQ(open().meters[0]->channel().kind, ChannelKind::Node);
}

TEST_F(Fallback, PrefersWhatTheHostSharesToAModel) {
  options.shared_powercap_root = machine.sysfs() / "shared";
  const MachineMeters opened = open();
  ASSERT_THAT(ids(opened), ElementsAre("shared:intel-rapl:0"));
  EXPECT_EQ(opened.meters[0]->channel().provenance, Provenance::Modelled);
  EXPECT_DOUBLE_EQ(opened.meters[0]->channel().gain_uncertainty, 0.20);
  machine.clock().advance(Seconds{5.0});
  machine.write("shared/intel-rapl:0/energy_uj", "251000000");
  EXPECT_EQ(opened.meters[0]->read(machine.clock().now())->total, Microjoules{250'000'000});
}

TEST_F(Fallback, PrefersItsOwnCounterToWhatTheHostShares) {
  options.shared_powercap_root = machine.sysfs() / "shared";
  options.wait = [&](Seconds) { machine.draw("package", Joules{1.0}); };
  const MachineMeters opened = open();
  EXPECT_THAT(ids(opened), ElementsAre("rapl:package-0"));
  EXPECT_EQ(state_of(opened, "shared"), BackendState::Refused);
}

TEST_F(Fallback, SaysSoWhereTheSharedFolderIsEmpty) {
  options.shared_powercap_root = machine.sysfs() / "nowhere";
  EXPECT_EQ(state_of(open(), "shared"), BackendState::Absent);
}

// The kernel's own folder mounted elsewhere, as into a container, is no other program's.
TEST_F(Fallback, ReadsTheKernelsOwnFolderLikeAnyPowercap) {
  struct statfs status {};
  if (::statfs("/sys", &status) != 0 || status.f_type != SYSFS_MAGIC) {
    GTEST_SKIP() << "/sys is not the kernel's here";
  }
  options.shared_powercap_root = "/sys/kernel";
  const MachineMeters opened = open();
  EXPECT_EQ(state_of(opened, "powercap"), BackendState::Absent);
  EXPECT_EQ(std::ranges::count(opened.notes, "shared", &BackendNote::backend), 0);
}

// Pitfall 35
TEST_F(Fallback, ModelsMemoryBesideAModelThatDoesNotContainItAndOnlyThere) {
  machine.proc().folder().write("meminfo", "MemTotal: 1048576 kB\n");
  EXPECT_THAT(ids(open()), ElementsAre("cpu:model", "dram:model"));
  options.models_memory = false;
  EXPECT_THAT(ids(open()), ElementsAre("cpu:model"));
  options.models_memory = true;
  machine.proc().set_cpuinfo(6, 106);
  EXPECT_THAT(ids(open()), ElementsAre("cpu:model"));
}

TEST_F(Fallback, ModelsNoMemoryWithoutItsProcessors) {
  machine.proc().folder().write("meminfo", "MemTotal: 1048576 kB\n");
  machine.proc().remove_stat();
  EXPECT_THAT(ids(open()), IsEmpty());
}

TEST_F(Fallback, UsesTheCounterOfABladeThatTellsNoPartsApart) {
  machine.add_counter("cray/pm_counters/energy", "node", 9'000'000'000, " J");
  EXPECT_THAT(ids(open()), ElementsAre("cray:node"));
  machine.write("cray/pm_counters/accel0_energy", "5 J\n");
  EXPECT_THAT(ids(open()), ElementsAre("cpu:model"));
}

TEST_F(Fallback, ShowsTheSensorOfACardThatItsLibraryMeasures) {
  fake::AmdSmiScenario amd;
  amd.add_gpu("uuid-a");
  options.amd_smi_library = fake::AmdSmiScenario::library();
  for (const std::string address : {"0000:01:00.0", "0000:07:00.0"}) {
    const std::string chip = "hwmon" + address.substr(6, 1);
    const std::string device = "devices/pci0000:00/" + address;
    machine.write(device + "/hwmon/" + chip + "/name", "amdgpu\n");
    machine.write(device + "/hwmon/" + chip + "/power1_average", "50000000\n");
    machine.write(device + "/hwmon/" + chip + "/power1_cap", "300000000\n");
    machine.link(device + "/hwmon/" + chip + "/device", "../..");
    machine.link("class/hwmon/" + chip, "../../" + device + "/hwmon/" + chip);
  }
  machine.write("bus/pci/devices/0000:01:00.0/unique_id", "0123456789abcdef\n");
  machine.write("bus/pci/devices/0000:07:00.0/vendor", "0x1002\n");
  const MachineMeters opened = open();
  EXPECT_THAT(ids(opened),
              ElementsAre("amdsmi:pci:0000:01:00.0", "hwmon:pci:0000:07:00.0", "cpu:model"));
  ASSERT_EQ(opened.gpus.size(), 2u);  // trials can reserve both
  EXPECT_EQ(opened.gpus[0].uuid, "uuid-a");
  EXPECT_EQ(opened.gpus[0].rocm_id, "GPU-0123456789abcdef");
  EXPECT_EQ(opened.gpus[1].uuid, opened.meters[1]->channel().device_uuid);
  EXPECT_EQ(opened.gpus[1].rocm_id, "1");
  ASSERT_EQ(opened.observed.size(), 1u);
  EXPECT_EQ(opened.observed[0]->channel().id, "hwmon:pci:0000:01:00.0");
  EXPECT_EQ(opened.observed[0]->channel().contained_in, "amdsmi:pci:0000:01:00.0");
}

// The runtime counts the compute driver's nodes, which need not stand in the order of addresses.
TEST_F(Fallback, NamesAmdsGpusAsTheComputeDriverNumbersThem) {
  fake::AmdSmiScenario amd;
  amd.add_gpu("uuid-a");
  options.amd_smi_library = fake::AmdSmiScenario::library();
  const auto node = [&](int number, const std::string& properties) {
    machine.write("class/kfd/kfd/topology/nodes/" + std::to_string(number) + "/properties",
                  properties);
  };
  const auto rocm_id = [&] { return open().gpus.at(0).rocm_id; };
  machine.write("bus/pci/devices/0000:01:00.0/unique_id", "ffffffffffffffff\n");
  EXPECT_EQ(rocm_id(), "GPU-ffffffffffffffff");  // no compute driver

  node(0, "cpu_cores_count 16\nsimd_count 0\n");
  node(1, "simd_count 256\nlocation_id 2048\ndomain 0\nunique_id 5\n");  // 08:00.0
  node(2, "simd_count 256\nlocation_id 256\ndomain 0\nunique_id 4660\n");
  EXPECT_EQ(rocm_id(), "GPU-0000000000001234");
  node(2, "simd_count 256\nlocation_id 256\ndomain 0\n");
  EXPECT_EQ(rocm_id(), "1");
  node(3, "simd_count 256\nlocation_id 268435712\ndomain 0\nunique_id 4660\n");  // a partition
  EXPECT_EQ(rocm_id(), "1,2");
}

// Pitfall 1
TEST_F(Fallback, DoesNotBelieveABladeThatCountsNothing) {
  machine.write("cray/pm_counters/cpu_energy", "0 J\n");
  const MachineMeters opened = open();
  EXPECT_THAT(ids(opened), ElementsAre("cpu:model"));
  EXPECT_EQ(state_of(opened, "cray:cpu"), BackendState::Refused);
}

}  // namespace wattune::energy
