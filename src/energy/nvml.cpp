#include "wattune/energy/nvml.hpp"

#include <fmt/format.h>

#include "counter_meter.hpp"
#include "nvml_library.hpp"

namespace wattune::energy {
namespace {

constexpr Seconds kRefresh{0.1};
constexpr double kGain = 0.05;
constexpr double kOverLimit = 1.2;
constexpr Watts kUnknownLimit{1500.0};

Channel make_channel(const GpuInfo& gpu) {
  Channel channel;
  channel.id = "nvml:" + gpu.uuid;
  channel.kind = ChannelKind::Gpu;
  channel.gain_uncertainty = kGain;
  channel.refresh = kRefresh;
  channel.source = fmt::format("energy counter of {} (NVML, GPU {})", gpu.name, gpu.index);
  channel.device_uuid = gpu.uuid;
  return channel;
}

Result<std::uint64_t> read_energy_uj(const NvmlLibrary& library, NvmlDevice device) {
  return library.sample(device, NvmlScope::Gpu).energy_mj.map([](std::uint64_t millijoules) {
    return millijoules * 1000;
  });
}

/// Why a GPU has no meter, if so; a read that merely failed this time is no reason.
std::optional<std::string> why_no_energy(const NvmlLibrary& library, NvmlDevice device) {
  const Result<std::uint64_t> first = read_energy_uj(library, device);
  if (first || first.error().kind == ErrorKind::Transient) return std::nullopt;
  if (first.error().kind == ErrorKind::NotFound &&
      first.error().message.find("too old") == std::string::npos) {
    return "this GPU has no energy counter (Volta and later have one)";
  }
  return first.error().message;
}

Watts highest_power(const NvmlLibrary& library, NvmlDevice device) {
  const Result<Watts> limit = library.enforced_limit(device);
  return limit && *limit > Watts{} ? *limit * kOverLimit : kUnknownLimit;
}

std::optional<GpuInfo> describe(const NvmlLibrary& library, unsigned index, NvmlDevice device) {
  const Result<std::string> uuid = library.uuid(device);
  if (!uuid || uuid->empty()) return std::nullopt;
  GpuInfo info;
  info.index = index;
  info.uuid = *uuid;
  info.name = library.name(device).value_or(std::string());
  if (const auto bytes = library.memory_bytes(device)) info.memory_bytes = *bytes;
  return info;
}

template <typename Value>
std::optional<Value> if_known(const Result<Value>& result) {
  return result ? std::optional(*result) : std::nullopt;
}

}  // namespace

Result<Nvml> Nvml::open(const std::string& library) {
  return NvmlLibrary::open(library, "/").map([](std::shared_ptr<const NvmlLibrary> loaded) {
    return Nvml{std::move(loaded)};
  });
}

std::vector<GpuInfo> Nvml::list_gpus() const {
  std::vector<GpuInfo> gpus;
  const unsigned count = library_->count().value_or(0);
  for (unsigned index = 0; index < count; ++index) {
    const Result<NvmlDevice> device = library_->device(index);
    if (!device) continue;
    if (const auto info = describe(*library_, index, *device)) gpus.push_back(*info);
  }
  return gpus;
}

std::vector<GpuState> Nvml::states() const {
  std::vector<GpuState> states;
  for (const GpuInfo& gpu : list_gpus()) {
    const NvmlDevice device = *library_->device(gpu.index);
    GpuState state;
    state.uuid = gpu.uuid;
    state.temperature_c = if_known(library_->temperature_c(device));
    state.sm_clock_mhz = if_known(library_->sm_clock_mhz(device));
    state.memory_clock_mhz = if_known(library_->memory_clock_mhz(device));
    state.enforced_limit = if_known(library_->enforced_limit(device));
    state.default_limit = if_known(library_->default_limit(device));
    state.driver = library_->driver_version();
    states.push_back(std::move(state));
  }
  return states;
}

OpenedMeters Nvml::open_meters(MonotonicTime now) const {
  OpenedMeters opened;
  const unsigned count = library_->count().value_or(0);
  if (count == 0) opened.notes.push_back({"nvml", BackendState::Absent, "the driver lists no GPU"});
  for (unsigned index = 0; index < count; ++index) {
    const Result<NvmlDevice> device = library_->device(index);
    const auto info = device ? describe(*library_, index, *device) : std::nullopt;
    if (!info) {
      opened.notes.push_back({fmt::format("nvml:{}", index), BackendState::Refused,
                              "the driver does not tell the identifier of this GPU"});
      continue;
    }
    const Channel channel = make_channel(*info);
    if (const auto reason = why_no_energy(*library_, *device)) {
      opened.notes.push_back(
          {channel.id, BackendState::Refused, fmt::format("{}: {}", info->name, *reason)});
      continue;
    }
    const CounterLimits limits{std::nullopt, highest_power(*library_, *device), kRefresh};
    auto meter = std::make_unique<CounterMeter>(
        channel, limits,
        [library = library_, handle = *device] { return read_energy_uj(*library, handle); });
    static_cast<void>(meter->read(now));
    opened.notes.push_back({channel.id, BackendState::Used, channel.source});
    opened.meters.push_back(std::move(meter));
  }
  return opened;
}

}  // namespace wattune::energy
