#include "wattune/energy/grid_intensity.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <iterator>
#include <optional>

#include "data_table.hpp"
#include "shipped_data.hpp"
#include "wattune/base/text.hpp"

namespace wattune::energy {
namespace {

constexpr double kMostGrams = 3000.0;  // no fuel is dirtier than about half of this

bool is_same_zone(std::string_view left, std::string_view right) {
  return std::ranges::equal(left, right, [](unsigned char a, unsigned char b) {
    return std::tolower(a) == std::tolower(b);
  });
}

/// Countries have codes of three letters, cloud regions a provider in front.
bool is_zone(std::string_view zone, bool is_cloud) {
  const auto colon = zone.find(':');
  return is_cloud ? colon != std::string_view::npos && colon > 0 && colon + 1 < zone.size()
                  : zone.size() == 3 && colon == std::string_view::npos;
}

Result<GridTable> parse_table(std::string_view name, std::string_view text, bool is_cloud) {
  const auto data = parse_data_table(
      name, text, is_cloud ? "zone,name,gram_per_kwh,year,source" : "zone,name,gram_per_kwh,year");
  if (!data) return tl::unexpected(data.error());
  const auto kind_line = data->header.find("kind");
  const auto kind =
      kind_line != data->header.end() ? carbon_kind_from_text(kind_line->second) : std::nullopt;
  if (!kind) {
    return fail(
        ErrorKind::Invalid,
        fmt::format("{}: its header has no line \"# kind: life-cycle average\" or the like", name));
  }
  GridTable table;
  for (const DataTable::Row& row : data->rows) {
    const auto grams = number_of<double>(row.fields[2]);
    if (!is_zone(row.fields[0], is_cloud)) return bad_row(*data, row, "has no zone");
    if (!grams || !(*grams >= 0.0 && *grams <= kMostGrams)) {
      return bad_row(*data, row, fmt::format("has no value from 0 to {}", kMostGrams));
    }
    const std::string source{is_cloud ? row.fields[4] : data->header.find("source")->second};
    table.rows.push_back(
        {std::string(row.fields[0]), std::string(row.fields[1]), *grams, row.year, source, *kind});
  }
  return table;
}

}  // namespace

const GridIntensity* GridTable::find(std::string_view zone) const {
  const auto row = std::ranges::find_if(
      rows, [&](const GridIntensity& here) { return is_same_zone(here.zone, zone); });
  return row != rows.end() ? &*row : nullptr;
}

std::vector<std::string> GridTable::zones() const {
  std::vector<std::string> names;
  for (const GridIntensity& row : rows) names.push_back(row.zone);
  return names;
}

Result<GridTable> parse_grid_table(std::string_view text) {
  return parse_table("grid intensity table", text, false);
}

Result<GridTable> parse_cloud_table(std::string_view text) {
  return parse_table("cloud intensity table", text, true);
}

Result<GridTable> shipped_grid_table() {
  Result<GridTable> table = parse_grid_table(shipped_grid_csv());
  if (!table) return table;
  Result<GridTable> cloud = parse_cloud_table(shipped_cloud_csv());
  if (!cloud) return cloud;
  std::ranges::move(cloud->rows, std::back_inserter(table->rows));
  return table;
}

CarbonIntensity intensity_of(const GridIntensity& row) {
  return {RateTable{row.grams_per_kwh}, row.zone, row.year, row.source, row.kind};
}

Result<CarbonIntensity> zone_intensity(std::string_view zone) {
  const Result<GridTable> table = shipped_grid_table();
  if (!table) return tl::unexpected(table.error());
  if (const GridIntensity* row = table->find(zone)) return intensity_of(*row);
  const auto nearest = nearest_name(zone, table->zones());
  return fail(
      ErrorKind::NotFound,
      fmt::format("the table of grid intensities has no zone `{}`; a zone is an ISO country "
                  "code of three letters, such as DEU, or a cloud region, such as "
                  "gcp:europe-west3; an intensity of your own serves as well{}",
                  zone, nearest ? fmt::format("; did you mean `{}`?", *nearest) : ""));
}

}  // namespace wattune::energy
