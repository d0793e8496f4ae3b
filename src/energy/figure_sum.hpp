#pragma once

#include <array>

#include "wattune/base/energy_figure.hpp"
#include "wattune/energy/meter.hpp"

namespace wattune::energy {

inline constexpr std::size_t kNumChannelKinds = static_cast<std::size_t>(ChannelKind::Node) + 1;

/// One channel's part in the figure of a window.
struct WindowPart {
  Microjoules idle;
  Microjoules dynamic;
  Watts start_power;  ///< At least the mean of the window: a counter that stood still is not exact.
  Watts end_power;
  Seconds late_start;  ///< How far what is known of the counter may lie from an edge.
  Seconds late_end;
  Seconds delay_start;  ///< The channel was read so long after the edge, at most.
  Seconds delay_end;
  double guessed_j2 = 0.0;  ///< Sum of the squared half widths of what had to be guessed.
  double split_j = 0.0;     ///< Half width of what was split by CPU time.
  bool was_read = false;
  bool is_lost = false;
  Provenance provenance = Provenance::Measured;
};

/// Adds parts up: gain errors of one kind of channel, and errors of the split, linearly, everything
/// else in quadrature.
///
/// Source   docs/metering.md, "Uncertainty"
class FigureSum {
 public:
  void add(const WindowPart& part, const Channel& channel);
  [[nodiscard]] EnergyFigure figure(bool is_missing) const;

 private:
  void add_edge(Watts power, Seconds refresh, Seconds delay);

  EnergyFigure figure_;
  std::array<double, kNumChannelKinds> gain_{};
  double squares_ = 0.0;
  double split_ = 0.0;
  double late_start_ = 0.0;
  double late_end_ = 0.0;
};

}  // namespace wattune::energy
