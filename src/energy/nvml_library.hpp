#pragma once

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "wattune/base/clock.hpp"
#include "wattune/base/result.hpp"
#include "wattune/base/units.hpp"

namespace wattune::energy {

using NvmlDevice = void*;

/// The quantities that one call of the field interface can fetch, by the driver's numbers.
enum class NvmlField : unsigned {
  TotalEnergy = 83,    ///< Millijoules since the driver was loaded.
  AveragePower = 185,  ///< Milliwatts over the last second.
  InstantPower = 186,  ///< Milliwatts over the sensor's own window.
};

/// What a field of power covers.
enum class NvmlScope : unsigned { Gpu = 0, Module = 1 };

/// One question and its answer, as the driver lays them out.
struct NvmlFieldValue {
  unsigned field_id;
  unsigned scope_id;
  long long timestamp_us;  ///< When the driver read it, in microseconds since 1970.
  long long latency_us;
  int value_type;
  int result;
  union {
    double as_double;
    int as_int;
    unsigned as_unsigned;
    unsigned long as_unsigned_long;
    unsigned long long as_unsigned_long_long;
    long long as_long_long;
    unsigned short as_unsigned_short;
  } value;
};
static_assert(sizeof(NvmlFieldValue) == 40 && alignof(NvmlFieldValue) == 8);

/// One slice of a GPU in MIG mode.
struct NvmlInstance {
  std::string uuid;
  NvmlDevice device = nullptr;
  unsigned num_slices = 0;  ///< Of the board's compute slices.
};

/// Energy and power of a device at one moment, in one call where the driver can; what the device
/// does not offer is an error of its own.
struct NvmlSample {
  Result<std::uint64_t> energy_mj = fail(ErrorKind::NotFound, "not asked");
  Result<Watts> instant_power = fail(ErrorKind::NotFound, "not asked");
  std::optional<WallTime> taken_at;  ///< When the driver looked, if it says so.
};

/// The management library of the NVIDIA driver: every function that is used, as a call that says in
/// words why it failed.
///
/// Every symbol may be absent; the newest name is tried first. The library is started once per
/// process however often it is opened, and stopped with its last user.
///
/// Errors   NotFound    this driver or this device does not have it
///          Permission  this user may not
///          Ended       the GPU has gone
///          Transient   anything else
/// Threads  any; the driver's library is thread-safe
/// Source   nvml.h of driver 13.3
class NvmlLibrary {
 public:
  /// Takes    name  a path, or a plain name that is looked for where drivers are put below `root`
  [[nodiscard]] static Result<std::shared_ptr<const NvmlLibrary>> open(
      const std::string& name, const std::filesystem::path& root);
  ~NvmlLibrary();
  NvmlLibrary(const NvmlLibrary&) = delete;
  NvmlLibrary& operator=(const NvmlLibrary&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::optional<std::string> driver_version() const;

  [[nodiscard]] Result<unsigned> count() const;
  [[nodiscard]] Result<NvmlDevice> device(unsigned index) const;
  [[nodiscard]] Result<std::string> uuid(NvmlDevice device) const;
  [[nodiscard]] Result<std::string> name(NvmlDevice device) const;
  [[nodiscard]] Result<unsigned> architecture(NvmlDevice device) const;
  [[nodiscard]] Result<std::uint64_t> memory_bytes(NvmlDevice device) const;
  /// "00000000:3B:00.0"
  [[nodiscard]] Result<std::string> pci_address(NvmlDevice device) const;

  [[nodiscard]] NvmlSample sample(NvmlDevice device, NvmlScope scope) const;
  [[nodiscard]] Result<Watts> power_usage(NvmlDevice device) const;
  /// Share of time with a kernel on the device, 0 to 1; says nothing about its load.
  [[nodiscard]] Result<double> utilisation(NvmlDevice device) const;

  [[nodiscard]] Result<double> temperature_c(NvmlDevice device) const;
  [[nodiscard]] Result<unsigned> sm_clock_mhz(NvmlDevice device) const;
  [[nodiscard]] Result<unsigned> memory_clock_mhz(NvmlDevice device) const;

  [[nodiscard]] Result<Watts> enforced_limit(NvmlDevice device) const;
  [[nodiscard]] Result<Watts> set_limit(NvmlDevice device) const;
  [[nodiscard]] Result<Watts> default_limit(NvmlDevice device) const;
  [[nodiscard]] Result<std::pair<Watts, Watts>> limit_range(NvmlDevice device) const;
  [[nodiscard]] Result<void> change_limit(NvmlDevice device, Watts limit) const;

  [[nodiscard]] bool is_mig(NvmlDevice device) const;
  [[nodiscard]] Result<unsigned> most_instances(NvmlDevice device) const;
  [[nodiscard]] std::vector<NvmlInstance> instances(NvmlDevice device) const;

 private:
  struct Functions;
  explicit NvmlLibrary(std::string path);

  [[nodiscard]] static Result<std::shared_ptr<const NvmlLibrary>> load(const std::string& path);
  [[nodiscard]] Result<NvmlSample> sample_fields(NvmlDevice device, NvmlScope scope) const;

  std::string path_;
  std::unique_ptr<Functions> functions_;
};

/// The places in which a driver's library is looked for. A name with a slash stands for itself.
[[nodiscard]] std::vector<std::string> nvml_places(const std::string& name,
                                                   const std::filesystem::path& root);

}  // namespace wattune::energy
