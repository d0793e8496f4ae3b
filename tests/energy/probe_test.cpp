#include "wattune/energy/probe.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "support/fake_amd_smi.hpp"
#include "support/fake_nvml.hpp"
#include "support/fake_powercap.hpp"
#include "support/fake_proc.hpp"

namespace wattune::energy {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// A machine made of folders and a fake driver.
struct Machine {
  fake::Powercap powercap;
  fake::Proc proc;
  fake::NvmlScenario nvml;
  fake::AmdSmiScenario amd;
  std::string amd_library = "/nowhere/libamd_smi.so.26";

  MachineMeters open(const std::string& library = fake::NvmlScenario::library()) {
    return open_meters(powercap.clock(),
                       {.powercap_root = powercap.root(),
                        .proc_root = proc.root(),
                        .nvml_library = library,
                        .wait = [this](Seconds) { powercap.draw("intel-rapl:0", 1000); },
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
  EXPECT_EQ(state_of(opened, "rapl"), BackendState::Absent);
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

}  // namespace wattune::energy
