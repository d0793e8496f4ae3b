#include "figure_sum.hpp"

#include <algorithm>
#include <cmath>

namespace wattune::energy {
namespace {

/// The counter shows the end of its last step, so that it may lag by the energy of a whole one at
/// each edge. The power in that step is known as the mean over many.
constexpr double kEdges = 1.0;
/// Power between a late read and its edge may lie so far above what is known of it.
constexpr double kLateMargin = 1.5;

}  // namespace

void FigureSum::add(const WindowPart& part, const Channel& channel) {
  figure_.idle += part.idle;
  figure_.dynamic += part.dynamic;
  figure_.provenance = std::max(figure_.provenance, part.provenance);
  const Microjoules total = part.idle + part.dynamic;
  gain_[static_cast<std::size_t>(channel.kind)] +=
      total.joules().value() * channel.gain_uncertainty;
  add_edge(part.start_power, channel.refresh, part.delay_start);
  add_edge(part.end_power, channel.refresh, part.delay_end);
  squares_ += part.guessed_j2;
  split_ += part.split_j;
  late_start_ += (part.start_power * part.late_start).value() * kLateMargin;
  late_end_ += (part.end_power * part.late_end).value() * kLateMargin;
}

/// What a late read moves into a window at its start and out of it at its end has opposite signs:
/// only the larger of the two can be wrong.
EnergyFigure FigureSum::figure(bool is_missing) const {
  double squares = squares_ + split_ * split_;
  for (const double gain : gain_) squares += gain * gain;
  EnergyFigure figure = figure_;
  figure.uncertainty = Joules{std::sqrt(squares) + std::max(late_start_, late_end_)};
  if (is_missing) figure.provenance = Provenance::Missing;
  return figure;
}

void FigureSum::add_edge(Watts power, Seconds refresh, Seconds delay) {
  const double step = (power * refresh).value() * kEdges;
  const double moved = (power * delay).value() * kEdges;
  squares_ += (step * step + moved * moved) / 2.0;
}

}  // namespace wattune::energy
