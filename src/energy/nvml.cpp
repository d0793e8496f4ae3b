#include "wattune/energy/nvml.hpp"

#include <dlfcn.h>
#include <fmt/format.h>

#include <array>
#include <utility>

#include "counter_meter.hpp"

namespace wattune::energy {
namespace {

// Return codes of the library that decide what is done next.
constexpr int kSuccess = 0;
constexpr int kNotSupported = 3;
constexpr int kNoPermission = 4;
constexpr int kFunctionNotFound = 13;
constexpr int kGpuIsLost = 15;

constexpr std::size_t kTextLength = 96;
constexpr Seconds kRefresh{0.1};
constexpr double kGain = 0.05;
constexpr double kOverLimit = 1.2;
constexpr Watts kUnknownLimit{1500.0};

using Device = void*;
struct MemoryInfo {
  unsigned long long total;
  unsigned long long free;
  unsigned long long used;
};
static_assert(sizeof(MemoryInfo) == 24);

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

}  // namespace

/// The library and what was found in it; newer names are tried first.
struct Nvml::Library {
  using Text = int (*)(Device, char*, unsigned);

  void* handle = nullptr;
  int (*init)() = nullptr;
  int (*shutdown)() = nullptr;
  const char* (*error_string)(int) = nullptr;
  int (*device_count)(unsigned*) = nullptr;
  int (*device_by_index)(unsigned, Device*) = nullptr;
  Text device_name = nullptr;
  Text device_uuid = nullptr;
  int (*total_energy)(Device, unsigned long long*) = nullptr;
  int (*power_limit)(Device, unsigned*) = nullptr;
  int (*memory_info)(Device, MemoryInfo*) = nullptr;
  bool is_started = false;

  Library() = default;
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;
  ~Library() {
    if (is_started && shutdown != nullptr) shutdown();
    if (handle != nullptr) ::dlclose(handle);
  }

  template <typename Function>
  void resolve(Function& function, std::initializer_list<const char*> names) {
    for (const char* name : names) {
      function = reinterpret_cast<Function>(::dlsym(handle, name));
      if (function != nullptr) return;
    }
  }

  void resolve_all() {
    resolve(init, {"nvmlInit_v2", "nvmlInit"});
    resolve(shutdown, {"nvmlShutdown"});
    resolve(error_string, {"nvmlErrorString"});
    resolve(device_count, {"nvmlDeviceGetCount_v2", "nvmlDeviceGetCount"});
    resolve(device_by_index, {"nvmlDeviceGetHandleByIndex_v2", "nvmlDeviceGetHandleByIndex"});
    resolve(device_name, {"nvmlDeviceGetName"});
    resolve(device_uuid, {"nvmlDeviceGetUUID"});
    resolve(total_energy, {"nvmlDeviceGetTotalEnergyConsumption"});
    resolve(power_limit, {"nvmlDeviceGetEnforcedPowerLimit"});
    resolve(memory_info, {"nvmlDeviceGetMemoryInfo"});
  }

  [[nodiscard]] std::string words(int code) const {
    if (error_string == nullptr) return fmt::format("NVML error {}", code);
    return fmt::format("{} (NVML error {})", error_string(code), code);
  }

  [[nodiscard]] std::string text(Text function, Device device) const {
    std::array<char, kTextLength> buffer{};
    const bool is_known = function(device, buffer.data(), kTextLength) == kSuccess;
    buffer.back() = '\0';
    return is_known ? std::string(buffer.data()) : std::string();
  }

  [[nodiscard]] Result<std::uint64_t> read_energy_uj(Device device) const;
  [[nodiscard]] std::optional<std::string> why_no_energy(Device device) const;
  [[nodiscard]] Watts highest_power(Device device) const;
  [[nodiscard]] unsigned count() const;
  [[nodiscard]] std::optional<std::pair<Device, GpuInfo>> gpu(unsigned index) const;
};

Result<std::uint64_t> Nvml::Library::read_energy_uj(Device device) const {
  unsigned long long millijoules = 0;
  const int code = total_energy(device, &millijoules);
  if (code == kSuccess) return std::uint64_t{millijoules} * 1000;
  const ErrorKind kind = code == kGpuIsLost      ? ErrorKind::Ended
                         : code == kNoPermission ? ErrorKind::Permission
                         : code == kNotSupported || code == kFunctionNotFound
                             ? ErrorKind::NotFound
                             : ErrorKind::Transient;
  return fail(kind, "energy counter of the GPU: " + words(code));
}

/// Why a GPU has no meter, if so; a read that merely failed this time is no reason.
std::optional<std::string> Nvml::Library::why_no_energy(Device device) const {
  if (total_energy == nullptr) return "the driver is too old to count energy";
  const Result<std::uint64_t> first = read_energy_uj(device);
  if (first || first.error().kind == ErrorKind::Transient) return std::nullopt;
  if (first.error().kind == ErrorKind::NotFound) {
    return "this GPU has no energy counter (Volta and later have one)";
  }
  return first.error().message;
}

Watts Nvml::Library::highest_power(Device device) const {
  unsigned milliwatts = 0;
  if (power_limit == nullptr || power_limit(device, &milliwatts) != kSuccess || milliwatts == 0) {
    return kUnknownLimit;
  }
  return Watts{static_cast<double>(milliwatts) * 1e-3 * kOverLimit};
}

unsigned Nvml::Library::count() const {
  unsigned count = 0;
  return device_count(&count) == kSuccess ? count : 0;
}

std::optional<std::pair<Device, GpuInfo>> Nvml::Library::gpu(unsigned index) const {
  Device device = nullptr;
  if (device_by_index(index, &device) != kSuccess) return std::nullopt;
  GpuInfo info;
  info.index = index;
  info.uuid = text(device_uuid, device);
  info.name = text(device_name, device);
  if (info.uuid.empty()) return std::nullopt;
  MemoryInfo memory{};
  if (memory_info != nullptr && memory_info(device, &memory) == kSuccess) {
    info.memory_bytes = memory.total;
  }
  return std::pair(device, info);
}

Result<Nvml> Nvml::open(const std::string& library) {
  auto loaded = std::make_shared<Library>();
  loaded->handle = ::dlopen(library.c_str(), RTLD_LAZY | RTLD_LOCAL);
  if (loaded->handle == nullptr) {
    const char* reason = ::dlerror();
    return fail(ErrorKind::NotFound, reason != nullptr ? reason : library + " cannot be loaded");
  }
  loaded->resolve_all();
  if (loaded->init == nullptr || loaded->device_count == nullptr ||
      loaded->device_by_index == nullptr || loaded->device_name == nullptr ||
      loaded->device_uuid == nullptr) {
    return fail(ErrorKind::NotFound, library + " lacks the functions that name the GPUs");
  }
  const int code = loaded->init();
  if (code != kSuccess) {
    return fail(ErrorKind::Transient,
                fmt::format("{} cannot be started: {}", library, loaded->words(code)));
  }
  loaded->is_started = true;
  return Nvml{std::move(loaded)};
}

std::vector<GpuInfo> Nvml::list_gpus() const {
  std::vector<GpuInfo> gpus;
  for (unsigned index = 0; index < library_->count(); ++index) {
    if (const auto found = library_->gpu(index)) gpus.push_back(found->second);
  }
  return gpus;
}

OpenedMeters Nvml::open_meters(MonotonicTime now) const {
  OpenedMeters opened;
  const unsigned count = library_->count();
  if (count == 0) opened.notes.push_back({"nvml", BackendState::Absent, "the driver lists no GPU"});
  for (unsigned index = 0; index < count; ++index) {
    const auto found = library_->gpu(index);
    if (!found) {
      opened.notes.push_back({fmt::format("nvml:{}", index), BackendState::Refused,
                              "the driver does not tell the identifier of this GPU"});
      continue;
    }
    const auto& [device, info] = *found;
    const Channel channel = make_channel(info);
    if (const auto reason = library_->why_no_energy(device)) {
      opened.notes.push_back(
          {channel.id, BackendState::Refused, fmt::format("{}: {}", info.name, *reason)});
      continue;
    }
    const CounterLimits limits{std::nullopt, library_->highest_power(device), kRefresh};
    auto meter = std::make_unique<CounterMeter>(
        channel, limits,
        [library = library_, handle = device] { return library->read_energy_uj(handle); });
    static_cast<void>(meter->read(now));
    opened.notes.push_back({channel.id, BackendState::Used, channel.source});
    opened.meters.push_back(std::move(meter));
  }
  return opened;
}

}  // namespace wattune::energy
