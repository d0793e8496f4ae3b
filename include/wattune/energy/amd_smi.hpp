#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "wattune/base/clock.hpp"
#include "wattune/base/result.hpp"
#include "wattune/base/units.hpp"
#include "wattune/energy/backend.hpp"
#include "wattune/energy/nvml.hpp"

namespace wattune::energy {

/// Where AMD's library is looked for, and how its counters are tried out.
struct AmdSmiOptions {
  /// A path, or empty: the versions of the library that are known, newest first, in the loader's
  /// folders and below `root`.
  std::string library = {};
  std::filesystem::path root = "/";
  std::function<void(Seconds)> wait = {};  ///< While the counters are watched; empty: sleeps.
  Seconds watch{0.5};                      ///< All GPUs together.
  Seconds watch_gap{0.02};
};

class AmdSmiLibrary;

/// The management library of AMD's GPUs, loaded at run time and started once per process.
///
/// Its layouts differ from one version to the next; one that is not known is refused. It is not
/// safe to be called from two threads, so that calls wait for each other.
///
/// Threads  one thread; the meters may be read in parallel, one after the other
class AmdSmi {
 public:
  /// Errors   NotFound   there is no such library, or it lacks what cannot be done without
  ///          Invalid    a version whose layouts are not known
  ///          Transient  it cannot be started
  [[nodiscard]] static Result<AmdSmi> open(AmdSmiOptions options = {});

  /// One GPU per socket; the partitions of a socket are its `instances`.
  [[nodiscard]] std::vector<GpuInfo> list_gpus() const;

  /// One meter per socket by the best way that works on it, "amdsmi:pci:0000:03:00.0".
  ///
  /// An energy counter that stands still, falls or contradicts the power sensor while it is
  /// watched is not used; power is integrated instead.
  ///
  /// Takes    clock  outlives the meters
  /// Source   docs/metering.md, "GPUs"
  [[nodiscard]] OpenedMeters open_meters(const Clock& clock) const;

 private:
  AmdSmi(std::shared_ptr<const AmdSmiLibrary> library, AmdSmiOptions options)
      : library_(std::move(library)), options_(std::move(options)) {}

  std::shared_ptr<const AmdSmiLibrary> library_;  ///< Owned together with the meters.
  AmdSmiOptions options_;
};

}  // namespace wattune::energy
