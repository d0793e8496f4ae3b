#include "pricing.hpp"

#include <fmt/format.h>

#include "command.hpp"
#include "wattune/base/text.hpp"
#include "wattune/config/quantity.hpp"

namespace wattune::cli {
namespace {

constexpr double kJoulesPerKwh = 3.6e6;

void set_zone(Pricing& pricing, const std::string& zone) {
  const auto table = energy::shipped_grid_table();
  if (!table) throw CommandError(ExitStatus::Failure, table.error().message);
  const energy::GridIntensity* row = table->find(zone);
  if (row == nullptr) {
    const auto nearest = nearest_name(zone, table->zones());
    throw CommandError(
        ExitStatus::BadInput,
        fmt::format("--zone: there is no `{}` among the {} zones; a country's three letters such "
                    "as DEU, or WLD for the world{}",
                    zone, table->rows.size(),
                    nearest ? fmt::format("; did you mean `{}`?", *nearest) : ""));
  }
  pricing.grid = *row;
  pricing.grid_source = table->source;
}

void set_price(Pricing& pricing, const std::string& text) {
  const config::MoneyReading reading = config::price_from_text(text);
  if (!reading.money) {
    throw CommandError(ExitStatus::BadInput, fmt::format("--price {}: {}", text, reading.problem));
  }
  if (!(reading.money->amount >= 0.0)) {
    throw CommandError(ExitStatus::BadInput, fmt::format("--price {}: is below 0", text));
  }
  pricing.price_per_kwh = reading.money->amount;
  pricing.currency = reading.money->currency;
}

}  // namespace

void add_pricing_options(CLI::App& command, const std::shared_ptr<PricingOptions>& options) {
  command.add_option("--zone", options->zone,
                     "country whose electricity it is (DEU, USA, ... or WLD): shows carbon");
  command.add_option("--price", options->price, "as in '0.30 EUR/kWh': shows cost");
  command.add_option("--pue", options->pue,
                     "what the building draws per joule of the machine; 1 where left out");
}

Pricing make_pricing(const PricingOptions& options) {
  Pricing pricing;
  if (!(options.pue >= 1.0 && options.pue <= 10.0)) {
    throw CommandError(ExitStatus::BadInput,
                       fmt::format("--pue {}: must be from 1 to 10", options.pue));
  }
  pricing.pue = options.pue;
  if (!options.zone.empty()) set_zone(pricing, options.zone);
  if (!options.price.empty()) set_price(pricing, options.price);
  return pricing;
}

std::optional<double> Pricing::grams(Joules energy) const {
  if (!grid) return std::nullopt;
  return energy.value() / kJoulesPerKwh * pue * grid->grams_per_kwh;
}

std::optional<double> Pricing::money(Joules energy) const {
  if (!price_per_kwh) return std::nullopt;
  return energy.value() / kJoulesPerKwh * pue * *price_per_kwh;
}

std::string Pricing::grid_words() const {
  return fmt::format("{} {}: {} g/kWh, PUE {}", grid->zone, grid->year,
                     number_text(grid->grams_per_kwh), number_text(pue));
}

std::string Pricing::price_words() const {
  return fmt::format("{} {}/kWh, PUE {}", number_text(*price_per_kwh), currency, number_text(pue));
}

nlohmann::ordered_json Pricing::to_json() const {
  nlohmann::ordered_json json = {{"pue", pue}, {"grid", nullptr}, {"price", nullptr}};
  if (grid) {
    json["grid"] = {{"zone", grid->zone},
                    {"name", grid->name},
                    {"year", grid->year},
                    {"grams_per_kwh", grid->grams_per_kwh},
                    {"source", grid_source}};
  }
  if (price_per_kwh) json["price"] = {{"per_kwh", *price_per_kwh}, {"currency", currency}};
  return json;
}

}  // namespace wattune::cli
