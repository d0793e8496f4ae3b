#include "wattune/energy/nvml.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/fake_nvml.hpp"
#include "support/must.hpp"

namespace wattune::energy {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

Nvml open() {
  return must(Nvml::open(fake::NvmlScenario::library()));
}

}  // namespace

TEST(Nvml, ListsTheGpusOfTheDriver) {
  fake::NvmlScenario scenario;
  scenario.add_gpu("GPU-aaaa");
  scenario.add_gpu("GPU-bbbb");
  scenario.forget("memory1");

  const std::vector<GpuInfo> gpus = open().list_gpus();

  ASSERT_EQ(gpus.size(), 2u);
  EXPECT_EQ(gpus[0].uuid, "GPU-aaaa");
  EXPECT_EQ(gpus[0].name, "NVIDIA Fake H100");
  EXPECT_EQ(gpus[0].memory_bytes, 80'000'000'000u);
  EXPECT_EQ(gpus[1].index, 1u);
  EXPECT_FALSE(gpus[1].memory_bytes);
}

TEST(Nvml, TellsTheStateOfEveryGpu) {
  fake::NvmlScenario scenario;
  scenario.add_gpu("GPU-aaaa");
  scenario.add_gpu("GPU-bbbb");
  scenario.set("driver", "550.54.15");
  scenario.set("temperature0", "41");
  scenario.set("sm_clock0", "1980");
  scenario.set("memory_clock0", "2619");
  scenario.set("default_limit0", "650000");

  const std::vector<GpuState> states = open().states();

  ASSERT_EQ(states.size(), 2u);
  EXPECT_EQ(states[0].uuid, "GPU-aaaa");
  EXPECT_EQ(states[0].temperature_c, 41.0);
  EXPECT_EQ(states[0].sm_clock_mhz, 1980u);
  EXPECT_EQ(states[0].memory_clock_mhz, 2619u);
  EXPECT_EQ(states[0].enforced_limit, Watts{700.0});
  EXPECT_EQ(states[0].default_limit, Watts{650.0});
  EXPECT_EQ(states[0].driver, "550.54.15");
  EXPECT_EQ(states[1].uuid, "GPU-bbbb");
  EXPECT_FALSE(states[1].temperature_c);
  EXPECT_FALSE(states[1].sm_clock_mhz);
}

TEST(Nvml, CountsMillijoulesAsMicrojoules) {
  fake::NvmlScenario scenario;
  scenario.add_gpu("GPU-aaaa", 5'000);
  ManualClock clock;
  const OpenedMeters opened = open().open_meters(clock.now());
  scenario.set("energy0", "5250");
  clock.advance(Seconds{1.0});
  EXPECT_EQ(must(opened.meters[0]->read(clock.now())).total, Microjoules{250'000});
  EXPECT_EQ(opened.meters[0]->channel().device_uuid, "GPU-aaaa");
  EXPECT_EQ(opened.meters[0]->channel().id, "nvml:GPU-aaaa");
}

TEST(Nvml, SaysWhyAGpuHasNoMeter) {
  fake::NvmlScenario scenario;
  scenario.add_gpu("GPU-old");
  scenario.forget("energy0");
  scenario.add_gpu("GPU-new");
  scenario.add_gpu("GPU-guarded");
  scenario.set("energy_result2", "4");
  const OpenedMeters opened = open().open_meters(MonotonicTime{});

  ASSERT_EQ(opened.meters.size(), 1u);
  ASSERT_EQ(opened.notes.size(), 3u);
  EXPECT_EQ(opened.notes[0].backend, "nvml:GPU-old");
  EXPECT_EQ(opened.notes[0].state, BackendState::Refused);
  EXPECT_THAT(opened.notes[0].words, HasSubstr("no energy counter"));
  EXPECT_EQ(opened.notes[1].state, BackendState::Used);
  EXPECT_EQ(opened.notes[2].state, BackendState::Refused);
}

TEST(Nvml, KeepsAGpuWhoseFirstReadMerelyFailed) {
  fake::NvmlScenario scenario;
  scenario.add_gpu("GPU-aaaa", 1'000);
  scenario.set("energy_result0", "999");
  ManualClock clock;
  const OpenedMeters opened = open().open_meters(clock.now());
  ASSERT_EQ(opened.meters.size(), 1u);
  scenario.set("energy_result0", "0");
  EXPECT_EQ(must(opened.meters[0]->read(clock.now())).total, Microjoules{0});
}

TEST(Nvml, EndsWhenTheGpuIsLost) {
  fake::NvmlScenario scenario;
  scenario.add_gpu("GPU-aaaa");
  const OpenedMeters opened = open().open_meters(MonotonicTime{});
  scenario.set("energy_result0", "15");
  const auto reading = opened.meters[0]->read(MonotonicTime{});
  EXPECT_EQ(reading.error().kind, ErrorKind::Ended);
  EXPECT_THAT(reading.error().message, HasSubstr("GPU is lost"));
}

TEST(Nvml, CountsOnAfterTheDriverWasReloaded) {
  fake::NvmlScenario scenario;
  scenario.add_gpu("GPU-aaaa", 90'000'000);
  ManualClock clock;
  const OpenedMeters opened = open().open_meters(clock.now());
  const auto see = [&](const std::string& millijoules) {
    scenario.set("energy0", millijoules);
    clock.advance(Seconds{1.0});
    return opened.meters[0]->read(clock.now());
  };
  EXPECT_EQ(must(see("90100000")).total, Microjoules{100'000'000});
  EXPECT_FALSE(see("50000"));
  const Reading reading = must(see("150000"));
  EXPECT_TRUE(reading.estimated);
  EXPECT_EQ(reading.total, Microjoules{300'000'000});  // 100 J in each of three seconds
}

TEST(Nvml, UsesTheNamesOfAnOldDriver) {
  fake::NvmlScenario scenario;
  scenario.add_gpu("GPU-aaaa");
  const Nvml nvml = must(Nvml::open(fake::NvmlScenario::old_library()));
  EXPECT_EQ(nvml.list_gpus().size(), 1u);
  const OpenedMeters opened = nvml.open_meters(MonotonicTime{});
  EXPECT_THAT(opened.meters, IsEmpty());
  EXPECT_THAT(opened.notes.at(0).words, HasSubstr("too old"));
}

TEST(Nvml, IsAbsentWithoutALibrary) {
  EXPECT_EQ(Nvml::open("/nowhere/libnvidia-ml.so.1").error().kind, ErrorKind::NotFound);
}

TEST(Nvml, IsAbsentWhereALibraryIsSomethingElse) {
  const auto opened = Nvml::open("libm.so.6");
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error().message, HasSubstr("lacks the functions"));
}

TEST(Nvml, SaysWhyItCannotBeStarted) {
  fake::NvmlScenario scenario;
  scenario.set("init", "9");
  EXPECT_THAT(Nvml::open(fake::NvmlScenario::library()).error().message,
              HasSubstr("Driver Not Loaded"));
}

TEST(Nvml, StaysStartedAsLongAsAMeterLives) {
  fake::NvmlScenario scenario;
  scenario.add_gpu("GPU-aaaa");
  std::vector<std::unique_ptr<Meter>> meters;
  {
    const Nvml nvml = open();
    meters = nvml.open_meters(MonotonicTime{}).meters;
  }
  EXPECT_TRUE(meters[0]->read(MonotonicTime{}));
}

}  // namespace wattune::energy
