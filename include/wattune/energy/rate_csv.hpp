#pragma once

#include <filesystem>
#include <string_view>

#include "wattune/base/result.hpp"
#include "wattune/energy/footprint.hpp"

namespace wattune::energy {

// Rates that change with time, from the user's own table. The columns tell its shape; V is
// `gram_per_kwh` or `price_per_kwh`:
//
//   from,V               times in ISO 8601 with a zone, evenly apart; each row holds until the next
//   from,until,V         the same with holes and uneven steps
//   hour,V               the hours of a day, 0 to 23, each once
//   days,from,until,V    parts of a week: `mon-fri`, `sat`, `all`; times of day HH:MM up to 24:00;
//                        a part that ends before it begins goes over midnight
//
// In front of the columns may stand lines `# key: value`: `source`, `kind` (of carbon),
// `currency` (of a price, required), `year` and `utc_offset` (both required where times are times
// of day: the data's year, and the distance of local time from UTC, which does not follow daylight
// saving).

/// Reads an intensity in g/kWh, from 0 to 3000.
///
/// Takes    file_name  for messages, and the source where the text names none
/// Errors   Invalid    "FILE:LINE:COLUMN: `VALUE` is no ...; allowed: ..."
[[nodiscard]] Result<CarbonIntensity> parse_intensity_csv(std::string_view text,
                                                          std::string_view file_name);
/// Reads a price; it may be negative, as prices at an exchange are.
[[nodiscard]] Result<Price> parse_price_csv(std::string_view text, std::string_view file_name);

/// Errors   as the parsers; NotFound, Permission, and Invalid for a file above 32 MiB
[[nodiscard]] Result<CarbonIntensity> read_intensity_csv(const std::filesystem::path& path);
[[nodiscard]] Result<Price> read_price_csv(const std::filesystem::path& path);

}  // namespace wattune::energy
