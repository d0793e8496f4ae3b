#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "gpu_architecture.hpp"
#include "nvml_library.hpp"
#include "wattune/energy/nvml.hpp"

namespace wattune::energy {

/// A board and what decides how it is measured.
struct NvmlBoard {
  NvmlDevice device = nullptr;
  GpuInfo info;
  GpuArchitecture architecture;
  NvmlScope scope = NvmlScope::Gpu;  ///< Of the power that belongs to the energy counter.
  Watts max_power;                   ///< More than this is not believed.
};

struct NvmlBoards {
  std::vector<NvmlBoard> boards;
  std::vector<unsigned> nameless;  ///< Devices whose identifier the driver does not tell.
  std::optional<Error> error;      ///< Why there is none, if the driver does not even count them.
};

/// Every board of the driver, in its order.
[[nodiscard]] NvmlBoards find_boards(const NvmlLibrary& library,
                                     const std::filesystem::path& sysfs_root);

}  // namespace wattune::energy
