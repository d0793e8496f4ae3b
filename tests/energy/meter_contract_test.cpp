#include "contracts/meter_contract.hpp"

#include "support/fake_amd_smi.hpp"
#include "support/fake_nvml.hpp"
#include "support/fake_powercap.hpp"
#include "support/fake_proc.hpp"
#include "wattune/energy/amd_smi.hpp"
#include "wattune/energy/cpu_model.hpp"
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
    powercap_.clock().advance(elapsed(powercap_.clock().now(), now) - Seconds{0.15});
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

template <typename Bench>
MakeMeterBench bench_of() {
  return [] { return std::make_unique<Bench>(); };
}

}  // namespace

INSTANTIATE_TEST_SUITE_P(Rapl, MeterContract, testing::Values(bench_of<RaplBench>()));
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
