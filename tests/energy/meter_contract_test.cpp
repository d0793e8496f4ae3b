#include "contracts/meter_contract.hpp"

#include <algorithm>
#include <iterator>

#include "energy/failover_meter.hpp"
#include "support/fake_amd_smi.hpp"
#include "support/fake_machine.hpp"
#include "support/fake_nvml.hpp"
#include "support/fake_powercap.hpp"
#include "support/fake_proc.hpp"
#include "wattune/energy/amd_smi.hpp"
#include "wattune/energy/cpu_model.hpp"
#include "wattune/energy/dram_model.hpp"
#include "wattune/energy/nvml.hpp"

namespace wattune::contracts {
namespace {

class RaplBench final : public MeterBench {
 public:
  RaplBench() {
    // Near the end of its range, so that the suite runs through a turn of the counter.
    powercap_.add("intel-rapl:0", {.name = "package-0", .energy_uj = 262'143'000'000});
    powercap_.add("intel-rapl:0/intel-rapl:0:0", {.name = "dram"});
    powercap_.add("intel-rapl:1", {.name = "package-1"});
  }
  std::vector<std::unique_ptr<energy::Meter>> open(MonotonicTime now) override {
    powercap_.clock().advance(elapsed(powercap_.clock().now(), now));
    return powercap_.open().meters;
  }
  void draw(Joules energy) override {
    powercap_.draw("intel-rapl:0", static_cast<std::uint64_t>(energy.value() * 1e6));
    if (is_broken_) powercap_.garble("intel-rapl:0");
  }
  void set_broken(bool is_broken) override {
    is_broken_ = is_broken;
    is_broken ? powercap_.garble("intel-rapl:0") : powercap_.mend("intel-rapl:0");
  }

 private:
  fake::Powercap powercap_;
  bool is_broken_ = false;
};

/// A counter with nothing behind it to go on with.
class FailoverBench final : public MeterBench {
 public:
  std::vector<std::unique_ptr<energy::Meter>> open(MonotonicTime now) override {
    std::vector<std::unique_ptr<energy::Meter>> meters;
    for (auto& counter : rapl_.open(now)) {
      meters.push_back(std::make_unique<energy::FailoverMeter>(
          std::move(counter), std::vector<energy::OpenFallback>{}));
    }
    return meters;
  }
  void draw(Joules energy) override { rapl_.draw(energy); }
  void set_broken(bool is_broken) override { rapl_.set_broken(is_broken); }

 private:
  RaplBench rapl_;
};

/// A board of the driver, by whichever way the scenario leaves open.
class NvmlBench : public MeterBench {
 public:
  std::vector<std::unique_ptr<energy::Meter>> open(MonotonicTime now) override {
    scenario_.advance(elapsed(scenario_.clock().now(), now));
    return open_all().meters;
  }

 protected:
  NvmlBench() {
    scenario_.add_gpu("GPU-one", 5'000'000);
    scenario_.add_gpu("GPU-two", 5'000'000);
  }
  /// Time stands still in the test of the counters, so that they need not move.
  energy::OpenedMeters open_all() {
    return must(energy::Nvml::open(
                    {.library = fake::NvmlScenario::library(), .wait = [](Seconds) {}}))
        .open_meters(scenario_.clock());
  }

  fake::NvmlScenario scenario_;
};

class NvmlCounterBench : public NvmlBench {
 public:
  void draw(Joules energy) override {
    millijoules_ += static_cast<std::uint64_t>(energy.value() * 1e3);
    scenario_.set("energy0", std::to_string(millijoules_));
  }
  void set_broken(bool is_broken) override {
    scenario_.set("energy_result0", is_broken ? "10" : "0");
  }

 private:
  std::uint64_t millijoules_ = 5'000'000;
};

/// The steps of the suite are of one second, so that watts and joules are the same number.
class NvmlInstantPowerBench final : public NvmlBench {
 public:
  NvmlInstantPowerBench() {
    scenario_.forget("energy0");
    scenario_.set("power0", "20000");
  }
  void draw(Joules energy) override {
    scenario_.set("power0", std::to_string(static_cast<int>(energy.value() * 1e3)));
  }
  void set_broken(bool is_broken) override {
    scenario_.set("power_result0", is_broken ? "10" : "0");
  }
};

class NvmlPowerUsageBench final : public NvmlBench {
 public:
  NvmlPowerUsageBench() {
    scenario_.forget("energy0");
    scenario_.set("usage0", "20000");
  }
  void draw(Joules energy) override {
    scenario_.set("usage0", std::to_string(static_cast<int>(energy.value() * 1e3)));
  }
  void set_broken(bool is_broken) override {
    scenario_.set("usage_result0", is_broken ? "10" : "0");
  }
};

class NvmlModelBench final : public NvmlBench {
 public:
  NvmlModelBench() {
    scenario_.forget("energy0");
    scenario_.set("utilisation0", "20");
  }
  void draw(Joules energy) override {
    scenario_.set("utilisation0", std::to_string(static_cast<int>(energy.value())));
  }
  void set_broken(bool is_broken) override {
    scenario_.set("other_result0", is_broken ? "10" : "0");
  }
};

/// Reads the board before the slice, as a sampler does.
class SliceMeter final : public energy::Meter {
 public:
  SliceMeter(std::shared_ptr<energy::Meter> board, std::unique_ptr<energy::Meter> slice)
      : board_(std::move(board)), slice_(std::move(slice)) {}
  [[nodiscard]] const energy::Channel& channel() const override { return slice_->channel(); }
  [[nodiscard]] Seconds longest_safe_gap() const override { return slice_->longest_safe_gap(); }
  [[nodiscard]] std::optional<Watts> idle_power() const override { return slice_->idle_power(); }
  [[nodiscard]] Result<energy::Reading> read(MonotonicTime now) override {
    static_cast<void>(board_->read(now));
    return slice_->read(now);
  }

 private:
  std::shared_ptr<energy::Meter> board_;
  std::unique_ptr<energy::Meter> slice_;
};

class MigSliceBench final : public NvmlCounterBench {
 public:
  MigSliceBench() {
    scenario_.set("instances0", "MIG-one:3 MIG-two:2");
    scenario_.set("slices0", "7");
  }
  std::vector<std::unique_ptr<energy::Meter>> open(MonotonicTime now) override {
    scenario_.advance(elapsed(scenario_.clock().now(), now));
    energy::OpenedMeters opened = open_all();
    const std::shared_ptr<energy::Meter> board = std::move(opened.meters.at(0));
    std::vector<std::unique_ptr<energy::Meter>> slices;
    for (auto& slice : opened.observed) {
      slices.push_back(std::make_unique<SliceMeter>(board, std::move(slice)));
    }
    return slices;
  }
};

class AmdSmiBench : public MeterBench {
 public:
  AmdSmiBench() {
    scenario_.add_gpu("uuid-one", 5'000'000);
    scenario_.add_gpu("uuid-two", 5'000'000);
  }
  std::vector<std::unique_ptr<energy::Meter>> open(MonotonicTime now) override {
    scenario_.advance(elapsed(scenario_.clock().now(), now));
    return must(energy::AmdSmi::open(
                    {.library = fake::AmdSmiScenario::library(), .wait = [](Seconds) {}}))
        .open_meters(scenario_.clock())
        .meters;
  }
  void draw(Joules energy) override {
    millijoules_ += static_cast<std::uint64_t>(energy.value() * 1e3);
    scenario_.set("energy0", std::to_string(millijoules_));
  }
  void set_broken(bool is_broken) override {
    scenario_.set("energy_result0", is_broken ? "30" : "0");
  }

 protected:
  fake::AmdSmiScenario scenario_;
  std::uint64_t millijoules_ = 5'000'000;
};

class AmdSmiPowerBench final : public AmdSmiBench {
 public:
  AmdSmiPowerBench() {
    scenario_.set("energy_result0", "2");
    scenario_.set("power0", "21000");
  }
  void draw(Joules energy) override {
    scenario_.set("power0", std::to_string(static_cast<int>(energy.value() + 1.0) * 1000));
  }
  void set_broken(bool is_broken) override {
    scenario_.set("power_result0", is_broken ? "30" : "0");
  }
};

class CpuModelBench final : public MeterBench {
 public:
  std::vector<std::unique_ptr<energy::Meter>> open(MonotonicTime now) override {
    std::vector<std::unique_ptr<energy::Meter>> meters;
    meters.push_back(must(energy::open_cpu_model(now, proc_.root())));
    return meters;
  }
  void draw(Joules energy) override {
    ticks_.user += static_cast<std::uint64_t>(energy.value() * 10.0);
    write();
  }
  void set_broken(bool is_broken) override {
    is_broken_ = is_broken;
    write();
  }

 private:
  void write() { is_broken_ ? proc_.remove_stat() : proc_.set_ticks(ticks_); }

  fake::Proc proc_{2};
  fake::CpuTicks ticks_;
  bool is_broken_ = false;
};

class TdpModelBench final : public MeterBench {
 public:
  std::vector<std::unique_ptr<energy::Meter>> open(MonotonicTime now) override {
    std::vector<std::unique_ptr<energy::Meter>> meters;
    meters.push_back(must(energy::open_tdp_model(now, Watts{100.0}, proc_.root())));
    return meters;
  }
  void draw(Joules energy) override {
    ticks_.user += static_cast<std::uint64_t>(energy.value());
    write();
  }
  void set_broken(bool is_broken) override {
    is_broken_ = is_broken;
    write();
  }

 private:
  void write() { is_broken_ ? proc_.remove_stat() : proc_.set_ticks(ticks_); }

  fake::Proc proc_{2};
  fake::CpuTicks ticks_;
  bool is_broken_ = false;
};

/// Draws by itself, whatever anybody does.
class DramModelBench final : public MeterBench {
 public:
  DramModelBench() { set_broken(false); }
  std::vector<std::unique_ptr<energy::Meter>> open(MonotonicTime now) override {
    std::vector<std::unique_ptr<energy::Meter>> meters;
    meters.push_back(must(energy::open_dram_model(now, proc_.root())));
    return meters;
  }
  void draw(Joules /*energy*/) override {}
  void set_broken(bool is_broken) override {
    proc_.folder().write("meminfo", is_broken ? "?\n" : "MemTotal:       16777216 kB\n");
  }

 private:
  fake::Proc proc_;
};

/// A machine whose meters are opened all together; the contract is that of the first.
class MachineBench : public MeterBench {
 public:
  std::vector<std::unique_ptr<energy::Meter>> open(MonotonicTime now) override {
    machine.clock().advance(elapsed(machine.clock().now(), now));
    energy::MachineMeters opened = machine.open();
    std::ranges::move(opened.observed, std::back_inserter(opened.meters));
    return std::move(opened.meters);
  }
  void draw(Joules energy) override { machine.draw("first", energy); }

  fake::Machine machine;
};

class PerfBench final : public MachineBench {
 public:
  PerfBench() {
    machine.add_cpu(0, 0);
    machine.add_cpu(1, 1);
    machine.add_power_pmu("0-1");
    machine.add_perf_event("energy-pkg", 2, {{0, "first"}, {1, "second"}});
    machine.add_perf_event("energy-psys", 5, {{0, "psys"}});
  }
  void set_broken(bool is_broken) override { machine.perf().interrupt(is_broken); }
};

/// A file below /sys that counts, and that can be spoilt.
class CountedFileBench : public MachineBench {
 public:
  CountedFileBench(std::string file, std::string suffix)
      : file_(std::move(file)), suffix_(std::move(suffix)) {
    machine.add_counter(file_, "first", 7'000'000'000, suffix_);
  }
  void draw(Joules energy) override {
    machine.draw("first", energy);
    if (is_broken_) machine.write(file_, "?\n");
  }
  void set_broken(bool is_broken) override {
    is_broken_ = is_broken;
    is_broken ? machine.write(file_, "?\n") : machine.draw("first", Joules{});
  }

 private:
  std::string file_;
  std::string suffix_;
  bool is_broken_ = false;
};

class CrayBench final : public CountedFileBench {
 public:
  CrayBench() : CountedFileBench("cray/pm_counters/cpu_energy", " J 1700000000000000 us") {
    machine.add_counter("cray/pm_counters/energy", "node", 9'000'000'000, " J");
    machine.add_counter("cray/pm_counters/accel0_energy", "accel", 9'000'000'000, " J");
  }
};

class SharedPowercapBench final : public CountedFileBench {
 public:
  SharedPowercapBench() : CountedFileBench("shared/intel-rapl:0/energy_uj", "") {}
  std::vector<std::unique_ptr<energy::Meter>> open(MonotonicTime now) override {
    machine.clock().advance(elapsed(machine.clock().now(), now));
    energy::MeterOptions options = machine.options();
    options.shared_powercap_root = options.sysfs_root / "shared";
    return energy::open_meters(machine.clock(), options).meters;
  }
};

class AmdEnergyBench final : public CountedFileBench {
 public:
  AmdEnergyBench() : CountedFileBench("class/hwmon/hwmon3/energy1_input", "") {
    machine.write("class/hwmon/hwmon3/name", "zenergy\n");
    machine.write("class/hwmon/hwmon3/energy1_label", "Esocket0\n");
  }
};

class IntelGpuBench final : public CountedFileBench {
 public:
  IntelGpuBench()
      : CountedFileBench("devices/pci0000:00/0000:03:00.0/hwmon/hwmon2/energy1_input", "") {
    const std::string device = "devices/pci0000:00/0000:03:00.0/";
    machine.write(device + "hwmon/hwmon2/name", "xe\n");
    machine.link(device + "hwmon/hwmon2/device", "../..");
    machine.link("class/hwmon/hwmon2", "../../" + device + "hwmon/hwmon2");
    machine.proc().remove_stat();
  }
};

/// A power in microwatts: it draws what was asked for in the second that follows.
class PowerFileBench : public MachineBench {
 public:
  explicit PowerFileBench(std::string file) : file_(std::move(file)) { write(); }
  void draw(Joules energy) override {
    power_uw_ = static_cast<std::uint64_t>(energy.value() * 1e6);
    write();
  }
  void set_broken(bool is_broken) override {
    is_broken_ = is_broken;
    write();
  }

 private:
  void write() { machine.write(file_, is_broken_ ? "?\n" : std::to_string(power_uw_) + "\n"); }

  std::string file_;
  std::uint64_t power_uw_ = 20'000'000;
  bool is_broken_ = false;
};

class GraceBench final : public PowerFileBench {
 public:
  GraceBench() : PowerFileBench("class/hwmon/hwmon0/device/power1_average") {
    machine.write("class/hwmon/hwmon0/device/name", "power_meter\n");
    machine.write("class/hwmon/hwmon0/device/power1_oem_info", "Grace Power Socket 0\n");
    machine.write("class/hwmon/hwmon1/name", "power_meter\n");
    machine.write("class/hwmon/hwmon1/device/power1_average", "900000000\n");
    machine.write("class/hwmon/hwmon1/device/power1_oem_info", "Module Power Socket 0\n");
  }
};

class AmdGpuBench final : public PowerFileBench {
 public:
  AmdGpuBench() : PowerFileBench("devices/pci0000:00/0000:03:00.0/hwmon/hwmon2/power1_average") {
    const std::string device = "devices/pci0000:00/0000:03:00.0/";
    machine.write(device + "hwmon/hwmon2/name", "amdgpu\n");
    machine.write(device + "hwmon/hwmon2/power1_cap", "300000000\n");
    machine.link(device + "hwmon/hwmon2/device", "../..");
    machine.link("class/hwmon/hwmon2", "../../" + device + "hwmon/hwmon2");
    machine.proc().remove_stat();
  }
};

class AcpiBench final : public PowerFileBench {
 public:
  AcpiBench() : PowerFileBench("class/hwmon/hwmon0/power1_average") {
    machine.write("class/hwmon/hwmon0/name", "power_meter\n");
  }
};

class AltraBench final : public PowerFileBench {
 public:
  AltraBench() : PowerFileBench("class/hwmon/hwmon0/power1_input") {
    machine.write("class/hwmon/hwmon0/name", "apm_xgene\n");
    machine.write("class/hwmon/hwmon0/power1_label", "CPU power\n");
    machine.write("class/hwmon/hwmon0/power2_label", "IO power\n");
    machine.write("class/hwmon/hwmon0/power2_input", "9000000\n");
  }
};

class JetsonBench final : public MachineBench {
 public:
  JetsonBench() {
    machine.write("class/hwmon/hwmon1/name", "ina3221\n");
    for (const auto& [number, label] : {std::pair("1", "VDD_IN"), std::pair("2", "VDD_SOC")}) {
      machine.write(chip_ + "in" + number + "_label", std::string(label) + "\n");
      machine.write(chip_ + "in" + number + "_input", "5000\n");
      machine.write(chip_ + "curr" + number + "_input", "4000\n");
    }
  }
  void draw(Joules energy) override {
    milliamperes_ = static_cast<std::uint64_t>(energy.value() * 200.0);
    set_broken(is_broken_);
  }
  void set_broken(bool is_broken) override {
    is_broken_ = is_broken;
    machine.write(chip_ + "curr1_input", is_broken ? "?\n" : std::to_string(milliamperes_) + "\n");
  }

 private:
  std::string chip_ = "class/hwmon/hwmon1/";
  std::uint64_t milliamperes_ = 4000;
  bool is_broken_ = false;
};

template <typename Bench>
MakeMeterBench bench_of() {
  return [] { return std::make_unique<Bench>(); };
}

}  // namespace

INSTANTIATE_TEST_SUITE_P(Rapl, MeterContract, testing::Values(bench_of<RaplBench>()));
INSTANTIATE_TEST_SUITE_P(Failover, MeterContract, testing::Values(bench_of<FailoverBench>()));
INSTANTIATE_TEST_SUITE_P(Perf, MeterContract, testing::Values(bench_of<PerfBench>()));
INSTANTIATE_TEST_SUITE_P(Cray, MeterContract, testing::Values(bench_of<CrayBench>()));
INSTANTIATE_TEST_SUITE_P(SharedPowercap, MeterContract,
                         testing::Values(bench_of<SharedPowercapBench>()));
INSTANTIATE_TEST_SUITE_P(AmdEnergy, MeterContract, testing::Values(bench_of<AmdEnergyBench>()));
INSTANTIATE_TEST_SUITE_P(IntelGpu, MeterContract, testing::Values(bench_of<IntelGpuBench>()));
INSTANTIATE_TEST_SUITE_P(Grace, MeterContract, testing::Values(bench_of<GraceBench>()));
INSTANTIATE_TEST_SUITE_P(AmdGpu, MeterContract, testing::Values(bench_of<AmdGpuBench>()));
INSTANTIATE_TEST_SUITE_P(Acpi, MeterContract, testing::Values(bench_of<AcpiBench>()));
INSTANTIATE_TEST_SUITE_P(Altra, MeterContract, testing::Values(bench_of<AltraBench>()));
INSTANTIATE_TEST_SUITE_P(Jetson, MeterContract, testing::Values(bench_of<JetsonBench>()));
INSTANTIATE_TEST_SUITE_P(TdpModel, MeterContract, testing::Values(bench_of<TdpModelBench>()));
INSTANTIATE_TEST_SUITE_P(DramModel, MeterContract, testing::Values(bench_of<DramModelBench>()));
INSTANTIATE_TEST_SUITE_P(NvmlCounter, MeterContract, testing::Values(bench_of<NvmlCounterBench>()));
INSTANTIATE_TEST_SUITE_P(NvmlInstantPower, MeterContract,
                         testing::Values(bench_of<NvmlInstantPowerBench>()));
INSTANTIATE_TEST_SUITE_P(NvmlPowerUsage, MeterContract,
                         testing::Values(bench_of<NvmlPowerUsageBench>()));
INSTANTIATE_TEST_SUITE_P(NvmlModel, MeterContract, testing::Values(bench_of<NvmlModelBench>()));
INSTANTIATE_TEST_SUITE_P(MigSlice, MeterContract, testing::Values(bench_of<MigSliceBench>()));
INSTANTIATE_TEST_SUITE_P(AmdSmiCounter, MeterContract, testing::Values(bench_of<AmdSmiBench>()));
INSTANTIATE_TEST_SUITE_P(AmdSmiPower, MeterContract, testing::Values(bench_of<AmdSmiPowerBench>()));
INSTANTIATE_TEST_SUITE_P(CpuModel, MeterContract, testing::Values(bench_of<CpuModelBench>()));

}  // namespace wattune::contracts
