#include "wattune/energy/footprint.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <numeric>

#include "support/must.hpp"
#include "wattune/base/random.hpp"
#include "wattune/energy/grid_intensity.hpp"

namespace wattune::energy {
namespace {

using namespace std::chrono_literals;
using std::chrono::sys_days;
using testing::HasSubstr;

constexpr std::int64_t kKwh = 3'600'000'000'000;  // microjoules

EnergyFigure kwh(double amount, double uncertainty = 0.0) {
  EnergyFigure figure;
  figure.dynamic = Microjoules{static_cast<std::int64_t>(amount * static_cast<double>(kKwh))};
  figure.uncertainty = Joules{uncertainty * 3.6e6};
  return figure;
}

WallTime at(std::chrono::minutes since_midnight) {
  return WallTime{sys_days{std::chrono::year{2026} / 11 / 21}} + since_midnight;
}

Tariff with_intensity(RateTable rate, std::optional<CarbonKind> kind = CarbonKind{}) {
  Tariff tariff;
  tariff.intensity = CarbonIntensity{std::move(rate), "DEU", 2023, "test", kind};
  return tariff;
}

/// 100 g/kWh until 12:00, 300 g/kWh from then to 18:00; not known otherwise.
RateTable two_halves() {
  return RateTable::timed({{at(6h), at(12h), 100.0}, {at(12h), at(18h), 300.0}});
}

}  // namespace

TEST(Footprint, WeighsEachPartOfAWindowWithItsOwnIntensity) {
  const Footprint print = footprint(kwh(2.0, 0.2), at(9h), at(13h), with_intensity(two_halves()));
  ASSERT_TRUE(print.carbon);
  EXPECT_NEAR(print.carbon->value, 1.5 * 100.0 + 0.5 * 300.0, 1e-9);
  EXPECT_NEAR(print.carbon->uncertainty, 0.1 * print.carbon->value, 1e-9);
  EXPECT_TRUE(print.carbon->is_whole());
  EXPECT_FALSE(print.cost);
}

TEST(Footprint, OfASumOfWindowsIsNotMeanEnergyTimesMeanIntensity) {
  // 3 kWh in the clean half, 1 kWh in the other: 600 g, where means would give 4 x 200 = 800 g.
  const Tariff tariff = with_intensity(two_halves());
  const std::array parts{footprint(kwh(3.0), at(6h), at(12h), tariff),
                         footprint(kwh(1.0), at(12h), at(18h), tariff)};
  EXPECT_NEAR(must(sum(parts)).carbon->value, 600.0, 1e-9);
}

TEST(Footprint, LeavesOutWhatTheTableDoesNotCoverAndSaysHowMuch) {
  const Footprint print = footprint(kwh(4.0), at(16h), at(20h), with_intensity(two_halves()));
  EXPECT_NEAR(print.carbon->value, 2.0 * 300.0, 1e-9);
  EXPECT_EQ(print.carbon->without_rate, Microjoules{2 * kKwh});
  EXPECT_FALSE(print.carbon->is_whole());
  const Footprint outside = footprint(kwh(4.0), at(20h), at(21h), with_intensity(two_halves()));
  EXPECT_FALSE(outside.carbon->is_known()) << "unknown, not 0 g";
  EXPECT_TRUE(print.carbon->is_known());
  EXPECT_EQ(outside.carbon->without_rate, Microjoules{4 * kKwh});
}

TEST(Footprint, LosesNoMicrojouleWhereverAWindowIsCut) {
  // A rate of 3.6e12 per kWh counts microjoules; every second hour has none.
  std::vector<RateTable::Span> odd;
  std::vector<RateTable::Span> even;
  for (int hour = 0; hour < 48; ++hour) {
    auto& spans = hour % 2 == 0 ? even : odd;
    spans.push_back({at(hour * 60min), at((hour + 1) * 60min), 1.0});
  }
  const Tariff in_even = with_intensity(RateTable::timed(even));
  const Tariff in_odd = with_intensity(RateTable::timed(odd));
  Rng rng(7);
  for (int i = 0; i < 2000; ++i) {
    EnergyFigure figure;
    figure.idle = Microjoules{static_cast<std::int64_t>(rng.uniform() * 1e12)};
    figure.dynamic = Microjoules{static_cast<std::int64_t>(rng.uniform() * 1e3)};
    const WallTime start =
        at(0h) + std::chrono::microseconds{static_cast<std::int64_t>(rng.uniform() * 8.64e10)};
    const WallTime end =
        start + std::chrono::microseconds{static_cast<std::int64_t>(rng.uniform() * 8.64e10)};
    const Amount one = *footprint(figure, start, end, in_even).carbon;
    const Amount other = *footprint(figure, start, end, in_odd).carbon;
    // What one table does not know is just what the other one knows.
    ASSERT_EQ(one.without_rate + other.without_rate, figure.total());
    ASSERT_EQ(one.without_rate + one.with_rate, figure.total());
    const double known = static_cast<double>((figure.total() - one.without_rate).count());
    ASSERT_NEAR(one.value, known / static_cast<double>(kKwh), 1e-9);
  }
}

TEST(Footprint, OfAWindowIsThatOfItsPieces) {
  const Tariff tariff = with_intensity(RateTable::weekly(
      {{0, 5 * 1440, 100.0}, {5 * 1440, 7 * 1440, 40.0}}, std::chrono::minutes{60}));
  // 2026-11-21 is a Saturday: Friday ends at 23:00 UTC of the day before.
  const Footprint whole = footprint(kwh(3.0), at(-2h), at(1h), tariff);
  EXPECT_NEAR(whole.carbon->value, 1.0 * 100.0 + 2.0 * 40.0, 1e-9);
  const std::array pieces{footprint(kwh(1.5), at(-2h), at(-30min), tariff),
                          footprint(kwh(1.5), at(-30min), at(1h), tariff)};
  EXPECT_NEAR(must(sum(pieces)).carbon->value, whole.carbon->value, 1e-9);
}

TEST(Footprint, TakesTheRateAtTheEndWhereTheWallClockWasSetBack) {
  const Footprint print = footprint(kwh(1.0), at(13h), at(11h), with_intensity(two_halves()));
  EXPECT_NEAR(print.carbon->value, 100.0, 1e-9);
  EXPECT_TRUE(print.carbon->is_whole());
}

// Pitfall 34
TEST(Footprint, AppliesPueOnceToEnergyAndNeverToTheMachine) {
  Tariff tariff = with_intensity(RateTable{100.0});
  tariff.price = Price{RateTable{0.5}, "EUR", "test"};
  tariff.pue.factor = 1.5;
  tariff.embodied = Embodied{.mass_g = 35'040.0};
  const Footprint print = footprint(kwh(2.0, 0.1), at(9h), at(10h), tariff);
  EXPECT_NEAR(print.carbon->value, 2.0 * 1.5 * 100.0, 1e-9);
  EXPECT_NEAR(print.carbon->uncertainty, 0.1 * 1.5 * 100.0, 1e-9);
  EXPECT_NEAR(print.cost->value, 2.0 * 1.5 * 0.5, 1e-9);
  EXPECT_EQ(print.energy, kwh(2.0, 0.1)) << "the energy stays as metered";
  EXPECT_NEAR(embodied_grams(Seconds{3600.0}, *tariff.embodied), 1.0, 1e-9);

  // Summed footprints are not multiplied again, whether rates change with time or not.
  const std::array twice{print, print};
  EXPECT_NEAR(must(sum(twice)).carbon->value, 4.0 * 1.5 * 100.0, 1e-9);
  tariff.intensity->rate = two_halves();
  EXPECT_NEAR(footprint(kwh(2.0), at(9h), at(10h), tariff).carbon->value, 300.0, 1e-9);
}

TEST(Footprint, SpreadsTheMachineOverItsLifeAndTheShareThatIsUsed) {
  Embodied embodied{.mass_g = 1'000'000.0};
  EXPECT_NEAR(embodied.lifetime.value(), 4 * 365 * 24 * 3600.0, 1e-6);
  embodied.share = 0.25;
  EXPECT_NEAR(embodied_grams(embodied.lifetime, embodied), 250'000.0, 1e-6);
}

// Pitfall 33
TEST(Footprint, RefusesToAddCarbonOfDifferentKindsOrMoneyOfDifferentCurrencies) {
  const CarbonKind direct{CarbonScope::Direct, CarbonMargin::Average};
  const CarbonKind marginal{CarbonScope::LifeCycle, CarbonMargin::Marginal};
  const Footprint life = footprint(kwh(1.0), at(9h), at(10h), with_intensity(RateTable{100.0}));
  for (const std::optional<CarbonKind>& other :
       {std::optional{direct}, std::optional{marginal}, std::optional<CarbonKind>{}}) {
    const std::array parts{
        life, footprint(kwh(1.0), at(9h), at(10h), with_intensity(RateTable{100.0}, other))};
    const auto total = sum(parts);
    ASSERT_FALSE(total);
    EXPECT_EQ(total.error().kind, ErrorKind::Invalid);
    EXPECT_THAT(total.error().message, HasSubstr("life-cycle average"));
  }

  Tariff euro;
  euro.price = Price{RateTable{0.3}, "EUR", "test"};
  Tariff dollar = euro;
  dollar.price->currency = "USD";
  const std::array money{footprint(kwh(1.0), at(9h), at(10h), euro),
                         footprint(kwh(1.0), at(9h), at(10h), dollar)};
  EXPECT_FALSE(sum(money));
}

// Pitfall 33
TEST(Footprint, TellsTheKindOfEveryShippedRow) {
  const GridTable table = must(shipped_grid_table());
  const auto kind_of = [&](std::string_view zone) {
    Tariff tariff;
    tariff.intensity = intensity_of(*table.find(zone));
    return footprint(kwh(1.0), at(9h), at(10h), tariff).carbon_kind;
  };
  EXPECT_EQ(to_text(*kind_of("DEU")), "life-cycle average");
  EXPECT_EQ(to_text(*kind_of("gcp:europe-west3")), "direct average");
}

TEST(Footprint, OfMissingEnergyIsNotKnown) {
  Tariff tariff = with_intensity(RateTable{100.0});
  tariff.price = Price{RateTable{0.3}, "EUR", "test"};
  const Footprint missing = footprint(missing_energy(), at(9h), at(10h), tariff);
  EXPECT_FALSE(missing.carbon);
  EXPECT_FALSE(missing.cost);
  const std::array parts{footprint(kwh(1.0), at(9h), at(10h), tariff), missing};
  EXPECT_FALSE(must(sum(parts)).carbon);
}

TEST(Footprint, KeepsItsUncertaintyPositiveAtANegativePrice) {
  Tariff tariff;
  tariff.price = Price{RateTable{-0.1}, "EUR", "test"};
  const Footprint print = footprint(kwh(1.0, 0.5), at(9h), at(10h), tariff);
  EXPECT_NEAR(print.cost->value, -0.1, 1e-12);
  EXPECT_NEAR(print.cost->uncertainty, 0.05, 1e-12);
}

TEST(CarbonKind, ReadsWhatItWrites) {
  for (const char* text :
       {"life-cycle average", "life-cycle marginal", "direct average", "direct marginal"}) {
    EXPECT_EQ(to_text(*carbon_kind_from_text(text)), text);
  }
  EXPECT_FALSE(carbon_kind_from_text("average"));
}

TEST(RateTable, RefusesWhatOverlapsOrIsEmpty) {
  EXPECT_THROW((void)RateTable::timed({}), ConfigError);
  EXPECT_THROW((void)RateTable::timed({{at(2h), at(1h), 1.0}}), ConfigError);
  EXPECT_THROW((void)RateTable::timed({{at(1h), at(3h), 1.0}, {at(2h), at(4h), 1.0}}), ConfigError);
  EXPECT_THROW((void)RateTable::weekly({}, 0min), ConfigError);
  EXPECT_THROW((void)RateTable::weekly({{0, 10081, 1.0}}, 0min), ConfigError);
  EXPECT_THROW((void)RateTable::weekly({{0, 10, 1.0}, {9, 20, 1.0}}, 0min), ConfigError);
}

TEST(RateTable, CutsAWindowWithoutGapAndJoinsEqualRates) {
  const RateTable week = RateTable::weekly({{0, 60, 1.0}, {60, 120, 1.0}, {180, 240, 2.0}}, 0min);
  const WallTime monday = at(2 * 24h);
  const auto buckets = week.buckets(monday + 30min, monday + 4h);
  ASSERT_EQ(buckets.size(), 3u);
  EXPECT_EQ(buckets[0].until, monday + 2h);
  EXPECT_EQ(buckets[0].rate, 1.0);
  EXPECT_EQ(buckets[1].rate, std::nullopt);
  EXPECT_EQ(buckets[1].until, monday + 3h);
  EXPECT_EQ(buckets[2].rate, 2.0);
  EXPECT_EQ(week.lowest(), 1.0);
  EXPECT_EQ(week.highest(), 2.0);
  EXPECT_EQ(week.at(monday + 150min), std::nullopt);
  EXPECT_EQ(week.at(monday + 7 * 24h + 200min), 2.0);
}

}  // namespace wattune::energy
