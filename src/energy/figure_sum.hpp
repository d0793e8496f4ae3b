#pragma once

#include "wattune/base/energy_figure.hpp"
#include "wattune/energy/meter.hpp"

namespace wattune::energy {

/// One channel's part in the figure of a window.
struct WindowPart {
  Microjoules idle;
  Microjoules dynamic;
  Watts start_power;  ///< At least the mean of the window: a counter that stood still is not exact.
  Watts end_power;
  Seconds late_start;  ///< How far the last good read before an edge lies from it.
  Seconds late_end;
  bool was_read = false;
  bool is_lost = false;
  Provenance provenance = Provenance::Measured;
};

/// Adds parts up: gain errors linearly, the errors of the edges in quadrature.
///
/// Source   docs/metering.md, "Uncertainty"
class FigureSum {
 public:
  void add(const WindowPart& part, const Channel& channel);
  [[nodiscard]] EnergyFigure figure(bool is_missing) const;

 private:
  void add_edge(Watts power, Seconds late, Seconds refresh);

  EnergyFigure figure_;
  double gain_ = 0.0;
  double edges_ = 0.0;
};

}  // namespace wattune::energy
