#include "wattune/energy/nvml.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "support/fake_nvml.hpp"
#include "support/must.hpp"
#include "wattune/energy/channel_tree.hpp"

namespace wattune::energy {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

/// A driver with the GPUs of the scenario, whose counters are watched in the scenario's time.
Nvml open(fake::NvmlScenario& scenario,
          const std::string& library = fake::NvmlScenario::library()) {
  return must(Nvml::open({.library = library, .wait = scenario.wait()}));
}

OpenedMeters open_meters(fake::NvmlScenario& scenario,
                         const std::string& library = fake::NvmlScenario::library()) {
  return open(scenario, library).open_meters(scenario.clock());
}

/// Reads now and after so many seconds, in steps of a tenth, and gives the energy between.
double joules_in(fake::NvmlScenario& scenario, Meter& meter, double seconds) {
  const Microjoules before = must(meter.read(scenario.clock().now())).total;
  Microjoules after = before;
  for (int step = 0; step < static_cast<int>(seconds * 10.0 + 0.5); ++step) {
    scenario.advance(Seconds{0.1});
    after = must(meter.read(scenario.clock().now())).total;
  }
  return (after - before).joules().value();
}

const BackendNote& note_on(const OpenedMeters& opened, const std::string& backend) {
  const auto found = std::ranges::find(opened.notes, backend, &BackendNote::backend);
  if (found == opened.notes.end()) throw std::runtime_error("no note on " + backend);
  return *found;
}

}  // namespace

TEST(Nvml, ListsTheGpusOfTheDriver) {
  fake::NvmlScenario scenario;
  scenario.add_gpu("GPU-aaaa");
  scenario.add_gpu("GPU-bbbb");
  scenario.forget("memory1");

  const std::vector<GpuInfo> gpus = open(scenario).list_gpus();

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

  const std::vector<GpuState> states = open(scenario).states();

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
  const OpenedMeters opened =
      must(Nvml::open({.library = fake::NvmlScenario::library(), .wait = [](Seconds) {}}))
          .open_meters(scenario.clock());
  scenario.set("energy0", "5250");
  scenario.advance(Seconds{1.0});
  EXPECT_EQ(must(opened.meters.at(0)->read(scenario.clock().now())).total, Microjoules{250'000});
  EXPECT_EQ(opened.meters[0]->channel().device_uuid, "GPU-aaaa");
  EXPECT_EQ(opened.meters[0]->channel().id, "nvml:GPU-aaaa");
}

TEST(Nvml, TrustsACounterThatAgreesWithItsSensor) {
  fake::NvmlScenario scenario;
  scenario.add_gpu("GPU-aaaa");
  scenario.draw(0, Watts{80.0});
  const OpenedMeters opened = open_meters(scenario);
  ASSERT_EQ(opened.meters.size(), 1u);
  const Channel& channel = opened.meters[0]->channel();
  EXPECT_EQ(channel.provenance, Provenance::Measured);
  EXPECT_EQ(channel.kind, ChannelKind::Gpu);
  EXPECT_DOUBLE_EQ(channel.gain_uncertainty, 0.05);
  EXPECT_NEAR(channel.refresh.value(), 0.1, 1e-9);
  EXPECT_THAT(note_on(opened, "nvml:GPU-aaaa").words, HasSubstr("1.00 times the power"));
  EXPECT_NEAR(joules_in(scenario, *opened.meters[0], 2.0), 160.0, 1e-6);
}

TEST(Nvml, EstimatesHowOftenTheCounterMoves) {
  fake::NvmlScenario scenario;
  scenario.add_gpu("GPU-aaaa");
  scenario.set("refresh0", "40000");
  scenario.draw(0, Watts{80.0});
  EXPECT_NEAR(open_meters(scenario).meters.at(0)->channel().refresh.value(), 0.04, 1e-9);
}

// Counter and sensor disagreed by a factor of 1.75 on an idle board (Zeus, issue 181).
TEST(Nvml, WidensTheErrorOfACounterThatContradictsItsSensor) {
  fake::NvmlScenario scenario;
  scenario.add_gpu("GPU-low");
  scenario.set("gain0", "57");
  scenario.draw(0, Watts{80.0});
  scenario.add_gpu("GPU-high");
  scenario.set("gain1", "150");
  scenario.draw(1, Watts{80.0});
  const OpenedMeters opened = open_meters(scenario);
  ASSERT_EQ(opened.meters.size(), 2u);
  EXPECT_NEAR(opened.meters[0]->channel().gain_uncertainty, 1.0 / 0.57 - 1.0 + 0.05, 0.01);
  EXPECT_NEAR(opened.meters[1]->channel().gain_uncertainty, 0.55, 0.01);
  EXPECT_THAT(note_on(opened, "nvml:GPU-low").words, HasSubstr("they contradict each other"));
}

TEST(Nvml, IntegratesPowerWhereTheCounterStandsStill) {
  fake::NvmlScenario scenario;
  scenario.add_gpu("GPU-aaaa");
  scenario.draw(0, Watts{80.0});
  scenario.set("gain0", "0");
  const OpenedMeters opened = open_meters(scenario);
  ASSERT_EQ(opened.meters.size(), 1u);
  EXPECT_EQ(opened.meters[0]->channel().provenance, Provenance::Integrated);
  EXPECT_THAT(note_on(opened, "nvml:GPU-aaaa").words, HasSubstr("did not move in"));
  EXPECT_NEAR(joules_in(scenario, *opened.meters[0], 2.0), 160.0, 1e-6);
}

TEST(Nvml, IntegratesPowerWhereTheCounterGoesBackwards) {
  fake::NvmlScenario scenario;
  scenario.add_gpu("GPU-aaaa");
  scenario.set("power0", "80000");
  int calls = 0;
  const Nvml nvml =
      must(Nvml::open({.library = fake::NvmlScenario::library(), .wait = [&](Seconds step) {
                         scenario.advance(step);
                         scenario.set("energy0", std::to_string(1'000'000 - ++calls));
                       }}));
  const OpenedMeters opened = nvml.open_meters(scenario.clock());
  EXPECT_EQ(opened.meters.at(0)->channel().provenance, Provenance::Integrated);
  EXPECT_THAT(note_on(opened, "nvml:GPU-aaaa").words, HasSubstr("went backwards"));
}

// Pitfall 2
TEST(Nvml, TakesAFailedReadNeverForZero) {
  for (const bool has_counter : {true, false}) {
    fake::NvmlScenario scenario;
    scenario.add_gpu("GPU-aaaa");
    scenario.draw(0, Watts{100.0});
    if (!has_counter) scenario.set("energy_result0", "3");
    const std::string asked = has_counter ? "energy_result0" : "power_result0";
    const OpenedMeters opened = open_meters(scenario);
    Meter& meter = *opened.meters.at(0);
    const Microjoules before = must(meter.read(scenario.clock().now())).total;
    scenario.set(asked, "999");
    scenario.advance(Seconds{1.0});
    const auto failed = meter.read(scenario.clock().now());
    ASSERT_FALSE(failed.has_value());
    EXPECT_EQ(failed.error().kind, ErrorKind::Transient);
    EXPECT_THAT(failed.error().message, HasSubstr("NVML error 999"));  // the driver's own words
    scenario.set(asked, "0");
    scenario.advance(Seconds{1.0});
    const Reading after = must(meter.read(scenario.clock().now()));
    EXPECT_EQ(after.total - before, Microjoules{200'000'000});
    EXPECT_FALSE(after.estimated);
  }
}

// Pitfall 14
TEST(Nvml, AddsUpDifferencesOfTheCounterInWholeNumbers) {
  fake::NvmlScenario scenario;
  scenario.add_gpu("GPU-aaaa", 9'007'199'254'740'993);  // one more than a double can tell apart
  scenario.set("limit0", "4000000000");
  const OpenedMeters opened =
      must(Nvml::open({.library = fake::NvmlScenario::library(), .wait = [](Seconds) {}}))
          .open_meters(scenario.clock());
  for (int step = 1; step <= 3; ++step) {
    scenario.advance(Seconds{0.1});
    scenario.set("energy0", std::to_string(9'007'199'254'740'993 + step));
    EXPECT_EQ(must(opened.meters.at(0)->read(scenario.clock().now())).total,
              Microjoules{1000 * step});
  }
}

// Pitfall 16
TEST(Nvml, CountsEqualReadingsOfThePowerSensor) {
  fake::NvmlScenario scenario;
  scenario.add_gpu("GPU-aaaa");
  scenario.forget("energy0");
  scenario.set("power0", "120000");
  const OpenedMeters opened = open_meters(scenario);
  EXPECT_NEAR(joules_in(scenario, *opened.meters.at(0), 3.0), 360.0, 1e-6);
}

// Pitfall 17
TEST(Nvml, IntegratesAWindowWithASampleAtEachEdgeOnly) {
  fake::NvmlScenario scenario;
  scenario.add_gpu("GPU-aaaa");
  scenario.forget("energy0");
  scenario.set("power0", "120000");
  const OpenedMeters opened = open_meters(scenario);
  Meter& meter = *opened.meters.at(0);
  const Microjoules start = must(meter.read(scenario.clock().now())).total;
  scenario.advance(Seconds{0.05});
  EXPECT_EQ(must(meter.read(scenario.clock().now())).total - start, Microjoules{6'000'000});
}

// Pitfall 18
TEST(Nvml, JoinsByIdentifierWhateverTheOrderOfTheDevices) {
  fake::NvmlScenario scenario;
  scenario.add_gpu("GPU-slow");
  scenario.add_gpu("GPU-fast");
  scenario.draw(0, Watts{50.0});
  scenario.draw(1, Watts{300.0});
  const OpenedMeters opened = open_meters(scenario);
  const auto metered = [&](const std::string& uuid) -> Meter& {
    return **std::ranges::find(opened.meters, uuid,
                               [](const auto& each) { return each->channel().device_uuid; });
  };
  EXPECT_NEAR(joules_in(scenario, metered("GPU-fast"), 1.0), 300.0, 1e-6);
  EXPECT_NEAR(joules_in(scenario, metered("GPU-slow"), 1.0), 50.0, 1e-6);

  std::vector<GpuInfo> gpus = open(scenario).list_gpus();
  std::ranges::reverse(gpus);  // as CUDA may order them
  EXPECT_EQ(find_board(gpus, "GPU-fast")->index, 1u);
  EXPECT_EQ(find_board(gpus, "GPU-s")->index, 0u);
  EXPECT_EQ(find_board(gpus, "GPU-"), nullptr);
  EXPECT_EQ(find_board(gpus, "1"), nullptr);
}

// Pitfall 20
TEST(Nvml, IntegratesThePowerOfAGpuWithoutACounter) {
  fake::NvmlScenario scenario;
  scenario.add_gpu("GPU-pascal");
  scenario.set("name0", "NVIDIA GeForce GTX 1080 Ti");
  scenario.set("architecture0", "4");
  scenario.set("energy_result0", "3");
  scenario.draw(0, Watts{200.0});
  const OpenedMeters opened = open_meters(scenario);
  ASSERT_EQ(opened.meters.size(), 1u);
  const Channel& channel = opened.meters[0]->channel();
  EXPECT_EQ(channel.provenance, Provenance::Integrated);
  EXPECT_DOUBLE_EQ(channel.gain_uncertainty, 0.08);
  EXPECT_DOUBLE_EQ(channel.refresh.value(), 0.02);
  EXPECT_DOUBLE_EQ(opened.meters[0]->preferred_gap().value(), 0.01);
  EXPECT_THAT(note_on(opened, "nvml:GPU-pascal").words, HasSubstr("Not Supported"));
  EXPECT_NEAR(joules_in(scenario, *opened.meters[0], 2.0), 400.0, 1e-6);
}

TEST(Nvml, TrustsASensorLessThatSeesAQuarterOfTheTime) {
  fake::NvmlScenario scenario;
  scenario.add_gpu("GPU-hopper");
  scenario.add_gpu("GPU-ampere");
  scenario.set("architecture1", "7");
  scenario.set("name1", "NVIDIA A100-SXM4-80GB");
  scenario.add_gpu("GPU-ada");
  scenario.set("architecture2", "8");
  for (const int index : {0, 1, 2}) {
    scenario.set("energy_result" + std::to_string(index), "3");
    scenario.draw(index, Watts{200.0});
  }
  const OpenedMeters opened = open_meters(scenario);
  ASSERT_EQ(opened.meters.size(), 3u);
  EXPECT_DOUBLE_EQ(opened.meters[0]->channel().gain_uncertainty, 0.15);
  EXPECT_DOUBLE_EQ(opened.meters[1]->channel().gain_uncertainty, 0.15);
  EXPECT_DOUBLE_EQ(opened.meters[2]->channel().gain_uncertainty, 0.08);
}

TEST(Nvml, AsksTheOlderFunctionsWhereThereAreNoFields) {
  fake::NvmlScenario scenario;
  scenario.add_gpu("GPU-counts");
  scenario.draw(0, Watts{100.0});
  scenario.add_gpu("GPU-senses");
  scenario.draw(1, Watts{100.0});
  scenario.set("energy_result1", "3");
  const OpenedMeters opened = open_meters(scenario, fake::NvmlScenario::library_without_fields());
  ASSERT_EQ(opened.meters.size(), 2u);
  EXPECT_EQ(opened.meters[0]->channel().provenance, Provenance::Measured);
  EXPECT_THAT(note_on(opened, "nvml:GPU-counts").words, HasSubstr("could not be compared"));
  EXPECT_EQ(opened.meters[1]->channel().provenance, Provenance::Integrated);
  EXPECT_DOUBLE_EQ(opened.meters[1]->channel().gain_uncertainty, 0.10);
  EXPECT_EQ(opened.meters[1]->channel().refresh, Seconds{1.0});  // Hopper tells a mean
  EXPECT_NEAR(joules_in(scenario, *opened.meters[0], 1.0), 100.0, 1e-6);
  EXPECT_NEAR(joules_in(scenario, *opened.meters[1], 1.0), 100.0, 1e-6);
}

TEST(Nvml, ModelsAGpuThatTellsOnlyItsUtilisation) {
  fake::NvmlScenario scenario;
  scenario.add_gpu("GPU-aaaa");
  scenario.forget("energy0");
  scenario.set("utilisation0", "50");
  const OpenedMeters opened = open_meters(scenario);
  ASSERT_EQ(opened.meters.size(), 1u);
  EXPECT_EQ(opened.meters[0]->channel().provenance, Provenance::Modelled);
  EXPECT_DOUBLE_EQ(opened.meters[0]->channel().gain_uncertainty, 0.40);
  const double idle = 0.113 * 700.0;
  EXPECT_NEAR(joules_in(scenario, *opened.meters[0], 2.0), 2.0 * (idle + 0.5 * (700.0 - idle)),
              1e-3);
  EXPECT_THAT(note_on(opened, "nvml:GPU-aaaa").words, HasSubstr("modelled"));
}

// Pitfall 21
TEST(Nvml, RefusesADeviceWhoseDriverAnswersNothing) {
  fake::NvmlScenario scenario;
  scenario.add_gpu("GPU-jetson");
  scenario.set("name0", "Orin (nvgpu)");
  scenario.set("device_result0", "3");
  const OpenedMeters opened = open_meters(scenario);
  EXPECT_THAT(opened.meters, IsEmpty());
  const BackendNote& note = note_on(opened, "nvml:GPU-jetson");
  EXPECT_EQ(note.state, BackendState::Refused);
  EXPECT_THAT(note.words, AllOf(HasSubstr("Orin"), HasSubstr("measures nothing"),
                                HasSubstr("Jetson"), HasSubstr("Not Supported")));
}

TEST(Nvml, DoesNotBelieveASensorThatShowsNothing) {
  fake::NvmlScenario scenario;
  scenario.add_gpu("GPU-aaaa");
  scenario.forget("energy0");
  scenario.set("power0", "0");
  scenario.set("usage0", "0");
  const OpenedMeters opened = open_meters(scenario);
  EXPECT_THAT(opened.meters, IsEmpty());
  EXPECT_THAT(note_on(opened, "nvml:GPU-aaaa").words, HasSubstr("shows 0 W"));
}

TEST(Nvml, SaysWhyAGpuHasNoMeter) {
  fake::NvmlScenario scenario;
  scenario.add_gpu("GPU-guarded");
  scenario.set("energy_result0", "4");
  scenario.add_gpu("");
  const OpenedMeters opened = open_meters(scenario);
  EXPECT_THAT(opened.meters, IsEmpty());
  EXPECT_EQ(note_on(opened, "nvml:GPU-guarded").state, BackendState::Refused);
  EXPECT_THAT(note_on(opened, "nvml:1").words, HasSubstr("identifier"));
}

TEST(Nvml, KeepsACounterWhoseFirstReadsMerelyFailed) {
  fake::NvmlScenario scenario;
  scenario.add_gpu("GPU-aaaa", 1'000);
  scenario.set("energy_result0", "999");
  const OpenedMeters opened = open_meters(scenario);
  ASSERT_EQ(opened.meters.size(), 1u);
  scenario.set("energy_result0", "0");
  EXPECT_EQ(must(opened.meters[0]->read(scenario.clock().now())).total, Microjoules{0});
}

TEST(Nvml, EndsWhenTheGpuIsLost) {
  for (const char* way : {"energy0", "power0", "usage0", "utilisation0"}) {
    fake::NvmlScenario scenario;
    scenario.add_gpu("GPU-aaaa");
    scenario.forget("energy0");
    scenario.set(way, "50000");
    const OpenedMeters opened =
        must(Nvml::open({.library = fake::NvmlScenario::library(), .wait = [](Seconds) {}}))
            .open_meters(scenario.clock());
    ASSERT_EQ(opened.meters.size(), 1u) << way;
    for (const char* code : {"15", "16"}) {
      scenario.set("device_result0", code);
      const auto reading = opened.meters[0]->read(scenario.clock().now());
      EXPECT_EQ(reading.error().kind, ErrorKind::Ended) << way;
    }
    EXPECT_THAT(opened.meters[0]->read(scenario.clock().now()).error().message, Not(IsEmpty()));
  }
}

TEST(Nvml, CountsOnAfterTheDriverWasReloaded) {
  fake::NvmlScenario scenario;
  scenario.add_gpu("GPU-aaaa", 90'000'000);
  const OpenedMeters opened =
      must(Nvml::open({.library = fake::NvmlScenario::library(), .wait = [](Seconds) {}}))
          .open_meters(scenario.clock());
  const auto see = [&](const std::string& millijoules) {
    scenario.set("energy0", millijoules);
    scenario.advance(Seconds{1.0});
    return opened.meters.at(0)->read(scenario.clock().now());
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
  const Nvml nvml = open(scenario, fake::NvmlScenario::old_library());
  EXPECT_EQ(nvml.list_gpus().size(), 1u);
  const OpenedMeters opened = nvml.open_meters(scenario.clock());
  EXPECT_THAT(opened.meters, IsEmpty());
  EXPECT_THAT(opened.notes.at(0).words, HasSubstr("too old"));
}

TEST(Nvml, IsAbsentWithoutALibrary) {
  EXPECT_EQ(Nvml::open({.library = "/nowhere/libnvidia-ml.so.1"}).error().kind,
            ErrorKind::NotFound);
}

TEST(Nvml, IsFoundWhereADriverContainerPutsIt) {
  const TemporaryFolder root;
  const auto folder = root.path() / "run/nvidia/driver/usr/lib64";
  std::filesystem::create_directories(folder);
  std::filesystem::create_symlink(fake::NvmlScenario::library(), folder / "libnvidia-ml.so.1");
  fake::NvmlScenario scenario;
  scenario.add_gpu("GPU-aaaa");
  EXPECT_EQ(must(Nvml::open({.root = root.path()})).list_gpus().size(), 1u);
}

TEST(Nvml, IsAbsentWhereALibraryIsSomethingElse) {
  const auto opened = Nvml::open({.library = "libm.so.6"});
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error().message, HasSubstr("lacks the functions"));
}

TEST(Nvml, SaysWhyItCannotBeStarted) {
  fake::NvmlScenario scenario;
  scenario.set("init", "9");
  EXPECT_THAT(Nvml::open({.library = fake::NvmlScenario::library()}).error().message,
              HasSubstr("Driver Not Loaded"));
}

TEST(Nvml, StaysStartedAsLongAsAMeterLives) {
  fake::NvmlScenario scenario;
  scenario.add_gpu("GPU-aaaa");
  scenario.draw(0, Watts{80.0});
  const std::vector<std::unique_ptr<Meter>> meters = open_meters(scenario).meters;
  EXPECT_TRUE(meters.at(0)->read(scenario.clock().now()));
}

// Pitfall 23
TEST(Nvml, IsStartedOncePerProcessHoweverOftenItIsUsed) {
  fake::NvmlScenario scenario;
  scenario.add_gpu("GPU-aaaa");
  scenario.draw(0, Watts{80.0});
  const int before = fake::NvmlScenario::starts();
  const Nvml first = open(scenario);
  const Nvml second = open(scenario);
  const OpenedMeters opened = second.open_meters(scenario.clock());
  joules_in(scenario, *opened.meters.at(0), 1.0);
  static_cast<void>(first.states());
  EXPECT_EQ(fake::NvmlScenario::starts(), before + 1);
}

// Pitfall 22: the fake library ends the program when it is asked for processes.
TEST(Nvml, AsksForNoProcessNumbers) {
  fake::NvmlScenario scenario;
  scenario.add_gpu("GPU-aaaa");
  scenario.draw(0, Watts{80.0});
  scenario.set("utilisation0", "50");
  const Nvml nvml = open(scenario);
  static_cast<void>(nvml.list_gpus());
  static_cast<void>(nvml.states());
  const OpenedMeters opened = nvml.open_meters(scenario.clock());
  EXPECT_GT(joules_in(scenario, *opened.meters.at(0), 1.0), 0.0);
}

namespace {

fake::NvmlScenario* slow_scenario = nullptr;
void take_80_ms() {
  slow_scenario->advance(Seconds{0.08});
}

}  // namespace

// Pitfall 25
TEST(Nvml, DatesASlowReadingByWhenItWasTaken) {
  fake::NvmlScenario scenario;
  scenario.add_gpu("GPU-aaaa");
  scenario.draw(0, Watts{100.0});
  slow_scenario = &scenario;
  fake::NvmlScenario::set_hook(take_80_ms);
  const OpenedMeters opened = open_meters(scenario);
  Meter& meter = *opened.meters.at(0);
  const MonotonicTime asked = scenario.clock().now();
  const Reading reading = must(meter.read(asked));
  fake::NvmlScenario::set_hook(nullptr);

  // The fake looks after its 80 ms and says so; without its word it would be the middle, 40 ms.
  EXPECT_NEAR(elapsed(asked, reading.read_at).value(), 0.08, 1e-6);
  // The window is as unsure as the call was long.
  EXPECT_NEAR(reading.took.value(), 0.08, 1e-6);
  EXPECT_THAT(note_on(opened, "nvml:GPU-aaaa").words, HasSubstr("a call takes 80.0 ms"));
}

TEST(Nvml, MeasuresABoardInMigModeAndObservesItsSlices) {
  fake::NvmlScenario scenario;
  scenario.add_gpu("GPU-aaaa");
  scenario.set("instances0", "MIG-one:3 MIG-two:2");
  scenario.set("slices0", "7");
  scenario.draw(0, Watts{140.0});
  const OpenedMeters opened = open_meters(scenario);

  ASSERT_EQ(opened.meters.size(), 1u);
  EXPECT_EQ(opened.meters[0]->channel().kind, ChannelKind::Gpu);
  EXPECT_EQ(opened.meters[0]->channel().provenance, Provenance::Measured);
  ASSERT_EQ(opened.observed.size(), 2u);
  const Channel& slice = opened.observed[0]->channel();
  EXPECT_EQ(slice.id, "nvml:MIG-one");
  EXPECT_EQ(slice.kind, ChannelKind::GpuInstance);
  EXPECT_EQ(slice.contained_in, "nvml:GPU-aaaa");
  EXPECT_EQ(slice.provenance, Provenance::Modelled);
  EXPECT_DOUBLE_EQ(slice.gain_uncertainty, 0.30);
  EXPECT_THROW(require_antichain({opened.meters[0]->channel(), slice}), ConfigError);

  const auto observe = [&](std::size_t index) {
    return must(opened.observed[index]->read(scenario.clock().now())).total;
  };
  const Microjoules before = observe(0);
  EXPECT_NEAR(joules_in(scenario, *opened.meters[0], 1.0), 140.0, 1e-6);
  EXPECT_NEAR((observe(0) - before).joules().value(), 60.0, 2e-6);
  EXPECT_LT(observe(0) + observe(1), must(opened.meters[0]->read(scenario.clock().now())).total);

  const std::vector<GpuInfo> gpus = open(scenario).list_gpus();
  EXPECT_EQ(gpus[0].num_slices, 7u);
  ASSERT_EQ(gpus[0].instances.size(), 2u);
  EXPECT_EQ(gpus[0].instances[1].num_slices, 2u);
  EXPECT_EQ(find_board(gpus, "MIG-two"), &gpus[0]);
}

// Pitfall 19: whoever adds up channels sees that these include the CPU of their socket.
TEST(Nvml, SaysThatTheEnergyOfAModuleIncludesItsCpu) {
  fake::NvmlScenario scenario;
  const TemporaryFolder sysfs;
  for (const int index : {0, 1}) {
    scenario.add_gpu("GPU-" + std::to_string(index));
    const std::string number = std::to_string(index);
    scenario.set("name" + number, "NVIDIA GH200 480GB");
    scenario.set("module" + number, "1");
    scenario.set("pci" + number, "0000000" + number + ":3B:00.0");
    sysfs.write("bus/pci/devices/000" + number + ":3b:00.0/numa_node", number + "\n");
    scenario.draw(index, Watts{900.0});
  }
  const Nvml nvml = must(Nvml::open({.library = fake::NvmlScenario::library(),
                                     .sysfs_root = sysfs.path(),
                                     .wait = scenario.wait()}));
  const std::vector<GpuInfo> gpus = nvml.list_gpus();
  EXPECT_TRUE(gpus.at(0).is_module);
  EXPECT_EQ(gpus.at(1).pci_address, "0001:3b:00.0");

  const OpenedMeters opened = nvml.open_meters(scenario.clock());
  ASSERT_EQ(opened.meters.size(), 2u);
  const Channel& module = opened.meters[1]->channel();
  EXPECT_EQ(module.kind, ChannelKind::GpuModule);
  EXPECT_EQ(module.socket, 1);
  EXPECT_THAT(module.source, HasSubstr("whole module with its CPU"));
  // 900 W are more than 1.2 times the limit of the GPU alone, and are believed.
  EXPECT_NEAR(joules_in(scenario, *opened.meters[1], 1.0), 900.0, 1e-6);
}

TEST(Nvml, TakesAnOrdinaryGpuForNoModule) {
  fake::NvmlScenario scenario;
  scenario.add_gpu("GPU-aaaa");
  scenario.draw(0, Watts{80.0});
  const OpenedMeters opened = open_meters(scenario);
  EXPECT_EQ(opened.meters.at(0)->channel().kind, ChannelKind::Gpu);
  EXPECT_FALSE(opened.meters[0]->channel().socket);
  EXPECT_FALSE(open(scenario).list_gpus().at(0).is_module);
}

TEST(Nvml, TakesABoardThatTellsOnlyTheModulesPowerForAModule) {
  fake::NvmlScenario scenario;
  scenario.add_gpu("GPU-aaaa");
  scenario.set("module0", "2");
  scenario.forget("energy0");
  scenario.set("power0", "90000");
  const OpenedMeters opened = open_meters(scenario);
  EXPECT_EQ(opened.meters.at(0)->channel().kind, ChannelKind::GpuModule);
}

}  // namespace wattune::energy
