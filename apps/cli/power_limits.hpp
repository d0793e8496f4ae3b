#pragma once

#include <filesystem>
#include <string>

#include "machine_checks.hpp"

namespace wattune::cli {

/// Where is written down which power limits were changed, for all processes of the machine: the
/// file that WATTUNE_POWER_LIMITS names, or /var/lib/wattune/power-limits.
[[nodiscard]] std::filesystem::path power_limit_journal();

/// Puts back what a process that died has left changed, and says on standard error what it did. To
/// be called before the meters are opened.
void restore_left_power_limits(const std::string& nvml_library);

/// Whether a process that died has left power limits changed; changes nothing.
[[nodiscard]] MachineCheck check_power_limits();

}  // namespace wattune::cli
