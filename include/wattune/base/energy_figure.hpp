#pragma once

#include <cstdint>
#include <string_view>

#include "wattune/base/units.hpp"

namespace wattune {

/// Where a figure comes from, best first: a sum is as good as the worst figure in it.
enum class Provenance : std::uint8_t {
  Measured,    ///< Difference of two readings of a hardware energy counter.
  Integrated,  ///< Power readings integrated over time.
  Modelled,    ///< Computed from activity and published coefficients.
  Missing,     ///< Nothing could tell; the energy is unknown, not 0 J.
};

[[nodiscard]] std::string_view to_text(Provenance provenance);

/// An amount of energy, how it is known and how surely.
///
/// `idle` is what the reserved hardware draws without work, `dynamic` what the work added. The sum
/// is what a trial is charged (the allocated view); `dynamic` alone is the marginal view.
struct EnergyFigure {
  Microjoules idle;
  Microjoules dynamic;
  Joules uncertainty;  ///< Half width of a 95 % interval around the total.
  Provenance provenance = Provenance::Measured;

  [[nodiscard]] Microjoules total() const { return idle + dynamic; }
  [[nodiscard]] bool is_missing() const { return provenance == Provenance::Missing; }

  /// Uncertainties add linearly: windows of one channel share the channel's gain error.
  EnergyFigure& operator+=(const EnergyFigure& other);

  friend EnergyFigure operator+(EnergyFigure left, const EnergyFigure& right) {
    return left += right;
  }
  bool operator==(const EnergyFigure&) const = default;
};

/// What nobody could measure.
[[nodiscard]] EnergyFigure missing_energy();

}  // namespace wattune
