#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "wattune/base/result.hpp"

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

}  // namespace wattune::energy
