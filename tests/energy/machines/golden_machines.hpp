#pragma once

#include <memory>
#include <string>

#include "support/fake_machine.hpp"

namespace wattune::fake {

/// A desktop with one Intel processor: psys, and every package twice, through MSR and MMIO.
inline std::unique_ptr<Machine> intel_client() {
  auto machine = std::make_unique<Machine>();
  machine->proc().folder().write("meminfo", "MemTotal:       16777216 kB\n");
  machine->add_cpu(0, 0);
  machine->add_zone("intel-rapl:0", "package-0", "package");
  machine->add_zone("intel-rapl:0/intel-rapl:0:0", "core", "core");
  machine->add_zone("intel-rapl:0/intel-rapl:0:1", "uncore", "uncore");
  machine->add_zone("intel-rapl:1", "psys", "psys");
  machine->add_zone("intel-rapl-mmio:0", "package-0", "package");
  return machine;
}

/// A server with two Xeons that perf shows, with the memory of each; psys is at zone 0.
inline std::unique_ptr<Machine> two_xeons() {
  auto machine = std::make_unique<Machine>();
  machine->add_cpu(0, 0);
  machine->add_cpu(28, 1);
  machine->add_power_pmu("0,28");
  machine->add_perf_event("energy-pkg", 2, {{0, "package-0"}, {28, "package-1"}});
  machine->add_perf_event("energy-ram", 3, {{0, "dram-0"}, {28, "dram-1"}});
  machine->add_zone("intel-rapl:0", "package-1", "package-1");
  machine->add_zone("intel-rapl:0/intel-rapl:0:0", "dram", "dram-1", 1'000, 65'712'999'613);
  machine->add_zone("intel-rapl:1", "package-0", "package-0");
  machine->add_zone("intel-rapl:1/intel-rapl:1:0", "dram", "dram-0", 1'000, 65'712'999'613);
  return machine;
}

/// A Threadripper whose two dies show one counter.
inline std::unique_ptr<Machine> threadripper() {
  auto machine = std::make_unique<Machine>("AuthenticAMD");
  machine->proc().set_cpuinfo(0x17, 8, 2, "AuthenticAMD");
  machine->add_cpu(0, 0, 0);
  machine->add_cpu(8, 0, 1);
  machine->add_zone("intel-rapl:0", "package-0-die-0", "package", 7'000'000, 65'532'610'987);
  machine->add_zone("intel-rapl:0/intel-rapl:0:0", "core", "core-0", 1'000, 65'532'610'987);
  machine->add_zone("intel-rapl:1", "package-0-die-1", "package", 7'000'031, 65'532'610'987);
  machine->add_zone("intel-rapl:1/intel-rapl:1:0", "core", "core-1", 9'000'000, 65'532'610'987);
  return machine;
}

/// Two EPYC: no memory domain and no constraint files.
inline std::unique_ptr<Machine> epyc() {
  auto machine = std::make_unique<Machine>("AuthenticAMD");
  machine->proc().set_cpuinfo(0x19, 0x11, 1, "AuthenticAMD");
  machine->proc().folder().write("meminfo", "MemTotal:       104857600 kB\n");
  machine->add_cpu(0, 0);
  machine->add_cpu(96, 1);
  machine->add_power_pmu("0,96");
  machine->add_perf_event("energy-pkg", 2, {{0, "package-0"}, {96, "package-1"}});
  machine->add_zone("intel-rapl:0", "package-0", "package-0", 65'532'000'000, 65'532'610'987);
  machine->add_zone("intel-rapl:1", "package-1", "package-1", 65'532'000'000, 65'532'610'987);
  return machine;
}

/// A Cascade Lake-AP: two real dies in one package.
inline std::unique_ptr<Machine> cascade_lake_ap() {
  auto machine = std::make_unique<Machine>();
  machine->add_cpu(0, 0, 0);
  machine->add_cpu(24, 0, 1);
  for (int die = 0; die < 2; ++die) {
    const std::string number = std::to_string(die);
    machine->add_zone("intel-rapl:" + number, "package-0-die-" + number, "die-" + number,
                      7'000'000 + 900'000'000ull * static_cast<unsigned>(die));
    machine->add_zone("intel-rapl:" + number + "/intel-rapl:" + number + ":0", "dram",
                      "dram-" + number, 40'000'000ull * static_cast<unsigned>(die + 1));
  }
  return machine;
}

/// A Grace socket: four powers, of which two are inside the third and all inside the fourth.
inline std::unique_ptr<Machine> grace() {
  auto machine = std::make_unique<Machine>("ARM");
  int number = 0;
  for (const auto& [part, watts] : {std::pair("Module", 400), std::pair("Grace", 200),
                                    std::pair("CPU", 150), std::pair("SysIO", 20)}) {
    const std::string chip = "class/hwmon/hwmon" + std::to_string(number++);
    machine->write(chip + "/name", "power_meter\n");
    machine->write(chip + "/device/power1_oem_info", std::string(part) + " Power Socket 0\n");
    machine->write(chip + "/device/power1_average", std::to_string(watts) + "000000\n");
    machine->write(chip + "/device/power1_average_interval", "100\n");
  }
  return machine;
}

/// A guest of KVM: the power PMU registers although nothing counts.
inline std::unique_ptr<Machine> kvm_guest() {
  auto machine = std::make_unique<Machine>();
  machine->proc().folder().write("cpuinfo",
                                 "vendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 106\n"
                                 "stepping\t: 6\nflags\t\t: fpu hypervisor avx\n\n");
  machine->proc().folder().write("meminfo", "MemTotal:       16777216 kB\n");
  machine->add_cpu(0, 0);
  machine->add_power_pmu("0");
  return machine;
}

/// A container: the zones can be listed, but what is behind them is masked; perf is forbidden.
inline std::unique_ptr<Machine> container() {
  auto machine = std::make_unique<Machine>();
  machine->add_cpu(0, 0);
  machine->link("class/powercap/intel-rapl:0", "../../devices/virtual/powercap/intel-rapl:0");
  machine->link("class/powercap/intel-rapl:0:0", "../../devices/virtual/powercap/intel-rapl:0:0");
  machine->add_power_pmu("0");
  machine->add_perf_event("energy-pkg", 2, {{0, "package-0"}});
  machine->perf().deny(EPERM);
  return machine;
}

/// A Jetson Orin NX: three rails, of which one carries the board.
inline std::unique_ptr<Machine> jetson() {
  auto machine = std::make_unique<Machine>("ARM");
  machine->write("class/hwmon/hwmon0/name", "tmp451\n");
  const std::string chip = "class/hwmon/hwmon1/";
  machine->write(chip + "name", "ina3221\n");
  int number = 1;
  for (const auto& [label, milliamperes] :
       {std::pair("VDD_IN", 2000), std::pair("VDD_CPU_GPU_CV", 800), std::pair("VDD_SOC", 400)}) {
    machine->write(chip + "in" + std::to_string(number) + "_label", std::string(label) + "\n");
    machine->write(chip + "in" + std::to_string(number) + "_input", "5000\n");
    machine->write(chip + "curr" + std::to_string(number) + "_input",
                   std::to_string(milliamperes) + "\n");
    ++number;
  }
  return machine;
}

/// A blade of a Cray EX: counters for everybody, RAPL for root only.
inline std::unique_ptr<Machine> cray() {
  auto machine = std::make_unique<Machine>("AuthenticAMD");
  machine->add_cpu(0, 0);
  machine->add_power_pmu("0");
  machine->add_perf_event("energy-pkg", 2, {{0, "package-0"}});
  machine->perf().deny(EACCES);
  machine->write("cray/pm_counters/raw_scan_hz", "10\n");
  const std::string time = " J 1700000000000000 us";
  machine->add_counter("cray/pm_counters/energy", "node", 900'000'000'000, time);
  machine->add_counter("cray/pm_counters/cpu_energy", "cpu", 300'000'000'000, time);
  machine->add_counter("cray/pm_counters/memory_energy", "memory", 100'000'000'000, time);
  machine->add_counter("cray/pm_counters/accel0_energy", "accel", 200'000'000'000, time);
  return machine;
}

}  // namespace wattune::fake
