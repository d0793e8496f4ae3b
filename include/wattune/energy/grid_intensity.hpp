#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "wattune/base/result.hpp"
#include "wattune/energy/footprint.hpp"

namespace wattune::energy {

/// How much carbon dioxide one kilowatt-hour of a zone's electricity stands for, over a year.
struct GridIntensity {
  std::string zone;  ///< ISO 3166-1 alpha-3 code, "WLD" for the world, or "gcp:europe-west3".
  std::string name;
  double grams_per_kwh = 0.0;
  int year = 0;
  std::string source;  ///< In words for the report.
  CarbonKind kind;     ///< Zones may be of different kinds: they are then not comparable.
};

/// Grid intensities of countries and cloud regions. Every row tells its year, source and kind.
struct GridTable {
  std::vector<GridIntensity> rows;

  /// The row of a zone; case does not matter.
  [[nodiscard]] const GridIntensity* find(std::string_view zone) const;
  [[nodiscard]] std::vector<std::string> zones() const;
};

/// Reads a table of data/: columns `zone,name,gram_per_kwh,year`, for cloud regions
/// (PROVIDER:REGION) also `source`; the header line `kind` holds for all rows.
///
/// Errors   Invalid  the checksum differs, a row has no year or no sensible value, a zone is there
///                   twice
[[nodiscard]] Result<GridTable> parse_grid_table(std::string_view text);
[[nodiscard]] Result<GridTable> parse_cloud_table(std::string_view text);

/// The countries and cloud regions that Wattune brings along.
[[nodiscard]] Result<GridTable> shipped_grid_table();

/// The row as an intensity that holds for ever.
[[nodiscard]] CarbonIntensity intensity_of(const GridIntensity& row);

/// The shipped intensity of a zone.
///
/// Errors   NotFound  no such zone; the message says what a zone is, and which was probably meant
[[nodiscard]] Result<CarbonIntensity> zone_intensity(std::string_view zone);

}  // namespace wattune::energy
