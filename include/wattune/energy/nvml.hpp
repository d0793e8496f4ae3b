#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "wattune/base/clock.hpp"
#include "wattune/base/result.hpp"
#include "wattune/base/units.hpp"
#include "wattune/energy/backend.hpp"

namespace wattune::energy {

/// One slice of a GPU in MIG mode.
struct MigSlice {
  std::string uuid;  ///< "MIG-…"
  unsigned num_slices = 0;
};

/// One GPU as its driver names it.
struct GpuInfo {
  unsigned index = 0;
  std::string uuid;  ///< What CUDA_VISIBLE_DEVICES takes; joins a slot with its channel.
  std::string name;
  std::optional<std::uint64_t> memory_bytes;
  std::string pci_address;          ///< As in sysfs, "0000:3b:00.0"; empty if it is not told.
  bool is_module = false;           ///< Its energy includes that of a CPU (GH200).
  std::optional<int> socket;        ///< Of the CPU inside a module.
  unsigned num_slices = 0;          ///< Compute slices of the board in MIG mode, otherwise 0.
  std::vector<MigSlice> instances;  ///< The slices that exist; only these can be used in MIG mode.
  std::string rocm_id =
      {};  ///< What ROCR_VISIBLE_DEVICES takes; empty for a GPU that is not AMD's.
};

/// The board that a GPU's or a MIG slice's identifier belongs to. CUDA's order of devices does not
/// matter here, and its abbreviations of identifiers are understood if they are unique.
[[nodiscard]] const GpuInfo* find_board(std::span<const GpuInfo> gpus, std::string_view uuid);

/// What a GPU is like at one moment: what it takes to compare two trials fairly.
struct GpuState {
  std::string uuid;
  std::optional<double> temperature_c;
  std::optional<unsigned> sm_clock_mhz;
  std::optional<unsigned> memory_clock_mhz;
  std::optional<Watts> enforced_limit;  ///< What holds now, whoever has set it.
  std::optional<Watts> default_limit;   ///< What the board starts with.
  std::optional<std::string> driver;
};

/// What may be set as the power limit of a GPU.
struct PowerLimit {
  std::string gpu;  ///< Its name, for messages.
  Watts now;        ///< What was last asked for; less may be enforced.
  Watts least;
  Watts most;
};

class NvmlLibrary;

/// Where the driver is looked for, and how its counters are tried out.
struct NvmlOptions {
  /// A path, or a plain name that is looked for where drivers are put: the loader's folders, then
  /// below `root` those of a driver container and of Windows' Linux.
  std::string library = "libnvidia-ml.so.1";
  std::filesystem::path root = "/";
  std::filesystem::path sysfs_root = "/sys";
  std::function<void(Seconds)> wait = {};  ///< While the counters are watched; empty: sleeps.
  Seconds watch{0.5};                      ///< All GPUs together.
  Seconds watch_gap{0.02};
};

/// The management library of the NVIDIA driver, loaded at run time and started once per process.
///
/// Nothing is joined by process number: inside a container the driver's are those of the host.
///
/// Threads  one thread
class Nvml {
 public:
  /// Loads and starts the library.
  ///
  /// Errors   NotFound   there is no such library, or it lacks what cannot be done without
  ///          Transient  it cannot be started: no driver, or one of another version
  [[nodiscard]] static Result<Nvml> open(NvmlOptions options = {});

  /// Every GPU that can be identified, in the driver's order.
  [[nodiscard]] std::vector<GpuInfo> list_gpus() const;

  /// The state of every GPU, in the same order. What a GPU does not tell is absent.
  [[nodiscard]] std::vector<GpuState> states() const;

  /// Errors   NotFound  no such GPU, or its limit cannot be set
  [[nodiscard]] Result<PowerLimit> power_limit(std::string_view uuid) const;
  /// Sets what `PowerLimitControl` has checked and will put back; use that.
  ///
  /// Errors   Permission  only root may
  [[nodiscard]] Result<void> set_power_limit(std::string_view uuid, Watts limit) const;

  /// One meter per board by the best way that works on it, and why the better ways did not. Slices
  /// in MIG mode are observed, for their energy is part of the board's.
  ///
  /// Energy counters are watched beside the power sensor before they are used.
  ///
  /// Takes    clock  outlives the meters
  /// Source   docs/metering.md, "GPUs"
  [[nodiscard]] OpenedMeters open_meters(const Clock& clock) const;

 private:
  Nvml(std::shared_ptr<const NvmlLibrary> library, NvmlOptions options)
      : library_(std::move(library)), options_(std::move(options)) {}

  std::shared_ptr<const NvmlLibrary>
      library_;  ///< Owned together with the meters, which outlive this.
  NvmlOptions options_;
};

}  // namespace wattune::energy
