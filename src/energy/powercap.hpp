#pragma once

#include <filesystem>

#include "rapl_view.hpp"

namespace wattune::energy {

/// Finds the zones that the kernel shows under a powercap root, by their names and never by their
/// numbers.
///
/// A zone without a range is not read: a turn of its counter could not be told.
///
/// Source   docs/metering.md, "RAPL"
[[nodiscard]] RaplViews find_powercap_views(const std::filesystem::path& root);

/// The rated power of every package together, from files that everybody may read.
[[nodiscard]] std::optional<Watts> rated_package_power(const std::filesystem::path& root);

/// Opens a folder that only looks like powercap, as a host writes it for its virtual machines.
///
/// Such counters may lack a name and a range, move every few seconds, and are never hardware's own.
[[nodiscard]] OpenedMeters open_shared_powercap(MonotonicTime now,
                                                const std::filesystem::path& root);

}  // namespace wattune::energy
