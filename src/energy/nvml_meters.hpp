#pragma once

#include <memory>

#include "nvml_library.hpp"
#include "wattune/energy/nvml.hpp"

namespace wattune::energy {

/// What `Nvml::open_meters` does.
[[nodiscard]] OpenedMeters open_nvml_meters(const std::shared_ptr<const NvmlLibrary>& library,
                                            const Clock& clock, const NvmlOptions& options);

}  // namespace wattune::energy
