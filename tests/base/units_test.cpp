#include "wattune/base/units.hpp"

#include <gtest/gtest.h>

#include "wattune/base/energy_figure.hpp"

namespace wattune {

TEST(Units, PowerTimesTimeIsEnergy) {
  EXPECT_EQ(Watts{3.0} * Seconds{2.0}, Joules{6.0});
  EXPECT_EQ(Joules{6.0} / Seconds{2.0}, Watts{3.0});
}

TEST(Units, MicrojoulesRoundToTheNearest) {
  EXPECT_EQ(to_microjoules(Joules{1.4e-6}).count(), 1);
  EXPECT_EQ(to_microjoules(Joules{1.6e-6}).count(), 2);
  EXPECT_EQ(to_microjoules(Joules{-1.6e-6}).count(), -2);
}

TEST(EnergyFigure, SumIsAsGoodAsItsWorstPart) {
  const EnergyFigure measured{Microjoules{1}, Microjoules{2}, Joules{0.1}, Provenance::Measured};
  const EnergyFigure modelled{Microjoules{3}, Microjoules{4}, Joules{0.2}, Provenance::Modelled};

  const EnergyFigure sum = measured + modelled;

  EXPECT_EQ(sum.total(), Microjoules{10});
  EXPECT_EQ(sum.provenance, Provenance::Modelled);
  EXPECT_NEAR(sum.uncertainty.value(), 0.3, 1e-12);
}

TEST(EnergyFigure, MissingMakesTheSumMissing) {
  EXPECT_TRUE((EnergyFigure{} + missing_energy()).is_missing());
}

}  // namespace wattune
