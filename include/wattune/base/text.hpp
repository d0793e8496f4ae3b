#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "wattune/base/clock.hpp"
#include "wattune/base/energy_figure.hpp"
#include "wattune/base/units.hpp"

namespace wattune {

/// The candidate that a mistyped name most likely meant, if one is near enough.
///
/// Near: at most a third of the longer name's letters differ (insertions, deletions, changes, swaps
/// of neighbours), case ignored.
[[nodiscard]] std::optional<std::string> nearest_name(std::string_view name,
                                                      std::span<const std::string> candidates);

/// "a, b and c".
[[nodiscard]] std::string join_names(std::span<const std::string> names,
                                     std::string_view last_word = "and");

/// A number with three significant digits and an SI prefix: (1234.5, "J") -> "1.23 kJ".
[[nodiscard]] std::string si_text(double value, std::string_view unit);

/// "3.12 kJ ± 1.87 kJ (modelled)"; a missing figure is "unknown (missing)".
[[nodiscard]] std::string to_text(const EnergyFigure& figure);

/// The shortest text that reads back as the same number: 0.1 -> "0.1", 3.0 -> "3".
[[nodiscard]] std::string number_text(double value);

/// "2 min 5 s", "1 h 3 min", "0.25 s".
[[nodiscard]] std::string duration_text(Seconds duration);

/// "2026-11-21T20:00:00Z".
[[nodiscard]] std::string iso_text(WallTime time);

}  // namespace wattune
