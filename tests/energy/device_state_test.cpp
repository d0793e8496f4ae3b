#include "wattune/energy/device_state.hpp"

#include <gtest/gtest.h>

#include "support/fake_nvml.hpp"
#include "support/must.hpp"
#include "support/temporary_folder.hpp"

namespace wattune::energy {
namespace {

/// A machine made of files: what is not written is not there.
class DeviceStateOfFiles : public ::testing::Test {
 protected:
  [[nodiscard]] DeviceState read() const {
    DeviceStateOptions options;
    options.sys_root = folder_ / "sys";
    options.proc_root = folder_ / "proc";
    return read_device_state(options);
  }
  void hwmon(int number, const std::string& file, const std::string& text) const {
    folder_.write("sys/class/hwmon/hwmon" + std::to_string(number) + "/" + file, text + "\n");
  }
  void cpu(int number, const std::string& file, const std::string& text) const {
    folder_.write("sys/devices/system/cpu/cpu" + std::to_string(number) + "/cpufreq/" + file,
                  text + "\n");
  }

  TemporaryFolder folder_;
};

}  // namespace

TEST_F(DeviceStateOfFiles, WhatAMachineDoesNotTellIsAbsent) {
  EXPECT_EQ(read(), DeviceState{});
}

TEST_F(DeviceStateOfFiles, TheWarmestOfTwoIntelPackagesCountsAndNotTheirCores) {
  for (const int package : {0, 1}) {
    hwmon(package, "name", "coretemp");
    hwmon(package, "temp1_label", "Package id " + std::to_string(package));
    hwmon(package, "temp1_input", package == 0 ? "41000" : "47500");
    hwmon(package, "temp2_label", "Core 0");
    hwmon(package, "temp2_input", "63000");
    hwmon(package, "temp1_crit", "100000");
  }

  EXPECT_EQ(read().cpu.temperature, Celsius{47.5});
}

TEST_F(DeviceStateOfFiles, WithoutAPackageSensorTheWarmestCoreCounts) {
  hwmon(0, "name", "coretemp");
  hwmon(0, "temp2_input", "51000");
  hwmon(0, "temp3_input", "53000");

  EXPECT_EQ(read().cpu.temperature, Celsius{53.0});
}

TEST_F(DeviceStateOfFiles, AmdTellsTheDieRatherThanTheControlValueWithItsOffset) {
  hwmon(3, "name", "k10temp");
  hwmon(3, "temp1_label", "Tctl");
  hwmon(3, "temp1_input", "77000");
  hwmon(3, "temp2_label", "Tdie");
  hwmon(3, "temp2_input", "50000");

  EXPECT_EQ(read().cpu.temperature, Celsius{50.0});
}

TEST_F(DeviceStateOfFiles, OtherSensorsAreNotTheProcessor) {
  hwmon(0, "name", "nvme");
  hwmon(0, "temp1_input", "38000");

  EXPECT_EQ(read().cpu.temperature, std::nullopt);
}

TEST_F(DeviceStateOfFiles, TheThermalZoneOfThePackageIsTheLastResort) {
  folder_.write("sys/class/thermal/thermal_zone0/type", "acpitz\n");
  folder_.write("sys/class/thermal/thermal_zone0/temp", "27800\n");
  folder_.write("sys/class/thermal/thermal_zone1/type", "x86_pkg_temp\n");
  folder_.write("sys/class/thermal/thermal_zone1/temp", "44000\n");
  EXPECT_EQ(read().cpu.temperature, Celsius{44.0});

  hwmon(0, "name", "coretemp");
  hwmon(0, "temp1_label", "Package id 0");
  hwmon(0, "temp1_input", "45000");
  EXPECT_EQ(read().cpu.temperature, Celsius{45.0});
}

TEST_F(DeviceStateOfFiles, ABrokenSensorIsNoTemperature) {
  hwmon(0, "name", "coretemp");
  hwmon(0, "temp1_label", "Package id 0");
  for (const std::string text : {"-128000", "255000", "", "n/a", "41000 mC"}) {
    hwmon(0, "temp1_input", text);

    EXPECT_EQ(read().cpu.temperature, std::nullopt) << text;
  }
}

TEST_F(DeviceStateOfFiles, TheClockIsTheMeanOverTheProcessorsAndTheGovernorIsNamed) {
  cpu(0, "scaling_cur_freq", "2000000");
  cpu(1, "scaling_cur_freq", "3000000");
  cpu(0, "scaling_governor", "performance");
  cpu(1, "scaling_governor", "performance");

  EXPECT_EQ(read().cpu.clock, Hertz{2.5e9});
  EXPECT_EQ(read().cpu.governor, "performance");

  cpu(1, "scaling_governor", "powersave");
  EXPECT_EQ(read().cpu.governor, "performance+powersave");
}

TEST_F(DeviceStateOfFiles, TheClockOfALargeMachineIsReadAtSixteenOfItsProcessorsAtMost) {
  // Every second one counts, in the order of their names: cpu0 and cpu10, but not cpu1.
  for (int i = 0; i < 20; ++i) cpu(i, "scaling_cur_freq", "2000000");
  folder_.write("sys/devices/system/cpu/cpu1/cpufreq/scaling_cur_freq", "9000000\n");

  EXPECT_EQ(read().cpu.clock, Hertz{2e9});
}

TEST_F(DeviceStateOfFiles, WithoutCpufreqTheClockComesFromCpuinfo) {
  folder_.write("proc/cpuinfo",
                "processor\t: 0\ncpu MHz\t\t: 2400.000\n\nprocessor\t: 1\ncpu MHz\t\t: 2600.000\n");

  EXPECT_EQ(read().cpu.clock, Hertz{2.5e9});
  EXPECT_EQ(read().cpu.governor, std::nullopt);
}

TEST_F(DeviceStateOfFiles, GpusComeFromWhoeverCanAskThem) {
  DeviceStateOptions options;
  options.sys_root = folder_ / "sys";
  options.proc_root = folder_ / "proc";
  options.gpus = [] {
    return std::vector<DeviceState::Gpu>{{"GPU-a", Celsius{33}, Hertz{1.98e9}, Watts{700}}};
  };

  const DeviceState state = read_device_state(options);

  ASSERT_EQ(state.gpus.size(), 1U);
  EXPECT_EQ(state.gpus[0].power_limit, Watts{700});
  EXPECT_EQ(temperatures_of(state), (std::vector<DeviceTemperature>{{"GPU-a", Celsius{33}}}));
}

// Pitfall 24
TEST(GpuStateReader, TellsTemperatureClockAndTheLimitThatIsEnforced) {
  fake::NvmlScenario scenario;
  scenario.add_gpu("GPU-aaaa");
  scenario.set("temperature0", "41");
  scenario.set("sm_clock0", "1980");
  scenario.add_gpu("GPU-bbbb");
  const auto read = gpu_state_reader(must(Nvml::open({.library = fake::NvmlScenario::library()})));

  const auto gpus = read();

  ASSERT_EQ(gpus.size(), 2U);
  EXPECT_EQ(gpus[0].uuid, "GPU-aaaa");
  EXPECT_EQ(gpus[0].temperature, Celsius{41});
  EXPECT_EQ(gpus[0].clock, Hertz{1.98e9});
  EXPECT_EQ(gpus[0].power_limit, Watts{700});
  EXPECT_EQ(gpus[1].temperature, std::nullopt);

  scenario.set("temperature0", "62");
  EXPECT_EQ(read()[0].temperature, Celsius{62});
}

// A trial on a slice finds its device under the name that it has reserved.
TEST(GpuStateReader, TellsOfEverySliceOfABoardInMigMode) {
  fake::NvmlScenario scenario;
  scenario.add_gpu("GPU-aaaa");
  scenario.set("instances0", "MIG-one:3 MIG-two:2");
  scenario.set("slices0", "7");
  scenario.set("temperature0", "41");
  scenario.add_gpu("GPU-bbbb");
  const auto gpus =
      gpu_state_reader(must(Nvml::open({.library = fake::NvmlScenario::library()})))();
  ASSERT_EQ(gpus.size(), 3U);
  EXPECT_EQ(gpus[0].uuid, "MIG-one");
  EXPECT_EQ(gpus[0].temperature, Celsius{41});
  EXPECT_EQ(gpus[0].power_limit, Watts{700});
  EXPECT_EQ(gpus[1].uuid, "MIG-two");
  EXPECT_EQ(gpus[1].temperature, Celsius{41});
  EXPECT_EQ(gpus[2].uuid, "GPU-bbbb");
}

TEST(LowestTemperatures, AreTakenDeviceByDevice) {
  EXPECT_EQ(lowest({{"cpu", Celsius{40}}}, {{"GPU-a", Celsius{30}}, {"cpu", Celsius{38}}}),
            (std::vector<DeviceTemperature>{{"cpu", Celsius{38}}, {"GPU-a", Celsius{30}}}));
  EXPECT_EQ(lowest({{"cpu", Celsius{40}}}, {{"cpu", Celsius{41}}}),
            (std::vector<DeviceTemperature>{{"cpu", Celsius{40}}}));
}

}  // namespace wattune::energy
