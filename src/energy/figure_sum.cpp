#include "figure_sum.hpp"

#include <algorithm>
#include <cmath>

namespace wattune::energy {

void FigureSum::add(const WindowPart& part, const Channel& channel) {
  figure_.idle += part.idle;
  figure_.dynamic += part.dynamic;
  figure_.provenance = std::max(figure_.provenance, part.provenance);
  const Microjoules total = part.idle + part.dynamic;
  gain_ += total.joules().value() * channel.gain_uncertainty;
  add_edge(part.start_power, part.late_start, channel.refresh);
  add_edge(part.end_power, part.late_end, channel.refresh);
}

EnergyFigure FigureSum::figure(bool is_missing) const {
  EnergyFigure figure = figure_;
  figure.uncertainty = Joules{std::sqrt(gain_ * gain_ + edges_)};
  if (is_missing) figure.provenance = Provenance::Missing;
  return figure;
}

/// The counter shows the end of its last step: an error even over one step's energy, of which two
/// standard deviations count.
void FigureSum::add_edge(Watts power, Seconds late, Seconds refresh) {
  const double step = (power * refresh).value();
  const double missed = (power * late).value();
  edges_ += 4.0 * step * step / 12.0 + missed * missed;
}

}  // namespace wattune::energy
