#include "wattune/energy/presets.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "data_table.hpp"
#include "shipped_data.hpp"
#include "wattune/base/require.hpp"
#include "wattune/base/text.hpp"

namespace wattune::energy {
namespace {

constexpr double kBaseMemoryGb = 16.0;
constexpr double kGramsPerKilogram = 1000.0;

double above(double amount, double base) {
  return std::max(0.0, amount - base);
}

}  // namespace

Result<std::vector<PuePreset>> parse_pue_presets(std::string_view text) {
  const auto table = parse_data_table("table of PUE presets", text, "preset,name,pue,year,source");
  if (!table) return tl::unexpected(table.error());
  std::vector<PuePreset> presets;
  for (const DataTable::Row& row : table->rows) {
    const auto factor = number_of<double>(row.fields[2]);
    if (!factor || !(*factor >= 1.0 && *factor <= 10.0)) {
      return bad_row(*table, row, "has no value from 1 to 10");
    }
    presets.push_back({std::string(row.fields[0]), *factor, row.year, std::string(row.fields[4])});
  }
  return presets;
}

Result<std::vector<PuePreset>> shipped_pue_presets() {
  return parse_pue_presets(shipped_pue_csv());
}

Pue pue_of(const PuePreset& preset) {
  return {preset.factor, fmt::format("{}: {} ({})", preset.name, preset.source, preset.year)};
}

Result<Pue> pue_preset(std::string_view name) {
  const auto presets = shipped_pue_presets();
  if (!presets) return tl::unexpected(presets.error());
  std::vector<std::string> names;
  for (const PuePreset& preset : *presets) {
    if (preset.name == name) return pue_of(preset);
    names.push_back(preset.name);
  }
  const auto nearest = nearest_name(name, names);
  return fail(ErrorKind::NotFound,
              fmt::format("no PUE is named `{}`; allowed: a number from 1 to 10, {}{}", name,
                          join_names(names, "or"),
                          nearest ? fmt::format("; did you mean `{}`?", *nearest) : ""));
}

Result<EmbodiedFactors> parse_embodied_factors(std::string_view text) {
  const auto table =
      parse_data_table("table of embodied factors", text, "component,name,kg,year,source");
  if (!table) return tl::unexpected(table.error());
  EmbodiedFactors factors;
  std::map<std::string_view, double*> wanted{
      {"server", &factors.server}, {"cpu", &factors.cpu}, {"gpu", &factors.gpu},
      {"ssd", &factors.ssd},       {"hdd", &factors.hdd}, {"dram_gb", &factors.dram_gb}};
  for (const DataTable::Row& row : table->rows) {
    const auto component = wanted.find(row.fields[0]);
    if (component == wanted.end()) return bad_row(*table, row, "is no known component");
    const auto mass = number_of<double>(row.fields[2]);
    if (!mass || !(*mass >= 0.0 && *mass <= 1e6)) return bad_row(*table, row, "has no mass");
    *component->second = *mass;
    factors.year = factors.year == 0 ? row.year : std::min(factors.year, row.year);
    wanted.erase(component);
  }
  if (!wanted.empty()) {
    return fail(ErrorKind::Invalid,
                fmt::format("{}: no row \"{}\"", table->name, wanted.begin()->first));
  }
  factors.source = table->header.find("source")->second;
  return factors;
}

Result<EmbodiedFactors> shipped_embodied_factors() {
  return parse_embodied_factors(shipped_embodied_csv());
}

double embodied_mass_g(const MachineParts& parts, const EmbodiedFactors& factors) {
  WATTUNE_REQUIRE(parts.cpus >= 1);
  const auto number = [](std::size_t count) { return static_cast<double>(count); };
  const double mass = factors.server + number(parts.cpus - 1) * factors.cpu +
                      number(parts.gpus) * factors.gpu + number(parts.ssds) * factors.ssd +
                      number(parts.hdds) * factors.hdd +
                      above(parts.memory_gb, kBaseMemoryGb) * factors.dram_gb;
  return mass * kGramsPerKilogram;
}

}  // namespace wattune::energy
