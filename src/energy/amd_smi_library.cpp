#include "amd_smi_library.hpp"

#include <fmt/format.h>

#include <array>
#include <cstddef>
#include <utility>

#include "driver_library.hpp"

namespace wattune::energy {
namespace {

constexpr unsigned kSuccess = 0;
constexpr unsigned kInvalid = 1;
constexpr unsigned kNotSupported = 2;
constexpr unsigned kNotYetImplemented = 3;
constexpr unsigned kNoPermission = 10;
constexpr unsigned kNotFound = 31;
constexpr unsigned kNoData = 40;

constexpr std::uint64_t kGpus = 2;
constexpr std::size_t kUuidLength = 38;

// The first number of the version: the year in 24 and 25, the major version since 26. The name of
// the library file ends in it.
struct Version {
  std::uint32_t abi;
  std::array<std::byte, 60> rest;  // 20 bytes more in every version
};
static_assert(sizeof(Version) == 64);

// Power in watts; what is not known has all bits of its first or of all 32 set. Version 24 begins
// with the current power, 25 and 26 have 64 bits of another figure before it. The longest of them,
// that of 26, has 192 bytes.
struct PowerInfo {
  std::array<std::uint32_t, 64> words;
};
static_assert(sizeof(PowerInfo) == 256);
constexpr std::size_t kPowerWordIn24 = 0;
constexpr std::size_t kPowerWordSince25 = 2;
constexpr std::uint32_t kUnknown16 = 0xFFFF;
constexpr std::uint32_t kUnknown32 = 0xFFFFFFFF;

struct PowerCap {
  std::uint64_t cap_uw;
  std::array<std::uint64_t, 31> rest;  // 7 more so far
};
static_assert(sizeof(PowerCap) == 256);

struct EngineActivity {
  std::uint32_t compute_percent;
  std::array<std::uint32_t, 63> rest;  // 15 more so far
};
static_assert(sizeof(EngineActivity) == 256);

struct Asic {
  std::array<char, 256> market_name;
  std::array<std::byte, 1792> rest;  // the longest so far, that of 26, has some 900 bytes in all
};
static_assert(sizeof(Asic) == 2048);

/// Function 3 bits, device 5, bus 8, domain 48.
std::string pci_text(std::uint64_t address) {
  return fmt::format("{:04x}:{:02x}:{:02x}.{:x}", address >> 16, (address >> 8) & 0xFF,
                     (address >> 3) & 0x1F, address & 0x7);
}

ErrorKind kind_of(unsigned code) {
  switch (code) {
    case kNoPermission:
      return ErrorKind::Permission;
    case kInvalid:
    case kNotSupported:
    case kNotYetImplemented:
    case kNotFound:
    case kNoData:
      return ErrorKind::NotFound;
    default:
      return ErrorKind::Transient;
  }
}

}  // namespace

struct AmdSmiLibrary::Functions {
  template <typename... Arguments>
  using Call = unsigned (*)(Arguments...);

  LoadedLibrary loaded;
  bool is_started = false;
  Call<std::uint64_t> init = nullptr;
  Call<> shutdown = nullptr;
  Call<Version*> version = nullptr;
  Call<unsigned, const char**> status_text = nullptr;
  Call<std::uint32_t*, AmdSocket*> sockets = nullptr;
  Call<AmdSocket, std::uint32_t*, AmdProcessor*> processors = nullptr;
  Call<AmdProcessor, unsigned*, char*> uuid = nullptr;
  Call<AmdProcessor, std::uint64_t*> pci_address = nullptr;
  Call<AmdProcessor, Asic*> asic = nullptr;
  Call<AmdProcessor, std::uint64_t*, float*, std::uint64_t*> energy = nullptr;
  Call<AmdProcessor, PowerInfo*> power = nullptr;
  Call<AmdProcessor, std::uint32_t, PowerCap*> power_cap = nullptr;
  Call<AmdProcessor, EngineActivity*> activity = nullptr;

  void resolve_all() {
    loaded.resolve(init, {"amdsmi_init"});
    loaded.resolve(shutdown, {"amdsmi_shut_down"});
    loaded.resolve(version, {"amdsmi_get_lib_version"});
    loaded.resolve(status_text, {"amdsmi_status_code_to_string"});
    loaded.resolve(sockets, {"amdsmi_get_socket_handles"});
    loaded.resolve(processors, {"amdsmi_get_processor_handles"});
    loaded.resolve(uuid, {"amdsmi_get_gpu_device_uuid"});
    loaded.resolve(pci_address, {"amdsmi_get_gpu_device_bdf"});
    loaded.resolve(asic, {"amdsmi_get_gpu_asic_info"});
    loaded.resolve(energy, {"amdsmi_get_energy_count"});
    loaded.resolve(power, {"amdsmi_get_power_info"});
    loaded.resolve(power_cap, {"amdsmi_get_power_cap_info"});
    loaded.resolve(activity, {"amdsmi_get_gpu_activity"});
  }

  [[nodiscard]] tl::unexpected<Error> failure(const char* what, unsigned code) const {
    const char* text = nullptr;
    const bool is_told =
        status_text != nullptr && status_text(code, &text) == kSuccess && text != nullptr;
    return fail(kind_of(code),
                fmt::format("{}: {} (AMD SMI error {})", what, is_told ? text : "failed", code));
  }

  template <typename Function, typename... Arguments>
  [[nodiscard]] Result<void> call(const char* what, Function function,
                                  Arguments... arguments) const {
    if (function == nullptr) {
      return fail(ErrorKind::NotFound, fmt::format("{}: the library does not have it", what));
    }
    const unsigned code = function(arguments...);
    if (code != kSuccess) return failure(what, code);
    return {};
  }

  /// Handles come in two calls: how many, then which.
  template <typename Ask>
  [[nodiscard]] Result<std::vector<void*>> handles(const char* what, Ask ask) const {
    std::uint32_t count = 0;
    if (const unsigned code = ask(&count, nullptr); code != kSuccess) return failure(what, code);
    std::vector<void*> found(count);
    if (count == 0) return found;
    if (const unsigned code = ask(&count, found.data()); code != kSuccess) {
      return failure(what, code);
    }
    found.resize(std::min<std::size_t>(count, found.size()));
    return found;
  }
};

AmdSmiLibrary::AmdSmiLibrary() : functions_(std::make_unique<Functions>()) {
}

AmdSmiLibrary::~AmdSmiLibrary() {
  if (functions_->is_started && functions_->shutdown != nullptr) functions_->shutdown();
}

std::vector<std::string> amd_smi_places(const std::string& name,
                                        const std::filesystem::path& root) {
  if (!name.empty()) return {name};
  std::vector<std::string> places;
  for (const char* version : {"libamd_smi.so.26", "libamd_smi.so.25", "libamd_smi.so.24"}) {
    if (root == "/") places.emplace_back(version);
    for (const char* folder : {"opt/rocm/lib", "opt/rocm/lib64", "usr/lib64"}) {
      places.push_back((root / folder / version).string());
    }
  }
  return places;
}

/// Every layout that is used depends on the version, so that it is asked before anything else.
Result<void> AmdSmiLibrary::check_version(const std::string& path) {
  Version version{};
  if (auto done = functions_->call("version", functions_->version, &version); !done) {
    return fail(ErrorKind::Invalid, path + ": " + done.error().message);
  }
  if (version.abi < 24 || version.abi > 26) {
    return fail(ErrorKind::Invalid,
                fmt::format("{} is of version {}; the layouts of 24, 25 and 26 are known", path,
                            version.abi));
  }
  abi_ = version.abi;
  return {};
}

Result<std::shared_ptr<const AmdSmiLibrary>> AmdSmiLibrary::load(const std::string& path) {
  std::shared_ptr<AmdSmiLibrary> library(new AmdSmiLibrary());
  Functions& found = *library->functions_;
  Result<LoadedLibrary> loaded = LoadedLibrary::load(path);
  if (!loaded) return tl::unexpected(loaded.error());
  found.loaded = std::move(*loaded);
  found.resolve_all();
  if (found.init == nullptr || found.sockets == nullptr || found.processors == nullptr ||
      found.version == nullptr) {
    return fail(ErrorKind::NotFound, path + " lacks the functions that name the GPUs");
  }
  if (auto done = library->check_version(path); !done) return tl::unexpected(done.error());
  if (const unsigned code = found.init(kGpus); code != kSuccess) {
    return fail(ErrorKind::Transient,
                path + " cannot be started: " + found.failure("start", code).value().message);
  }
  found.is_started = true;
  return library;
}

Result<std::shared_ptr<const AmdSmiLibrary>> AmdSmiLibrary::open(
    const std::string& name, const std::filesystem::path& root) {
  static StartedLibraries<AmdSmiLibrary> started;
  return started.open(amd_smi_places(name, root), load);
}

Result<std::vector<AmdSocket>> AmdSmiLibrary::sockets() const {
  const std::scoped_lock lock(mutex_);
  return functions_->handles("sockets", [this](std::uint32_t* count, void** handles) {
    return functions_->sockets(count, handles);
  });
}

Result<std::vector<AmdProcessor>> AmdSmiLibrary::processors(AmdSocket socket) const {
  const std::scoped_lock lock(mutex_);
  return functions_->handles("processors", [&](std::uint32_t* count, void** handles) {
    return functions_->processors(socket, count, handles);
  });
}

Result<std::string> AmdSmiLibrary::uuid(AmdProcessor processor) const {
  const std::scoped_lock lock(mutex_);
  std::array<char, kUuidLength + 1> text{};
  unsigned length = kUuidLength;
  if (auto done = functions_->call("identifier of the GPU", functions_->uuid, processor, &length,
                                   text.data());
      !done) {
    return tl::unexpected(done.error());
  }
  return std::string(text.data());
}

Result<std::string> AmdSmiLibrary::name(AmdProcessor processor) const {
  const std::scoped_lock lock(mutex_);
  Asic asic{};
  if (auto done = functions_->call("name of the GPU", functions_->asic, processor, &asic); !done) {
    return tl::unexpected(done.error());
  }
  asic.market_name.back() = '\0';
  return std::string(asic.market_name.data());
}

Result<std::string> AmdSmiLibrary::pci_address(AmdProcessor processor) const {
  const std::scoped_lock lock(mutex_);
  std::uint64_t address = 0;
  if (auto done =
          functions_->call("PCI address of the GPU", functions_->pci_address, processor, &address);
      !done) {
    return tl::unexpected(done.error());
  }
  return pci_text(address);
}

Result<AmdEnergyCount> AmdSmiLibrary::energy(AmdProcessor processor) const {
  const std::scoped_lock lock(mutex_);
  AmdEnergyCount count;
  float resolution = 0.0F;
  std::uint64_t timestamp_ns = 0;
  if (auto done = functions_->call("energy counter of the GPU", functions_->energy, processor,
                                   &count.ticks, &resolution, &timestamp_ns);
      !done) {
    return tl::unexpected(done.error());
  }
  count.tick_uj = static_cast<double>(resolution);
  if (!(count.tick_uj > 0.0) || count.tick_uj > 1e6) {
    return fail(
        ErrorKind::NotFound,
        fmt::format("energy counter of the GPU: a step of {} µJ makes no sense", count.tick_uj));
  }
  return count;
}

Result<Watts> AmdSmiLibrary::power(AmdProcessor processor) const {
  const std::scoped_lock lock(mutex_);
  PowerInfo info{};
  if (auto done = functions_->call("power of the GPU", functions_->power, processor, &info);
      !done) {
    return tl::unexpected(done.error());
  }
  const std::size_t first = abi_ == 24 ? kPowerWordIn24 : kPowerWordSince25;
  for (const std::size_t word : {first, first + 1}) {  // current power, or else its average
    const std::uint32_t watts = info.words[word];
    if (watts != 0 && watts != kUnknown16 && watts != kUnknown32) {
      return Watts{static_cast<double>(watts)};
    }
  }
  return fail(ErrorKind::NotFound, "power of the GPU: not known to the driver");
}

Result<Watts> AmdSmiLibrary::power_cap(AmdProcessor processor) const {
  const std::scoped_lock lock(mutex_);
  PowerCap cap{};
  if (auto done = functions_->call("power cap of the GPU", functions_->power_cap, processor,
                                   std::uint32_t{0}, &cap);
      !done) {
    return tl::unexpected(done.error());
  }
  if (cap.cap_uw == 0) return fail(ErrorKind::NotFound, "power cap of the GPU: none is set");
  return Watts{static_cast<double>(cap.cap_uw) * 1e-6};
}

Result<double> AmdSmiLibrary::activity(AmdProcessor processor) const {
  const std::scoped_lock lock(mutex_);
  EngineActivity activity{};
  if (auto done =
          functions_->call("activity of the GPU", functions_->activity, processor, &activity);
      !done) {
    return tl::unexpected(done.error());
  }
  if (activity.compute_percent > 100) {
    return fail(ErrorKind::NotFound, "activity of the GPU: not known to the driver");
  }
  return static_cast<double>(activity.compute_percent) / 100.0;
}

}  // namespace wattune::energy
