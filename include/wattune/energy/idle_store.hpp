#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "wattune/base/clock.hpp"
#include "wattune/base/result.hpp"
#include "wattune/base/units.hpp"

namespace wattune::energy {

/// Where an idle power was calibrated; it holds nowhere else.
struct IdleConditions {
  std::string host;
  std::string kernel;
  std::string governor;  ///< Of the processor's frequency; "none" where there is none.
  bool operator==(const IdleConditions&) const = default;
};

/// Power of a channel while nothing runs.
struct IdlePower {
  std::string channel_id;
  Watts power;
  WallTime measured_at;
};

/// The conditions of this machine now.
[[nodiscard]] IdleConditions read_idle_conditions(
    const std::filesystem::path& cpu_folder = "/sys/devices/system/cpu");

/// What was calibrated under these conditions; nothing where the file does not exist.
///
/// Errors   Invalid     the file holds something else; names the line
///          Permission, Transient  it cannot be read
[[nodiscard]] Result<std::vector<IdlePower>> load_idle_powers(const std::filesystem::path& file,
                                                              const IdleConditions& conditions);

/// Puts the powers in the place of those of the same conditions and channels; keeps all others. The
/// file is replaced as a whole, so that a reader sees the old one or the new one.
///
/// Errors   as `load_idle_powers`, and Invalid  a power that is below 0 W or not finite
[[nodiscard]] Result<void> save_idle_powers(const std::filesystem::path& file,
                                            const IdleConditions& conditions,
                                            const std::vector<IdlePower>& powers);

}  // namespace wattune::energy
