#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "wattune/base/units.hpp"
#include "wattune/energy/backend.hpp"

namespace wattune::energy {

/// One GPU as its driver names it.
struct GpuInfo {
  unsigned index = 0;
  std::string uuid;  ///< What CUDA_VISIBLE_DEVICES takes; joins a slot with its channel.
  std::string name;
  std::optional<std::uint64_t> memory_bytes;
};

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

class NvmlLibrary;

/// The management library of the NVIDIA driver, loaded at run time and started once.
///
/// Threads  one thread
class Nvml {
 public:
  /// Loads and starts the library.
  ///
  /// Errors   NotFound   there is no such library, or it lacks what cannot be done without
  ///          Transient  it cannot be started: no driver, or one of another version
  [[nodiscard]] static Result<Nvml> open(const std::string& library = "libnvidia-ml.so.1");

  /// Every GPU that can be identified, in the driver's order.
  [[nodiscard]] std::vector<GpuInfo> list_gpus() const;

  /// The state of every GPU, in the same order. What a GPU does not tell is absent.
  [[nodiscard]] std::vector<GpuState> states() const;

  /// One meter per GPU whose driver keeps a total of its energy, and why the others have none.
  [[nodiscard]] OpenedMeters open_meters(MonotonicTime now) const;

 private:
  explicit Nvml(std::shared_ptr<const NvmlLibrary> library) : library_(std::move(library)) {}

  std::shared_ptr<const NvmlLibrary>
      library_;  ///< Owned together with the meters, which outlive this.
};

}  // namespace wattune::energy
