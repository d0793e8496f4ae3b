#include "energy_section.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "wattune/energy/grid_intensity.hpp"
#include "wattune/energy/presets.hpp"
#include "wattune/energy/rate_csv.hpp"

namespace wattune::config {
namespace {

namespace fs = std::filesystem;

constexpr const char* kOwnNumber = "study file";

/// The table that a value names, if it names one.
std::optional<fs::path> table_at(const YamlNode& node, const fs::path& folder) {
  if (!node.is_scalar() || !node.text.ends_with(".csv")) return std::nullopt;
  return (folder / node.text).lexically_normal();
}

/// Any whole text as it was written; another node in words.
std::string text_of(const YamlNode& node) {
  return node.is_scalar() ? node.text : describe(node);
}

void read_zone(ReadContext& context, const MapReader& map, trial::Tariff& tariff) {
  const YamlNode* const node = map.find("zone");
  const auto code = node ? read_text(context, *node, "energy.zone") : std::nullopt;
  if (!code) return;
  const Result<energy::CarbonIntensity> intensity = energy::zone_intensity(*code);
  if (intensity) {
    tariff.intensity = *intensity;
  } else {
    context.error(*node, intensity.error().message);
  }
}

/// The user's own intensity takes the place of the zone's, whose name it keeps.
void read_intensity(ReadContext& context, const MapReader& map, const fs::path& folder,
                    trial::Tariff& tariff) {
  const YamlNode* const node = map.find("intensity");
  if (node == nullptr) return;
  const std::string zone = tariff.intensity ? tariff.intensity->zone : "";
  if (const auto path = table_at(*node, folder)) {
    Result<energy::CarbonIntensity> table = energy::read_intensity_csv(*path);
    if (!table) {
      context.error(*node, fmt::format("`energy.intensity`: {}", table.error().message));
      return;
    }
    tariff.intensity = std::move(*table);
  } else {
    const auto grams = read_quantity(context, *node, "energy.intensity", Dimension::Intensity);
    if (!grams) return;
    tariff.intensity = energy::CarbonIntensity{energy::RateTable{*grams}};
    tariff.intensity->source = kOwnNumber;
  }
  tariff.intensity->zone = zone;
}

void read_price(ReadContext& context, const MapReader& map, const fs::path& folder,
                trial::Tariff& tariff) {
  const YamlNode* const node = map.find("price");
  if (node == nullptr) return;
  if (const auto path = table_at(*node, folder)) {
    Result<energy::Price> table = energy::read_price_csv(*path);
    if (table) {
      tariff.price = std::move(*table);
    } else {
      context.error(*node, fmt::format("`energy.price`: {}", table.error().message));
    }
    return;
  }
  const MoneyReading reading = price_from_text(text_of(*node));
  if (!reading.money) {
    context.error(*node, fmt::format("`energy.price` {}", reading.problem));
  } else if (reading.money->amount <= 0.0) {
    context.error(*node,
                  fmt::format("`energy.price` must be more than 0, not {}", describe(*node)));
  } else {
    tariff.price = {energy::RateTable{reading.money->amount}, reading.money->currency, kOwnNumber};
  }
}

/// A number, or the name of a preset.
void read_pue(ReadContext& context, const MapReader& map, trial::Tariff& tariff) {
  const YamlNode* const node = map.find("pue");
  if (node == nullptr) return;
  const bool is_name = node->is_scalar() && !node->text.empty() && !number_from_text(node->text);
  if (is_name) {
    const Result<energy::Pue> pue = energy::pue_preset(node->text);
    if (pue) {
      tariff.pue = *pue;
    } else {
      context.error(*node, fmt::format("`energy.pue`: {}", pue.error().message));
    }
    return;
  }
  const auto factor = read_number(context, *node, "energy.pue", between(1, 10));
  if (factor) tariff.pue = {*factor, *factor == 1.0 ? energy::Pue{}.source : kOwnNumber};
}

/// The mass of the machine from what it is made of, where the user does not know the mass itself.
void read_parts(ReadContext& context, MapReader& map, energy::Embodied& embodied) {
  energy::MachineParts parts;
  const auto count = [&](const char* key, std::int64_t low, std::size_t& target) {
    if (const auto number = map.whole(key, between(static_cast<double>(low), 10000))) {
      target = static_cast<std::size_t>(*number);
    }
  };
  count("cpus", 1, parts.cpus);
  count("gpus", 0, parts.gpus);
  count("ssds", 0, parts.ssds);
  count("hdds", 0, parts.hdds);
  assign(parts.memory_gb, map.number("memory_gb", between(0, 1e6)));
  const Result<energy::EmbodiedFactors> factors = energy::shipped_embodied_factors();
  if (!factors) {
    context.error(Place{}, factors.error().message);
    return;
  }
  embodied.mass_g = energy::embodied_mass_g(parts, *factors);
  embodied.source = fmt::format("{} ({})", factors->source, factors->year);
}

void read_embodied(ReadContext& context, const MapReader& energy_map, trial::Tariff& tariff) {
  const YamlNode* const node = energy_map.find("embodied");
  if (node == nullptr) return;
  MapReader map(context, *node, "energy.embodied", "embodied");
  if (!node->is_map()) return;
  energy::Embodied embodied;
  if (const auto mass = map.quantity("mass", Dimension::Mass)) {
    embodied.mass_g = *mass;
    embodied.source = kOwnNumber;
    for (const char* part : {"cpus", "gpus", "ssds", "hdds", "memory_gb"}) {
      if (const YamlNode* there = map.find(part)) {
        context.error(*there, fmt::format("`energy.embodied.{}` says nothing beside `mass`, which "
                                          "is that of the whole machine",
                                          part));
      }
    }
  } else if (map.find("mass") == nullptr) {
    read_parts(context, map, embodied);
  }
  if (const auto lifetime = map.quantity("lifetime", Dimension::Duration)) {
    embodied.lifetime = Seconds{*lifetime};
  }
  assign(embodied.share, map.number("share", Range{.low = 0.0, .high = 1.0, .is_low_open = true}));
  tariff.embodied = embodied;
}

}  // namespace

trial::Tariff read_tariff(ReadContext& context, MapReader& study, const fs::path& folder) {
  trial::Tariff tariff;
  const YamlNode* const node = study.find("energy");
  if (node == nullptr) return tariff;
  const MapReader map(context, *node, "energy", "energy");
  read_zone(context, map, tariff);
  read_intensity(context, map, folder, tariff);
  read_price(context, map, folder, tariff);
  read_pue(context, map, tariff);
  read_embodied(context, map, tariff);
  return tariff;
}

}  // namespace wattune::config
