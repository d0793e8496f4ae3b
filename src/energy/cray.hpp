#pragma once

#include <filesystem>

#include "wattune/energy/backend.hpp"

namespace wattune::energy {

/// What the blade controller of a Cray counts: the node and its parts, ten times a second.
struct CrayMeters {
  std::unique_ptr<Meter> node;
  std::unique_ptr<Meter> cpu;     ///< Every processor of the node.
  std::unique_ptr<Meter> memory;  ///< All of it.
  std::vector<std::unique_ptr<Meter>> accelerators;
  std::vector<BackendNote> notes;
};

/// Opens the files under `<sysfs>/cray/pm_counters`, which everybody may read.
///
/// Source   docs/metering.md, "Counters of the node"
[[nodiscard]] CrayMeters open_cray(MonotonicTime now, const std::filesystem::path& sysfs_root);

}  // namespace wattune::energy
