#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "wattune/base/clock.hpp"
#include "wattune/base/energy_figure.hpp"
#include "wattune/base/result.hpp"
#include "wattune/energy/rate_table.hpp"

namespace wattune::energy {

// From joules to grams and money. Everything that shows carbon or cost goes through here:
//
//   facility energy = metered energy x PUE
//   carbon          = sum over the parts of the window: facility energy x intensity of that part
//   cost            = the same with the price
//   embodied        = duration / lifetime x share x mass, beside the others and without PUE

/// Does an intensity hold the building and the fuel chain, or only what leaves the stack?
enum class CarbonScope : std::uint8_t { LifeCycle, Direct };
/// Of the whole mix, or of the plant that a further kilowatt-hour would start?
enum class CarbonMargin : std::uint8_t { Average, Marginal };

/// Figures of different kinds are not comparable and are never added.
struct CarbonKind {
  CarbonScope scope = CarbonScope::LifeCycle;
  CarbonMargin margin = CarbonMargin::Average;
  bool operator==(const CarbonKind&) const = default;
};

/// "life-cycle average", "direct marginal".
[[nodiscard]] std::string to_text(const CarbonKind& kind);
[[nodiscard]] std::optional<CarbonKind> carbon_kind_from_text(std::string_view text);

/// Grams of CO2 equivalents per kilowatt-hour, and what they rest on.
struct CarbonIntensity {
  RateTable rate;
  std::string zone = {};                ///< "DEU", "gcp:europe-west3"; empty for the user's own.
  std::optional<int> year = {};         ///< Of the data; nothing for a number in a study file.
  std::string source = {};              ///< In words.
  std::optional<CarbonKind> kind = {};  ///< Nothing where the user did not say.
  bool operator==(const CarbonIntensity&) const = default;
};

/// Money per kilowatt-hour.
struct Price {
  RateTable rate;
  std::string currency = {};  ///< ISO 4217.
  std::string source = {};    ///< In words.
  bool operator==(const Price&) const = default;
};

/// Energy of the building over the energy of its computers.
struct Pue {
  double factor = 1.0;
  std::string source = "IT only";
  bool operator==(const Pue&) const = default;
};

/// What it took to make the machine, spread over its life.
struct Embodied {
  double mass_g = 0.0;
  Seconds lifetime{35'040.0 * 3600.0};  ///< Four calendar years.
  double share = 1.0;                   ///< Of the machine that the work has for itself.
  std::string source = {};
  bool operator==(const Embodied&) const = default;
};

/// All that turns joules into grams and money. What was not asked for is not there.
struct Tariff {
  Pue pue = {};
  std::optional<CarbonIntensity> intensity = {};
  std::optional<Price> price = {};
  std::optional<Embodied> embodied = {};
  bool operator==(const Tariff&) const = default;
};

/// Grams or money for an amount of energy.
struct Amount {
  double value = 0.0;        ///< For the energy whose rate is known.
  double uncertainty = 0.0;  ///< Half width of 95 %: the energy's own, at these rates.
  /// Metered energy that `value` counts, and that drawn at times for which the table has no rate.
  /// The two add up to the energy exactly.
  Microjoules with_rate = {};
  Microjoules without_rate = {};

  [[nodiscard]] bool is_whole() const { return without_rate.count() == 0; }
  /// False where the table has no rate for any of it: `value` is unknown then, not 0.
  [[nodiscard]] bool is_known() const { return is_whole() || with_rate.count() > 0; }
  Amount& operator+=(const Amount& other);
  bool operator==(const Amount&) const = default;
};

/// What an amount of energy stands for.
struct Footprint {
  EnergyFigure energy;           ///< As metered, without PUE.
  std::optional<Amount> carbon;  ///< Grams; nothing without an intensity or for missing energy.
  std::optional<Amount> cost;    ///< Nothing without a price or for missing energy.
  std::optional<CarbonKind> carbon_kind;
  std::string currency;

  bool operator==(const Footprint&) const = default;
};

/// The footprint of energy that was drawn evenly from `start` to `end`.
///
/// The energy is cut at every change of a rate, in whole microjoules that add up to it. Where `end`
/// is not after `start` (the wall clock was set back), the rate at `end` counts for all of it.
/// Windows are short (a window closes at every report), so "evenly" costs little.
[[nodiscard]] Footprint footprint(const EnergyFigure& energy, WallTime start, WallTime end,
                                  const Tariff& tariff);

/// Adds up footprints of one tariff; uncertainties add, for they share a gain error. What is
/// unknown in one is unknown in the sum.
///
/// Errors   Invalid  carbon of different kinds, money of different currencies
[[nodiscard]] Result<Footprint> sum(std::span<const Footprint> parts);

/// The value with the energy that has no rate put in at the highest rate of the table: never too
/// low where no hour is worse than the worst one that is known. For budgets, which must not be
/// overrun in silence; never shown as a result.
[[nodiscard]] double at_most(const Amount& amount, const RateTable& rate, const Pue& pue);

/// What a figure rests on, for every place that shows one:
/// "DEU 2023, 381 g/kWh, life-cycle average, PUE 1 (IT only); Our World in Data ...".
[[nodiscard]] std::string basis_text(const CarbonIntensity& intensity, const Pue& pue);
/// "0.22 to 0.34 EUR/kWh by time, PUE 1 (IT only); tariff.csv".
[[nodiscard]] std::string basis_text(const Price& price, const Pue& pue);
/// "1500 kg over 35040 h, share 1; study file".
[[nodiscard]] std::string basis_text(const Embodied& embodied);

/// Grams of the machine's making that fall on a duration. Never multiplied by PUE, never added to
/// the carbon of the energy.
[[nodiscard]] double embodied_grams(Seconds duration, const Embodied& embodied);

}  // namespace wattune::energy
