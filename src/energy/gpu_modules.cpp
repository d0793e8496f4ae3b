#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "wattune/energy/nvml.hpp"

namespace wattune::energy {
namespace {

/// A meter whose energy another channel includes.
class ContainedMeter final : public Meter {
 public:
  ContainedMeter(std::unique_ptr<Meter> inner, std::string outer)
      : inner_(std::move(inner)), channel_(inner_->channel()) {
    channel_.contained_in = std::move(outer);
  }
  [[nodiscard]] const Channel& channel() const override { return channel_; }
  [[nodiscard]] Seconds longest_safe_gap() const override { return inner_->longest_safe_gap(); }
  [[nodiscard]] Seconds preferred_gap() const override { return inner_->preferred_gap(); }
  [[nodiscard]] std::optional<Watts> idle_power() const override { return inner_->idle_power(); }
  [[nodiscard]] Result<Reading> read(MonotonicTime now) override { return inner_->read(now); }

 private:
  std::unique_ptr<Meter> inner_;
  Channel channel_;
};

/// The module that includes a CPU's channel: that of its socket; if that is not known, the first,
/// for machines of modules have no other CPUs.
const Channel* module_of(const Channel& cpu, const std::vector<Channel>& modules) {
  for (const Channel& module : modules) {
    if (!cpu.socket || !module.socket || *cpu.socket == *module.socket) return &module;
  }
  return nullptr;
}

}  // namespace

void set_apart_cpus_in_modules(std::vector<std::unique_ptr<Meter>>& meters,
                               std::vector<std::unique_ptr<Meter>>& observed,
                               std::vector<BackendNote>& notes) {
  std::vector<Channel> modules;
  for (const auto& meter : meters) {
    if (meter->channel().kind == ChannelKind::GpuModule) modules.push_back(meter->channel());
  }
  std::vector<std::unique_ptr<Meter>> kept;
  for (std::unique_ptr<Meter>& meter : meters) {
    const Channel& channel = meter->channel();
    const Channel* module = is_gpu(channel.kind) ? nullptr : module_of(channel, modules);
    if (module == nullptr) {
      kept.push_back(std::move(meter));
      continue;
    }
    notes.push_back({channel.id, BackendState::Refused,
                     fmt::format("shown, not added: {} includes this CPU", module->id)});
    observed.push_back(std::make_unique<ContainedMeter>(std::move(meter), module->id));
  }
  meters = std::move(kept);
}

}  // namespace wattune::energy
