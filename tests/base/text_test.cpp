#include "wattune/base/text.hpp"

#include <gtest/gtest.h>

#include <array>

namespace wattune {

const std::array<std::string, 3> kNames{"random", "sobol", "halving"};

TEST(NearestName, FindsWhatWasMistyped) {
  EXPECT_EQ(nearest_name("randmo", kNames), "random");
  EXPECT_EQ(nearest_name("Sobl", kNames), "sobol");
}

TEST(NearestName, GivesNothingForADifferentWord) {
  EXPECT_EQ(nearest_name("bayesian", kNames), std::nullopt);
}

TEST(SiText, KeepsThreeDigits) {
  EXPECT_EQ(si_text(1234.5, "J"), "1.23 kJ");
  EXPECT_EQ(si_text(12.34, "J"), "12.3 J");
  EXPECT_EQ(si_text(999.9, "J"), "1.00 kJ");
  EXPECT_EQ(si_text(0.00026, "g"), "260 µg");
  EXPECT_EQ(si_text(0.0, "J"), "0 J");
}

TEST(EnergyText, SaysProvenanceAndUncertainty) {
  const EnergyFigure figure{Microjoules{1'000'000}, Microjoules{2'000'000}, Joules{1.0},
                            Provenance::Modelled};
  EXPECT_EQ(to_text(figure), "3.00 J ± 1.00 J (modelled)");
}

TEST(EnergyText, NeverShowsMissingAsZero) {
  EXPECT_EQ(to_text(missing_energy()), "unknown (missing)");
}

TEST(DurationText, ChoosesTheUnit) {
  EXPECT_EQ(duration_text(Seconds{0.25}), "0.25 s");
  EXPECT_EQ(duration_text(Seconds{125}), "2 min 5 s");
  EXPECT_EQ(duration_text(Seconds{3780}), "1 h 3 min");
}

TEST(IsoText, IsUtc) {
  EXPECT_EQ(iso_text(WallTime{}), "1970-01-01T00:00:00Z");
}

}  // namespace wattune
