#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "wattune/energy/backend.hpp"

namespace wattune::energy {

/// One GPU as its driver names it.
struct GpuInfo {
  unsigned index = 0;
  std::string uuid;  ///< What CUDA_VISIBLE_DEVICES takes; joins a slot with its channel.
  std::string name;
  std::optional<std::uint64_t> memory_bytes;
};

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

  /// One meter per GPU whose driver keeps a total of its energy, and why the others have none.
  [[nodiscard]] OpenedMeters open_meters(MonotonicTime now) const;

 private:
  struct Library;
  explicit Nvml(std::shared_ptr<const Library> library) : library_(std::move(library)) {}

  std::shared_ptr<const Library> library_;  ///< Owned together with the meters, which outlive this.
};

}  // namespace wattune::energy
