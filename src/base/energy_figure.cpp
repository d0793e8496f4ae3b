#include "wattune/base/energy_figure.hpp"

#include <algorithm>

#include "wattune/base/require.hpp"

namespace wattune {

std::string_view to_text(Provenance provenance) {
  switch (provenance) {
    case Provenance::Measured:
      return "measured";
    case Provenance::Integrated:
      return "integrated";
    case Provenance::Modelled:
      return "modelled";
    case Provenance::Missing:
      return "missing";
  }
  WATTUNE_REQUIRE(false);
  return {};
}

EnergyFigure& EnergyFigure::operator+=(const EnergyFigure& other) {
  idle += other.idle;
  dynamic += other.dynamic;
  uncertainty += other.uncertainty;
  provenance = std::max(provenance, other.provenance);
  return *this;
}

EnergyFigure missing_energy() {
  EnergyFigure figure;
  figure.provenance = Provenance::Missing;
  return figure;
}

}  // namespace wattune
