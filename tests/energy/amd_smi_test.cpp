#include "wattune/energy/amd_smi.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <stdexcept>
#include <thread>

#include "support/fake_amd_smi.hpp"
#include "support/must.hpp"

namespace wattune::energy {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

AmdSmi open(fake::AmdSmiScenario& scenario) {
  return must(AmdSmi::open({.library = fake::AmdSmiScenario::library(), .wait = scenario.wait()}));
}

double joules_in(fake::AmdSmiScenario& scenario, Meter& meter, double seconds) {
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

constexpr const char* kFirst = "amdsmi:pci:0000:01:00.0";

TEST(AmdSmi, CountsByACounterThatAgreesWithItsSensor) {
  for (const char* abi : {"24", "25", "26"}) {
    fake::AmdSmiScenario scenario;
    scenario.set("abi", abi);
    scenario.add_gpu("uuid-a");
    scenario.draw(0, Watts{140.0});
    const OpenedMeters opened = open(scenario).open_meters(scenario.clock());
    ASSERT_EQ(opened.meters.size(), 1u) << abi;
    const Channel& channel = opened.meters[0]->channel();
    EXPECT_EQ(channel.id, kFirst);
    EXPECT_EQ(channel.provenance, Provenance::Measured);
    EXPECT_EQ(channel.kind, ChannelKind::Gpu);
    EXPECT_EQ(channel.device_uuid, "uuid-a");
    EXPECT_NEAR(joules_in(scenario, *opened.meters[0], 2.0), 280.0, 1e-4);
    EXPECT_THAT(note_on(opened, kFirst).words, HasSubstr("1.00 times the power"));
  }
}

// Pitfall 14: in single precision the total would be off by joules, cut to whole microjoules by 2
// %.
TEST(AmdSmi, MultipliesStepsByTheirLengthExactly) {
  fake::AmdSmiScenario scenario;
  scenario.add_gpu("uuid-a", 9'000'000'000);
  scenario.draw(0, Watts{153.0});
  const OpenedMeters opened = open(scenario).open_meters(scenario.clock());
  Meter& meter = *opened.meters.at(0);
  const Microjoules before = must(meter.read(scenario.clock().now())).total;
  for (int second = 0; second < 100; ++second) {
    scenario.advance(Seconds{1.0});
    static_cast<void>(must(meter.read(scenario.clock().now())));
  }
  const Microjoules drawn = must(meter.read(scenario.clock().now())).total - before;
  EXPECT_NEAR(static_cast<double>(drawn.count()), 15'300'000'000.0, 32.0);  // two steps of 15.3 µJ
}

TEST(AmdSmi, IntegratesPowerWhereTheCounterIsConstant) {
  fake::AmdSmiScenario scenario;
  scenario.add_gpu("uuid-a");
  scenario.set("gain0", "0");
  scenario.draw(0, Watts{140.0});
  const OpenedMeters opened = open(scenario).open_meters(scenario.clock());
  ASSERT_EQ(opened.meters.size(), 1u);
  EXPECT_EQ(opened.meters[0]->channel().provenance, Provenance::Integrated);
  EXPECT_DOUBLE_EQ(opened.meters[0]->channel().gain_uncertainty, 0.10);
  EXPECT_THAT(note_on(opened, kFirst).words, HasSubstr("did not move"));
  EXPECT_NEAR(joules_in(scenario, *opened.meters[0], 2.0), 280.0, 1e-6);
}

TEST(AmdSmi, IntegratesPowerWhereTheCounterContradictsTheSensor) {
  for (const char* gain : {"60", "170"}) {
    fake::AmdSmiScenario scenario;
    scenario.add_gpu("uuid-a");
    scenario.set("gain0", gain);
    scenario.draw(0, Watts{140.0});
    const OpenedMeters opened = open(scenario).open_meters(scenario.clock());
    EXPECT_EQ(opened.meters.at(0)->channel().provenance, Provenance::Integrated) << gain;
    EXPECT_THAT(note_on(opened, kFirst).words, HasSubstr("contradict"));
  }
}

TEST(AmdSmi, IntegratesPowerWhereTheCounterGoesBackwards) {
  fake::AmdSmiScenario scenario;
  scenario.add_gpu("uuid-a");
  scenario.set("power0", "140000");
  int calls = 0;
  const AmdSmi library =
      must(AmdSmi::open({.library = fake::AmdSmiScenario::library(), .wait = [&](Seconds step) {
                           scenario.advance(step);
                           scenario.set("energy0", std::to_string(1'000'000 - 10 * ++calls));
                         }}));
  const OpenedMeters opened = library.open_meters(scenario.clock());
  EXPECT_EQ(opened.meters.at(0)->channel().provenance, Provenance::Integrated);
  EXPECT_THAT(note_on(opened, kFirst).words, HasSubstr("went backwards"));
}

TEST(AmdSmi, ReadsTheAverageWhereTheCurrentPowerIsNotKnown) {
  for (const char* abi : {"24", "25", "26"}) {
    fake::AmdSmiScenario scenario;
    scenario.set("abi", abi);
    scenario.set("only_average", "1");
    scenario.add_gpu("uuid-a");
    scenario.set("energy_result0", "2");
    scenario.draw(0, Watts{140.0});
    const OpenedMeters opened = open(scenario).open_meters(scenario.clock());
    EXPECT_NEAR(joules_in(scenario, *opened.meters.at(0), 1.0), 140.0, 1e-6) << abi;
  }
}

TEST(AmdSmi, ModelsAGpuThatTellsOnlyItsActivity) {
  fake::AmdSmiScenario scenario;
  scenario.add_gpu("uuid-a");
  scenario.set("energy_result0", "2");
  scenario.set("power_result0", "2");
  scenario.set("activity0", "100");
  const OpenedMeters opened = open(scenario).open_meters(scenario.clock());
  EXPECT_EQ(opened.meters.at(0)->channel().provenance, Provenance::Modelled);
  EXPECT_NEAR(joules_in(scenario, *opened.meters[0], 1.0), 750.0, 1e-3);
}

TEST(AmdSmi, SaysWhyAGpuHasNoMeter) {
  fake::AmdSmiScenario scenario;
  scenario.add_gpu("uuid-a");
  scenario.set("energy_result0", "2");
  scenario.set("power_result0", "2");
  const OpenedMeters opened = open(scenario).open_meters(scenario.clock());
  EXPECT_THAT(opened.meters, IsEmpty());
  EXPECT_EQ(note_on(opened, kFirst).state, BackendState::Refused);
  EXPECT_THAT(note_on(opened, kFirst).words,
              AllOf(HasSubstr("energy counter"), HasSubstr("Not supported")));
}

TEST(AmdSmi, CountsTheSocketOfSeveralPartitionsOnce) {
  fake::AmdSmiScenario scenario;
  scenario.add_gpu("uuid-a");
  scenario.set("partitions0", "8");
  scenario.add_gpu("uuid-b");
  scenario.draw(0, Watts{400.0});
  scenario.draw(1, Watts{100.0});
  const AmdSmi library = open(scenario);
  const OpenedMeters opened = library.open_meters(scenario.clock());
  ASSERT_EQ(opened.meters.size(), 2u);
  EXPECT_EQ(opened.meters[1]->channel().id, "amdsmi:pci:0000:02:00.0");
  EXPECT_NEAR(joules_in(scenario, *opened.meters[0], 1.0), 400.0, 1e-4);
  EXPECT_THAT(note_on(opened, kFirst).words, HasSubstr("8 partitions are one channel"));
  const std::vector<GpuInfo> gpus = library.list_gpus();
  ASSERT_EQ(gpus.size(), 2u);
  EXPECT_EQ(gpus[0].instances.size(), 8u);
  EXPECT_EQ(find_board(gpus, "uuid-a-3"), &gpus[0]);
}

// The fake library ends the program when two threads are inside it.
TEST(AmdSmi, IsEnteredByOneThreadAtATime) {
  fake::AmdSmiScenario scenario;
  for (const char* uuid : {"uuid-a", "uuid-b"}) scenario.add_gpu(uuid);
  for (const int index : {0, 1}) scenario.draw(index, Watts{100.0});
  const OpenedMeters opened = open(scenario).open_meters(scenario.clock());
  std::vector<std::thread> threads;
  for (const auto& meter : opened.meters) {
    threads.emplace_back([&] {
      for (int i = 0; i < 300; ++i) static_cast<void>(meter->read(scenario.clock().now()));
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(threads.size(), 2u);
}

TEST(AmdSmi, IsStartedOncePerProcess) {
  fake::AmdSmiScenario scenario;
  scenario.add_gpu("uuid-a");
  const int before = fake::AmdSmiScenario::starts();
  const AmdSmi first = open(scenario);
  const AmdSmi second = open(scenario);
  static_cast<void>(second.open_meters(scenario.clock()));
  EXPECT_EQ(fake::AmdSmiScenario::starts(), before + 1);
}

TEST(AmdSmi, RefusesAVersionItDoesNotKnow) {
  fake::AmdSmiScenario scenario;
  for (const char* abi : {"23", "27"}) {
    scenario.set("abi", abi);
    const auto opened = AmdSmi::open({.library = fake::AmdSmiScenario::library()});
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().kind, ErrorKind::Invalid);
    EXPECT_THAT(opened.error().message, HasSubstr(std::string("version ") + abi));
  }
}

TEST(AmdSmi, SaysWhyItCannotBeStarted) {
  fake::AmdSmiScenario scenario;
  scenario.set("init", "34");
  const auto opened = AmdSmi::open({.library = fake::AmdSmiScenario::library()});
  EXPECT_EQ(opened.error().kind, ErrorKind::Transient);
  EXPECT_THAT(opened.error().message, HasSubstr("Driver not loaded"));
}

TEST(AmdSmi, IsAbsentWithoutALibraryOrGpus) {
  EXPECT_EQ(AmdSmi::open({.library = "/nowhere/libamd_smi.so.26"}).error().kind,
            ErrorKind::NotFound);
  EXPECT_THAT(AmdSmi::open({.library = "libm.so.6"}).error().message,
              HasSubstr("lacks the functions"));
  fake::AmdSmiScenario scenario;
  const OpenedMeters opened = open(scenario).open_meters(scenario.clock());
  EXPECT_EQ(note_on(opened, "amdsmi").state, BackendState::Absent);
}

TEST(AmdSmi, IsFoundWhereRocmPutsIt) {
  const TemporaryFolder root;
  const auto folder = root.path() / "opt/rocm/lib";
  std::filesystem::create_directories(folder);
  std::filesystem::create_symlink(fake::AmdSmiScenario::library(), folder / "libamd_smi.so.26");
  fake::AmdSmiScenario scenario;
  scenario.add_gpu("uuid-a");
  EXPECT_EQ(must(AmdSmi::open({.root = root.path()})).list_gpus().size(), 1u);
}

}  // namespace
}  // namespace wattune::energy
