#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "support/fake_machine.hpp"
#include "support/must.hpp"

namespace wattune::energy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// Chips beside a processor that nobody can measure.
class Hwmon : public testing::Test {
 protected:
  Hwmon() { machine.proc().remove_stat(); }

  /// A graphics card at a PCI address.
  std::string add_card(const std::string& chip, const std::string& name,
                       const std::string& address) {
    const std::string device = "devices/pci0000:00/" + address;
    const std::string folder = device + "/hwmon/" + chip;
    machine.write(folder + "/name", name + "\n");
    machine.link(folder + "/device", "../..");
    machine.link("class/hwmon/" + chip, "../../" + folder);
    return folder + "/";
  }
  MachineMeters open() { return machine.open(); }
  Microjoules read(Meter& meter) { return must(meter.read(machine.clock().now())).total; }

  fake::Machine machine;
};

std::vector<std::string> ids(const std::vector<std::unique_ptr<Meter>>& meters) {
  std::vector<std::string> names;
  for (const auto& meter : meters) names.push_back(meter->channel().id);
  return names;
}

BackendNote note(const MachineMeters& opened, const std::string& backend) {
  const auto found = std::ranges::find(opened.notes, backend, &BackendNote::backend);
  if (found != opened.notes.end()) return *found;
  ADD_FAILURE() << "no note on " << backend;
  return {};
}

}  // namespace

TEST_F(Hwmon, IsAbsentWhereNoChipMeasuresEnergyOrPower) {
  machine.write("class/hwmon/hwmon0/name", "coretemp\n");
  machine.write("class/hwmon/hwmon0/temp1_input", "40000\n");
  EXPECT_EQ(note(open(), "hwmon").state, BackendState::Absent);
}

TEST_F(Hwmon, RefusesAChipWhoseCoverageIsNotKnown) {
  machine.write("class/hwmon/hwmon0/name", "corsairpsu\n");
  machine.write("class/hwmon/hwmon0/power1_input", "250000000\n");
  const MachineMeters opened = open();
  EXPECT_THAT(opened.meters, IsEmpty());
  EXPECT_THAT(note(opened, "hwmon:corsairpsu").words, HasSubstr("what this chip"));
}

TEST_F(Hwmon, JoinsAnAmdCardByItsPciAddressAndIntegratesItsPower) {
  const std::string chip = add_card("hwmon4", "amdgpu", "0000:03:00.0");
  machine.write(chip + "power1_average", "100000000\n");
  machine.write(chip + "power1_cap", "300000000\n");
  const MachineMeters opened = open();
  ASSERT_THAT(ids(opened.meters), ElementsAre("hwmon:pci:0000:03:00.0"));
  const Channel& channel = opened.meters[0]->channel();
  EXPECT_EQ(channel.device_uuid, "pci:0000:03:00.0");
  EXPECT_EQ(channel.provenance, Provenance::Integrated);
  machine.clock().advance(Seconds{2.0});
  machine.write(chip + "power1_average", "200000000\n");
  EXPECT_EQ(read(*opened.meters[0]), Microjoules{300'000'000});
  machine.write(chip + "power1_average", "900000000\n");
  EXPECT_THAT(opened.meters[0]->read(machine.clock().now()).error().message,
              HasSubstr("cannot be true"));
}

// Pitfall 7: the graphics unit of a processor shows the power of the whole chip.
TEST_F(Hwmon, DoesNotAddTheGraphicsUnitOfAProcessor) {
  const std::string chip = add_card("hwmon4", "amdgpu", "0000:04:00.0");
  machine.write(chip + "power1_input", "30000000\n");
  machine.add_zone("intel-rapl:0", "package-0", "package");
  const MachineMeters opened = open();
  EXPECT_THAT(ids(opened.meters), ElementsAre("rapl:package-0"));
  ASSERT_THAT(ids(opened.observed), ElementsAre("hwmon:pci:0000:04:00.0"));
  EXPECT_EQ(opened.observed[0]->channel().contained_in, "rapl:package-0");
  EXPECT_EQ(opened.observed[0]->channel().kind, ChannelKind::Package);
}

TEST_F(Hwmon, AddsTheCounterOfAnIntelCardAndShowsTheChipInside) {
  const std::string chip = add_card("hwmon2", "xe", "0000:03:00.0");
  machine.write(chip + "energy1_label", "card\n");
  machine.write(chip + "energy2_label", "pkg\n");
  machine.add_counter(chip + "energy1_input", "card", 1'000'000);
  machine.add_counter(chip + "energy2_input", "pkg", 500'000);
  const MachineMeters opened = open();
  ASSERT_THAT(ids(opened.meters), ElementsAre("hwmon:pci:0000:03:00.0"));
  ASSERT_THAT(ids(opened.observed), ElementsAre("hwmon:pci:0000:03:00.0:pkg"));
  EXPECT_EQ(opened.observed[0]->channel().contained_in, "hwmon:pci:0000:03:00.0");
  EXPECT_LE(opened.meters[0]->longest_safe_gap(), Seconds{60.0});
  machine.clock().advance(Seconds{1.0});
  machine.draw("card", Joules{120.0});
  machine.draw("pkg", Joules{90.0});
  EXPECT_EQ(read(*opened.meters[0]), Microjoules{120'000'000});
  EXPECT_EQ(read(*opened.observed[0]), Microjoules{90'000'000});
}

TEST_F(Hwmon, ShowsTheTilesOfAnIntelCardWithoutAddingThem) {
  const std::string whole = add_card("hwmon2", "i915", "0000:03:00.0");
  machine.add_counter(whole + "energy1_input", "card", 1'000'000);
  const std::string tile = add_card("hwmon3", "i915_gt0", "0000:03:00.0");
  machine.add_counter(tile + "energy1_input", "tile", 1'000'000);
  const MachineMeters opened = open();
  EXPECT_THAT(ids(opened.meters), ElementsAre("hwmon:pci:0000:03:00.0"));
  EXPECT_THAT(ids(opened.observed), ElementsAre("hwmon:pci:0000:03:00.0:gt0"));
}

// Pitfall 6
TEST_F(Hwmon, DoesNotBookTheLifetimeOfACardWhenItsCounterDropsAndComesBack) {
  const std::string chip = add_card("hwmon2", "xe", "0000:03:00.0");
  machine.add_counter(chip + "energy1_input", "card", 3'000'000'000'000);
  const MachineMeters opened = open();
  machine.clock().advance(Seconds{1.0});
  machine.write(chip + "energy1_input", "12\n");
  EXPECT_FALSE(opened.meters[0]->read(machine.clock().now()));
  machine.clock().advance(Seconds{1.0});
  machine.draw("card", Joules{100.0});
  EXPECT_EQ(read(*opened.meters[0]), Microjoules{100'000'000});
}

TEST_F(Hwmon, RefusesACardThatDoesNotSayWhichItIs) {
  machine.write("class/hwmon/hwmon2/name", "amdgpu\n");
  machine.write("class/hwmon/hwmon2/power1_average", "1000000\n");
  const MachineMeters opened = open();
  EXPECT_THAT(opened.meters, IsEmpty());
  EXPECT_EQ(note(opened, "hwmon:amdgpu").state, BackendState::Refused);
}

TEST_F(Hwmon, MeasuresTheSocketsOfAmdAndNotTheirCores) {
  machine.write("class/hwmon/hwmon3/name", "amd_energy\n");
  int number = 1;
  for (const char* label : {"Ecore000", "Esocket0", "Esocket1"}) {
    const std::string file = "class/hwmon/hwmon3/energy" + std::to_string(number++);
    machine.write(file + "_label", std::string(label) + "\n");
    machine.add_counter(file + "_input", label, 1'000'000);
  }
  const MachineMeters opened = open();
  EXPECT_THAT(ids(opened.meters), ElementsAre("hwmon:package-0", "hwmon:package-1"));
  EXPECT_EQ(opened.meters[1]->channel().socket, 1);
}

TEST_F(Hwmon, ShowsTheSocketsOfAmdBesideRaplWithoutAddingThem) {
  machine.write("class/hwmon/hwmon3/name", "amd_energy\n");
  machine.write("class/hwmon/hwmon3/energy1_label", "Esocket0\n");
  machine.add_counter("class/hwmon/hwmon3/energy1_input", "package", 1'000'000);
  machine.add_zone("intel-rapl:0", "package-0", "package");
  const MachineMeters opened = open();
  EXPECT_THAT(ids(opened.meters), ElementsAre("rapl:package-0"));
  ASSERT_THAT(ids(opened.observed), ElementsAre("hwmon:package-0"));
  EXPECT_EQ(opened.observed[0]->channel().contained_in, "rapl:package-0");
}

TEST_F(Hwmon, SaysWhoMayReadADeniedCounter) {
  machine.write("class/hwmon/hwmon3/name", "amd_energy\n");
  machine.write("class/hwmon/hwmon3/energy1_label", "Esocket0\n");
  machine.write("class/hwmon/hwmon3/energy1_input", "1\n");
  machine.deny("class/hwmon/hwmon3/energy1_input");
  const fake::OtherUser nobody;
  const std::string remedy = note(open(), "hwmon:package-0").remedy;
  EXPECT_THAT(remedy, HasSubstr("sudo chgrp energy " + (machine.sysfs() / "class").string()));
  EXPECT_THAT(remedy, HasSubstr("energy1_input && sudo chmod g+r "));
}

TEST_F(Hwmon, UsesThePowerMeterOfTheMachineOnlyWhereNothingTellsItsPartsApart) {
  machine.write("class/hwmon/hwmon0/name", "power_meter\n");
  machine.write("class/hwmon/hwmon0/power1_average", "350000000\n");
  EXPECT_THAT(ids(open().meters), ElementsAre("hwmon:power_meter"));
  machine.add_zone("intel-rapl:0", "package-0", "package");
  const MachineMeters opened = open();
  EXPECT_THAT(ids(opened.meters), ElementsAre("rapl:package-0"));
  EXPECT_EQ(opened.meters[0]->channel().contained_in, "hwmon:power_meter");
  EXPECT_THAT(ids(opened.observed), ElementsAre("hwmon:power_meter"));
}

TEST_F(Hwmon, DoesNotTakeOneOfSeveralPowerMetersForTheMachine) {
  for (const char* chip : {"hwmon0", "hwmon1"}) {
    machine.write(std::string("class/hwmon/") + chip + "/name", "power_meter\n");
    machine.write(std::string("class/hwmon/") + chip + "/power1_average", "350000000\n");
  }
  const MachineMeters opened = open();
  EXPECT_THAT(opened.meters, IsEmpty());
  EXPECT_THAT(note(opened, "hwmon:power_meter").words, HasSubstr("do not say what"));
}

TEST_F(Hwmon, SaysHowToWakeAPowerMeterThatShowsNothing) {
  machine.write("class/hwmon/hwmon0/name", "power_meter\n");
  machine.write("class/hwmon/hwmon0/power1_average", "0\n");
  EXPECT_THAT(note(open(), "hwmon:power_meter").remedy, HasSubstr("force_cap_on=y"));
}

TEST_F(Hwmon, TakesTheWholeSocketOfGraceWhereItsPartsAreNotShown) {
  machine.write("class/hwmon/hwmon0/name", "power_meter\n");
  machine.write("class/hwmon/hwmon0/device/power1_oem_info", "Grace Power Socket 1\n");
  machine.write("class/hwmon/hwmon0/device/power1_average", "200000000\n");
  machine.write("class/hwmon/hwmon1/name", "power_meter\n");
  machine.write("class/hwmon/hwmon1/device/power1_oem_info", "CPU Power Socket 1\n");
  machine.write("class/hwmon/hwmon1/device/power1_average", "150000000\n");
  const MachineMeters opened = open();
  EXPECT_THAT(ids(opened.meters), ElementsAre("grace:socket-1"));
  EXPECT_THAT(ids(opened.observed), ElementsAre("grace:cpu-1"));
}

TEST_F(Hwmon, DoesNotBookNegativePowerOfMemoryWhereTheSensorsOfGraceCross) {
  int number = 0;
  for (const auto& [part, watts] :
       {std::pair("Grace", 100), std::pair("CPU", 90), std::pair("SysIO", 12)}) {
    const std::string chip = "class/hwmon/hwmon" + std::to_string(number++);
    machine.write(chip + "/name", "power_meter\n");
    machine.write(chip + "/device/power1_oem_info", std::string(part) + " Power Socket 0\n");
    machine.write(chip + "/device/power1_average", std::to_string(watts) + "000000\n");
  }
  const MachineMeters opened = open();
  ASSERT_EQ(opened.meters.size(), 3u);
  machine.clock().advance(Seconds{1.0});
  EXPECT_EQ(read(*opened.meters[2]), Microjoules{0});
  machine.write("class/hwmon/hwmon1/device/power1_average", "400000000\n");
  EXPECT_FALSE(opened.meters[2]->read(machine.clock().now()));
}

TEST_F(Hwmon, SeparatesTheRailsOfAnAltra) {
  machine.write("class/hwmon/hwmon0/name", "apm_xgene\n");
  machine.write("class/hwmon/hwmon0/power1_label", "CPU power\n");
  machine.write("class/hwmon/hwmon0/power1_input", "80000000\n");
  machine.write("class/hwmon/hwmon0/power2_label", "IO power\n");
  machine.write("class/hwmon/hwmon0/power2_input", "20000000\n");
  machine.write("class/hwmon/hwmon0/power3_label", "fan power\n");
  machine.write("class/hwmon/hwmon0/power3_input", "20000000\n");
  const MachineMeters opened = open();
  EXPECT_THAT(ids(opened.meters), ElementsAre("hwmon:altra:CPU-power", "hwmon:altra:IO-power"));
  EXPECT_EQ(note(opened, "hwmon:altra:fan-power").state, BackendState::Refused);
}

// Pitfall 21
TEST_F(Hwmon, DoesNotTakeARailOfAJetsonForItsBoard) {
  machine.write("class/hwmon/hwmon1/name", "ina3221\n");
  machine.write("class/hwmon/hwmon1/in1_label", "VDD_GPU_SOC\n");
  machine.write("class/hwmon/hwmon1/in1_input", "5000\n");
  machine.write("class/hwmon/hwmon1/curr1_input", "1000\n");
  machine.write("class/hwmon/hwmon1/in2_label", "NC\n");
  const MachineMeters opened = open();
  EXPECT_THAT(opened.meters, IsEmpty());
  EXPECT_THAT(ids(opened.observed), ElementsAre("jetson:VDD_GPU_SOC"));
  EXPECT_THAT(note(opened, "jetson").words, HasSubstr("no rail carries the whole board"));
}

}  // namespace wattune::energy
