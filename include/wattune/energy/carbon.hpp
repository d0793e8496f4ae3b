#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "wattune/base/result.hpp"
#include "wattune/base/units.hpp"

namespace wattune::energy {

/// How much carbon dioxide one kilowatt-hour of a zone's electricity stands for, over a year.
struct GridIntensity {
  std::string zone;  ///< ISO 3166-1 alpha-3 code, or "WLD" for the world.
  std::string name;
  double grams_per_kwh = 0.0;  ///< CO2 equivalents over the life cycle, average of the mix.
  int year = 0;
};

/// A table of grid intensities and where it comes from.
struct GridTable {
  std::string source;  ///< In words for the report.
  std::vector<GridIntensity> rows;

  /// The row of a zone; case does not matter.
  [[nodiscard]] const GridIntensity* find(std::string_view zone) const;
  [[nodiscard]] std::vector<std::string> zones() const;
};

/// Reads a table: lines of `# key: value`, among them `source` and `sha256` of everything from the
/// line of column names on; then `zone,name,gram_per_kwh,year`.
///
/// Errors   Invalid  the checksum differs, a row has no year or no sensible value, a zone is there
///                   twice
[[nodiscard]] Result<GridTable> parse_grid_table(std::string_view text);

/// The table that Wattune brings along.
[[nodiscard]] Result<GridTable> shipped_grid_table();

/// From energy at the machine to carbon; PUE is the building's energy over the machines'.
struct CarbonFigure {
  double facility_kwh = 0.0;
  double grams = 0.0;
  std::string zone;
  int year = 0;
  double grams_per_kwh = 0.0;
  std::string source;
  double pue = 1.0;
};

struct CostFigure {
  double facility_kwh = 0.0;
  double amount = 0.0;
  std::string currency;
  double price_per_kwh = 0.0;
  double pue = 1.0;
};

/// Energy of the building in kWh for so much energy of the machine. A PUE below 1 throws
/// ConfigError.
[[nodiscard]] double facility_kwh(Joules energy, double pue);

/// Errors   NotFound  the table does not have the zone; the message names the nearest one
[[nodiscard]] Result<CarbonFigure> carbon_of(Joules energy, const GridTable& table,
                                             std::string_view zone, double pue = 1.0);

/// A price below 0 is possible; one that is not a number throws ConfigError.
[[nodiscard]] CostFigure cost_of(Joules energy, double price_per_kwh, std::string_view currency,
                                 double pue = 1.0);

}  // namespace wattune::energy
