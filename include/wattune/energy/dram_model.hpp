#pragma once

#include <filesystem>
#include <memory>

#include "wattune/base/result.hpp"
#include "wattune/energy/meter.hpp"

namespace wattune::energy {

/// Opens the channel "dram:model": what the installed memory draws all the time, whoever uses it.
///
/// To be added only where memory is neither measured nor inside another channel: a whole-server
/// model and a counter of the node contain it.
///
/// Errors   as of reading `meminfo`; Invalid where it does not tell the size
/// Source   docs/metering.md, "Modelled memory"
[[nodiscard]] Result<std::unique_ptr<Meter>> open_dram_model(
    MonotonicTime now, const std::filesystem::path& proc_root = "/proc");

}  // namespace wattune::energy
