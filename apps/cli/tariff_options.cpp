#include "tariff_options.hpp"

#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "command.hpp"
#include "wattune/config/quantity.hpp"
#include "wattune/energy/grid_intensity.hpp"
#include "wattune/energy/presets.hpp"
#include "wattune/energy/rate_csv.hpp"

namespace wattune::cli {
namespace {

using nlohmann::ordered_json;

constexpr double kLargestIntensity = 3000.0;

[[noreturn]] void refuse(const char* option, const std::string& words) {
  throw CommandError(ExitStatus::BadInput, fmt::format("{}: {}", option, words));
}

template <typename Value>
Value taken(Result<Value> result, const char* option) {
  if (!result) refuse(option, result.error().message);
  return std::move(*result);
}

std::optional<double> number_from(const std::string& text) {
  double number = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

energy::CarbonIntensity intensity_from(const std::string& text) {
  constexpr const char* kOption = "--intensity";
  if (text.ends_with(".csv")) return taken(energy::read_intensity_csv(text), kOption);
  const std::optional<double> grams = number_from(text);
  if (!grams || !(*grams >= 0.0 && *grams <= kLargestIntensity)) {
    refuse(kOption, fmt::format("`{}` is neither a number of g/kWh from 0 to {} nor a .csv", text,
                                kLargestIntensity));
  }
  return {.rate = energy::RateTable{*grams}, .source = "command line"};
}

energy::Price price_from(const std::string& text) {
  constexpr const char* kOption = "--price";
  if (text.ends_with(".csv")) return taken(energy::read_price_csv(text), kOption);
  const config::MoneyReading reading = config::price_from_text(text);
  if (!reading.money) refuse(kOption, fmt::format("{}: {}", text, reading.problem));
  if (!(reading.money->amount >= 0.0)) refuse(kOption, fmt::format("{} is below 0", text));
  return {.rate = energy::RateTable{reading.money->amount},
          .currency = reading.money->currency,
          .source = "command line"};
}

energy::Pue pue_from(const std::string& text) {
  constexpr const char* kOption = "--pue";
  const std::optional<double> factor = number_from(text);
  if (!factor) return taken(energy::pue_preset(text), kOption);
  if (!(*factor >= 1.0 && *factor <= 10.0)) {
    refuse(kOption, fmt::format("{} must be from 1 to 10", text));
  }
  return {.factor = *factor, .source = "command line"};
}

template <typename Value>
ordered_json or_null(const std::optional<Value>& value) {
  return value ? ordered_json(*value) : ordered_json(nullptr);
}

}  // namespace

void add_tariff_options(const Command& command, const std::shared_ptr<TariffOptions>& options) {
  command.option("--zone", options->zone,
                 "country (DEU, USA, ... or WLD) or cloud region (gcp:europe-west3) whose "
                 "electricity it is: shows carbon");
  command.option("--intensity", options->intensity,
                 "g/kWh, or a .csv of them over time (docs/study-file.md), in place of a zone");
  command.option("--price", options->price,
                 "as in '0.30 EUR/kWh', or a .csv over time: shows cost");
  command.option("--pue", options->pue,
                 "what the building draws per joule of the machine, or the name of a published "
                 "figure; 1 where left out");
}

energy::Tariff make_tariff(const TariffOptions& options) {
  energy::Tariff tariff;
  if (!options.zone.empty() && !options.intensity.empty()) {
    refuse("--intensity", "stands in place of --zone; one of the two is needed");
  }
  if (!options.pue.empty()) tariff.pue = pue_from(options.pue);
  if (!options.zone.empty()) {
    tariff.intensity = taken(energy::zone_intensity(options.zone), "--zone");
  }
  if (!options.intensity.empty()) tariff.intensity = intensity_from(options.intensity);
  if (!options.price.empty()) tariff.price = price_from(options.price);
  return tariff;
}

ordered_json tariff_json(const energy::Tariff& tariff) {
  ordered_json json = {{"pue", tariff.pue.factor}, {"grid", nullptr}, {"price", nullptr}};
  if (tariff.intensity) {
    const energy::CarbonIntensity& grid = *tariff.intensity;
    json["grid"] = {{"zone", grid.zone.empty() ? ordered_json(nullptr) : ordered_json(grid.zone)},
                    {"year", or_null(grid.year)},
                    {"grams_per_kwh", or_null(grid.rate.constant())},
                    {"kind", grid.kind ? ordered_json(to_text(*grid.kind)) : ordered_json(nullptr)},
                    {"source", grid.source},
                    {"basis", basis_text(grid, tariff.pue)}};
  }
  if (tariff.price) {
    json["price"] = {{"per_kwh", or_null(tariff.price->rate.constant())},
                     {"currency", tariff.price->currency},
                     {"basis", basis_text(*tariff.price, tariff.pue)}};
  }
  return json;
}

}  // namespace wattune::cli
