#include "contracts/meter_contract.hpp"
#include "support/fake_meter.hpp"
#include "wattune/energy/node_sampler.hpp"

namespace wattune::contracts {
namespace {

/// Two channels seen through a sampler without a thread, on the time of the one who asks.
class SamplerBench final : public MeterBench {
 public:
  [[nodiscard]] std::vector<std::unique_ptr<energy::Meter>> open(MonotonicTime now) override {
    scripts_[0].channel = channel("package-0");
    scripts_[1].channel = channel("package-1");
    std::vector<std::unique_ptr<energy::Meter>> meters;
    for (const fake::MeterScript& script : scripts_) {
      meters.push_back(std::make_unique<fake::ScriptedMeter>(script));
    }
    clock_.advance(elapsed(clock_.now(), now));
    energy::NodeSamplerOptions options;
    options.has_thread = false;
    sampler_ = std::make_unique<energy::NodeSampler>(std::move(meters), clock_, options);
    return sampler_->views();
  }
  void draw(Joules energy) override { scripts_[0].total += to_microjoules(energy); }
  void set_broken(bool is_broken) override {
    scripts_[0].failure = is_broken ? std::optional(ErrorKind::Transient) : std::nullopt;
  }

 private:
  static energy::Channel channel(const std::string& id) {
    energy::Channel made;
    made.id = id;
    made.gain_uncertainty = 0.05;
    made.refresh = Seconds{0.001};
    made.source = "a test";
    return made;
  }

  ManualClock clock_;
  std::vector<fake::MeterScript> scripts_ = std::vector<fake::MeterScript>(2);
  std::unique_ptr<energy::NodeSampler> sampler_;
};

std::unique_ptr<MeterBench> make_bench() {
  return std::make_unique<SamplerBench>();
}

}  // namespace

INSTANTIATE_TEST_SUITE_P(NodeSampler, MeterContract, testing::Values(make_bench));

}  // namespace wattune::contracts
