#include "contracts/meter_contract.hpp"

#include "support/fake_nvml.hpp"
#include "support/fake_powercap.hpp"
#include "support/fake_proc.hpp"
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

class NvmlBench final : public MeterBench {
 public:
  NvmlBench() {
    scenario_.add_gpu("GPU-one", millijoules_);
    scenario_.add_gpu("GPU-two");
  }
  std::vector<std::unique_ptr<energy::Meter>> open(MonotonicTime now) override {
    return must(energy::Nvml::open(fake::NvmlScenario::library())).open_meters(now).meters;
  }
  void draw(Joules energy) override {
    millijoules_ += static_cast<std::uint64_t>(energy.value() * 1e3);
    scenario_.set("energy0", std::to_string(millijoules_));
  }
  void set_broken(bool is_broken) override {
    scenario_.set("energy_result0", is_broken ? "10" : "0");
  }

 private:
  fake::NvmlScenario scenario_;
  std::uint64_t millijoules_ = 5'000'000;
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
INSTANTIATE_TEST_SUITE_P(Nvml, MeterContract, testing::Values(bench_of<NvmlBench>()));
INSTANTIATE_TEST_SUITE_P(CpuModel, MeterContract, testing::Values(bench_of<CpuModelBench>()));

}  // namespace wattune::contracts
