#include "nvml_library.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <utility>

#include "driver_library.hpp"

namespace wattune::energy {
namespace {

// Return codes of the library that decide what is done next.
constexpr int kSuccess = 0;
constexpr int kInvalidArgument = 2;
constexpr int kNotSupported = 3;
constexpr int kNoPermission = 4;
constexpr int kNotFound = 6;
constexpr int kFunctionNotFound = 13;
constexpr int kGpuIsLost = 15;
constexpr int kResetRequired = 16;

// Types in which a field may come.
constexpr int kDouble = 0;
constexpr int kUnsigned = 1;
constexpr int kUnsignedLong = 2;
constexpr int kUnsignedLongLong = 3;

constexpr unsigned kSmClock = 1;
constexpr unsigned kMemoryClock = 2;
constexpr unsigned kTemperatureOfGpu = 0;
constexpr std::size_t kTextLength = 96;

struct MemoryInfo {
  unsigned long long total;
  unsigned long long free;
  unsigned long long used;
};
static_assert(sizeof(MemoryInfo) == 24);

struct Utilisation {
  unsigned gpu_percent;
  unsigned memory_percent;
};
static_assert(sizeof(Utilisation) == 8);

struct PciInfo {
  std::array<char, 16> legacy_address;
  unsigned domain;
  unsigned bus;
  unsigned device;
  unsigned device_id;
  unsigned subsystem_id;
  std::array<char, 32> address;
};
static_assert(sizeof(PciInfo) == 68);

struct InstanceAttributes {
  unsigned num_multiprocessors;
  std::array<unsigned, 5> shared_engines;
  unsigned num_gpu_slices;
  unsigned num_compute_slices;
  unsigned long long memory_mb;
};
static_assert(sizeof(InstanceAttributes) == 40);

ErrorKind kind_of(int code) {
  switch (code) {
    case kGpuIsLost:
    case kResetRequired:
      return ErrorKind::Ended;
    case kNoPermission:
      return ErrorKind::Permission;
    case kInvalidArgument:
    case kNotSupported:
    case kNotFound:
    case kFunctionNotFound:
      return ErrorKind::NotFound;
    default:
      return ErrorKind::Transient;
  }
}

Watts from_milliwatts(unsigned milliwatts) {
  return Watts{static_cast<double>(milliwatts) * 1e-3};
}

std::uint64_t whole_value(const NvmlFieldValue& field) {
  switch (field.value_type) {
    case kDouble:
      return static_cast<std::uint64_t>(std::llround(field.value.as_double));
    case kUnsigned:
      return field.value.as_unsigned;
    case kUnsignedLong:
      return field.value.as_unsigned_long;
    case kUnsignedLongLong:
    default:
      return field.value.as_unsigned_long_long;
  }
}

}  // namespace

/// What was found in the library.
struct NvmlLibrary::Functions {
  template <typename... Arguments>
  using OfDevice = int (*)(NvmlDevice, Arguments...);

  LoadedLibrary loaded;
  bool is_started = false;
  int (*init)() = nullptr;
  int (*shutdown)() = nullptr;
  const char* (*error_string)(int) = nullptr;
  int (*driver_version)(char*, unsigned) = nullptr;
  int (*count)(unsigned*) = nullptr;
  int (*device_by_index)(unsigned, NvmlDevice*) = nullptr;
  OfDevice<char*, unsigned> name = nullptr;
  OfDevice<char*, unsigned> uuid = nullptr;
  OfDevice<unsigned*> architecture = nullptr;
  OfDevice<MemoryInfo*> memory_info = nullptr;
  OfDevice<PciInfo*> pci_info = nullptr;
  OfDevice<int, NvmlFieldValue*> field_values = nullptr;
  OfDevice<unsigned long long*> total_energy = nullptr;
  OfDevice<unsigned*> power_usage = nullptr;
  OfDevice<Utilisation*> utilisation = nullptr;
  OfDevice<unsigned, unsigned*> temperature = nullptr;
  OfDevice<unsigned, unsigned*> clock = nullptr;
  OfDevice<unsigned*> enforced_limit = nullptr;
  OfDevice<unsigned*> set_limit = nullptr;
  OfDevice<unsigned*> default_limit = nullptr;
  OfDevice<unsigned*, unsigned*> limit_range = nullptr;
  OfDevice<unsigned> change_limit = nullptr;
  OfDevice<unsigned*, unsigned*> mig_mode = nullptr;
  OfDevice<unsigned*> most_instances = nullptr;
  OfDevice<unsigned, NvmlDevice*> instance_by_index = nullptr;
  OfDevice<InstanceAttributes*> attributes = nullptr;

  void resolve_all() {
    loaded.resolve(init, {"nvmlInit_v2", "nvmlInit"});
    loaded.resolve(shutdown, {"nvmlShutdown"});
    loaded.resolve(error_string, {"nvmlErrorString"});
    loaded.resolve(driver_version, {"nvmlSystemGetDriverVersion"});
    loaded.resolve(count, {"nvmlDeviceGetCount_v2", "nvmlDeviceGetCount"});
    loaded.resolve(device_by_index,
                   {"nvmlDeviceGetHandleByIndex_v2", "nvmlDeviceGetHandleByIndex"});
    loaded.resolve(name, {"nvmlDeviceGetName"});
    loaded.resolve(uuid, {"nvmlDeviceGetUUID"});
    loaded.resolve(architecture, {"nvmlDeviceGetArchitecture"});
    loaded.resolve(memory_info, {"nvmlDeviceGetMemoryInfo"});
    loaded.resolve(pci_info, {"nvmlDeviceGetPciInfo_v3"});
    loaded.resolve(field_values, {"nvmlDeviceGetFieldValues"});
    loaded.resolve(total_energy, {"nvmlDeviceGetTotalEnergyConsumption"});
    loaded.resolve(power_usage, {"nvmlDeviceGetPowerUsage"});
    loaded.resolve(utilisation, {"nvmlDeviceGetUtilizationRates"});
    loaded.resolve(temperature, {"nvmlDeviceGetTemperature"});
    loaded.resolve(clock, {"nvmlDeviceGetClockInfo"});
    loaded.resolve(enforced_limit, {"nvmlDeviceGetEnforcedPowerLimit"});
    loaded.resolve(set_limit, {"nvmlDeviceGetPowerManagementLimit"});
    loaded.resolve(default_limit, {"nvmlDeviceGetPowerManagementDefaultLimit"});
    loaded.resolve(limit_range, {"nvmlDeviceGetPowerManagementLimitConstraints"});
    loaded.resolve(change_limit, {"nvmlDeviceSetPowerManagementLimit"});
    loaded.resolve(mig_mode, {"nvmlDeviceGetMigMode"});
    loaded.resolve(most_instances, {"nvmlDeviceGetMaxMigDeviceCount"});
    loaded.resolve(instance_by_index, {"nvmlDeviceGetMigDeviceHandleByIndex"});
    loaded.resolve(attributes, {"nvmlDeviceGetAttributes_v2", "nvmlDeviceGetAttributes"});
  }

  [[nodiscard]] std::string words(int code) const {
    if (error_string == nullptr) return fmt::format("NVML error {}", code);
    return fmt::format("{} (NVML error {})", error_string(code), code);
  }

  [[nodiscard]] tl::unexpected<Error> failure(const char* what, int code) const {
    return fail(kind_of(code), fmt::format("{}: {}", what, words(code)));
  }

  /// Calls a function that may not be there.
  template <typename Function, typename... Arguments>
  [[nodiscard]] Result<void> call(const char* what, Function function,
                                  Arguments... arguments) const {
    if (function == nullptr) {
      return fail(ErrorKind::NotFound, fmt::format("{}: the driver is too old for it", what));
    }
    const int code = function(arguments...);
    if (code != kSuccess) return failure(what, code);
    return {};
  }

  /// The same for one that answers with one value.
  template <typename Answer, typename Function, typename... Arguments>
  [[nodiscard]] Result<Answer> ask(const char* what, Function function,
                                   Arguments... arguments) const {
    Answer answer{};
    if (Result<void> done = call(what, function, arguments..., &answer); !done) {
      return tl::unexpected(done.error());
    }
    return answer;
  }

  template <typename Function>
  [[nodiscard]] Result<std::string> text(const char* what, Function function,
                                         NvmlDevice device) const {
    std::array<char, kTextLength> buffer{};
    if (auto done = call(what, function, device, buffer.data(), unsigned{kTextLength}); !done) {
      return tl::unexpected(done.error());
    }
    buffer.back() = '\0';
    return std::string(buffer.data());
  }

  template <typename Function>
  [[nodiscard]] Result<Watts> watts(const char* what, Function function, NvmlDevice device) const {
    return ask<unsigned>(what, function, device).map(from_milliwatts);
  }
};

NvmlLibrary::NvmlLibrary(std::string path)
    : path_(std::move(path)), functions_(std::make_unique<Functions>()) {
}

NvmlLibrary::~NvmlLibrary() {
  if (functions_->is_started && functions_->shutdown != nullptr) functions_->shutdown();
}

std::vector<std::string> nvml_places(const std::string& name, const std::filesystem::path& root) {
  if (name.find('/') != std::string::npos) return {name};
  std::vector<std::string> places;
  if (root == "/") places.push_back(name);
  for (const char* folder :
       {"usr/lib64", "usr/lib/x86_64-linux-gnu", "usr/lib/aarch64-linux-gnu",
        "run/nvidia/driver/usr/lib64", "run/nvidia/driver/usr/lib/x86_64-linux-gnu",
        "run/nvidia/driver/usr/lib/aarch64-linux-gnu", "usr/local/nvidia/lib64",
        "usr/lib/wsl/lib"}) {
    places.push_back((root / folder / name).string());
  }
  return places;
}

Result<std::shared_ptr<const NvmlLibrary>> NvmlLibrary::load(const std::string& path) {
  std::shared_ptr<NvmlLibrary> library(new NvmlLibrary(path));
  Functions& found = *library->functions_;
  Result<LoadedLibrary> loaded = LoadedLibrary::load(path);
  if (!loaded) return tl::unexpected(loaded.error());
  found.loaded = std::move(*loaded);
  found.resolve_all();
  if (found.init == nullptr || found.count == nullptr || found.device_by_index == nullptr ||
      found.name == nullptr || found.uuid == nullptr) {
    return fail(ErrorKind::NotFound, path + " lacks the functions that name the GPUs");
  }
  const int code = found.init();
  if (code != kSuccess) {
    return fail(ErrorKind::Transient,
                fmt::format("{} cannot be started: {}", path, found.words(code)));
  }
  found.is_started = true;
  return library;
}

Result<std::shared_ptr<const NvmlLibrary>> NvmlLibrary::open(const std::string& name,
                                                             const std::filesystem::path& root) {
  static StartedLibraries<NvmlLibrary> started;
  return started.open(nvml_places(name, root), load);
}

std::optional<std::string> NvmlLibrary::driver_version() const {
  std::array<char, kTextLength> buffer{};
  if (!functions_->call("driver version", functions_->driver_version, buffer.data(),
                        unsigned{kTextLength})) {
    return std::nullopt;
  }
  buffer.back() = '\0';
  return std::string(buffer.data());
}

Result<unsigned> NvmlLibrary::count() const {
  return functions_->ask<unsigned>("number of GPUs", functions_->count);
}

Result<NvmlDevice> NvmlLibrary::device(unsigned index) const {
  return functions_->ask<NvmlDevice>("handle of the GPU", functions_->device_by_index, index);
}

Result<std::string> NvmlLibrary::uuid(NvmlDevice device) const {
  return functions_->text("identifier of the GPU", functions_->uuid, device);
}

Result<std::string> NvmlLibrary::name(NvmlDevice device) const {
  return functions_->text("name of the GPU", functions_->name, device);
}

Result<unsigned> NvmlLibrary::architecture(NvmlDevice device) const {
  return functions_->ask<unsigned>("architecture of the GPU", functions_->architecture, device);
}

Result<std::uint64_t> NvmlLibrary::memory_bytes(NvmlDevice device) const {
  return functions_->ask<MemoryInfo>("memory of the GPU", functions_->memory_info, device)
      .map([](const MemoryInfo& memory) { return std::uint64_t{memory.total}; });
}

Result<std::string> NvmlLibrary::pci_address(NvmlDevice device) const {
  return functions_->ask<PciInfo>("PCI address of the GPU", functions_->pci_info, device)
      .map([](PciInfo info) {
        info.address.back() = '\0';
        return std::string(info.address.data());
      });
}

Result<NvmlSample> NvmlLibrary::sample_fields(NvmlDevice device, NvmlScope scope) const {
  std::array<NvmlFieldValue, 2> fields{};
  fields[0].field_id = static_cast<unsigned>(NvmlField::TotalEnergy);
  fields[1].field_id = static_cast<unsigned>(NvmlField::InstantPower);
  fields[1].scope_id = static_cast<unsigned>(scope);
  if (auto done = functions_->call("field values", functions_->field_values, device,
                                   static_cast<int>(fields.size()), fields.data());
      !done) {
    return tl::unexpected(done.error());
  }
  NvmlSample sample;
  if (fields[0].result == kSuccess) {
    sample.energy_mj = whole_value(fields[0]);
  } else {
    sample.energy_mj = functions_->failure("energy counter of the GPU", fields[0].result);
  }
  if (fields[0].timestamp_us > 0) {
    sample.taken_at = WallTime{std::chrono::microseconds(fields[0].timestamp_us)};
  }
  if (fields[1].result == kSuccess) {
    sample.instant_power = Watts{static_cast<double>(whole_value(fields[1])) * 1e-3};
  } else {
    sample.instant_power = functions_->failure("instant power of the GPU", fields[1].result);
  }
  return sample;
}

NvmlSample NvmlLibrary::sample(NvmlDevice device, NvmlScope scope) const {
  NvmlSample sample;
  if (Result<NvmlSample> fields = sample_fields(device, scope)) {
    sample = std::move(*fields);
  } else {
    sample.energy_mj = tl::unexpected(fields.error());
    sample.instant_power = tl::unexpected(fields.error());
  }
  // The older function may know what the field interface of this driver does not.
  if (!sample.energy_mj && sample.energy_mj.error().kind == ErrorKind::NotFound) {
    sample.energy_mj =
        functions_
            ->ask<unsigned long long>("energy counter of the GPU", functions_->total_energy, device)
            .map([](unsigned long long value) { return std::uint64_t{value}; });
  }
  return sample;
}

Result<Watts> NvmlLibrary::power_usage(NvmlDevice device) const {
  return functions_->watts("power of the GPU", functions_->power_usage, device);
}

Result<double> NvmlLibrary::utilisation(NvmlDevice device) const {
  return functions_->ask<Utilisation>("utilisation of the GPU", functions_->utilisation, device)
      .map([](const Utilisation& rates) { return static_cast<double>(rates.gpu_percent) / 100.0; });
}

Result<double> NvmlLibrary::temperature_c(NvmlDevice device) const {
  return functions_
      ->ask<unsigned>("temperature of the GPU", functions_->temperature, device, kTemperatureOfGpu)
      .map([](unsigned degrees) { return static_cast<double>(degrees); });
}

Result<unsigned> NvmlLibrary::sm_clock_mhz(NvmlDevice device) const {
  return functions_->ask<unsigned>("clock of the GPU", functions_->clock, device, kSmClock);
}

Result<unsigned> NvmlLibrary::memory_clock_mhz(NvmlDevice device) const {
  return functions_->ask<unsigned>("memory clock of the GPU", functions_->clock, device,
                                   kMemoryClock);
}

Result<Watts> NvmlLibrary::enforced_limit(NvmlDevice device) const {
  return functions_->watts("enforced power limit", functions_->enforced_limit, device);
}

Result<Watts> NvmlLibrary::set_limit(NvmlDevice device) const {
  return functions_->watts("power limit", functions_->set_limit, device);
}

Result<Watts> NvmlLibrary::default_limit(NvmlDevice device) const {
  return functions_->watts("default power limit", functions_->default_limit, device);
}

Result<std::pair<Watts, Watts>> NvmlLibrary::limit_range(NvmlDevice device) const {
  unsigned least = 0;
  unsigned most = 0;
  if (auto done = functions_->call("range of the power limit", functions_->limit_range, device,
                                   &least, &most);
      !done) {
    return tl::unexpected(done.error());
  }
  return std::pair(from_milliwatts(least), from_milliwatts(most));
}

Result<void> NvmlLibrary::change_limit(NvmlDevice device, Watts limit) const {
  const auto milliwatts = static_cast<unsigned>(std::llround(limit.value() * 1e3));
  return functions_->call("change of the power limit", functions_->change_limit, device,
                          milliwatts);
}

bool NvmlLibrary::is_mig(NvmlDevice device) const {
  unsigned current = 0;
  unsigned pending = 0;
  return functions_->call("MIG mode", functions_->mig_mode, device, &current, &pending) &&
         current == 1;
}

Result<unsigned> NvmlLibrary::most_instances(NvmlDevice device) const {
  return functions_->ask<unsigned>("number of MIG devices", functions_->most_instances, device);
}

std::vector<NvmlInstance> NvmlLibrary::instances(NvmlDevice device) const {
  std::vector<NvmlInstance> found;
  const unsigned most = most_instances(device).value_or(0);
  for (unsigned index = 0; index < most; ++index) {
    const auto instance = functions_->ask<NvmlDevice>("handle of the MIG device",
                                                      functions_->instance_by_index, device, index);
    if (!instance) continue;  // the places of a board need not all be taken
    const Result<std::string> id = uuid(*instance);
    const auto attributes = functions_->ask<InstanceAttributes>("attributes of the MIG device",
                                                                functions_->attributes, *instance);
    if (!id || !attributes) continue;
    found.push_back({*id, *instance, attributes->num_gpu_slices});
  }
  return found;
}

}  // namespace wattune::energy
