#pragma once

#include <CLI/App.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "wattune/base/units.hpp"
#include "wattune/energy/grid_intensity.hpp"

namespace wattune::cli {

/// What turns joules into grams and money, as said on the command line.
struct PricingOptions {
  std::string zone;
  std::string price;
  double pue = 1.0;
};

void add_pricing_options(CLI::App& command, const std::shared_ptr<PricingOptions>& options);

struct Pricing {
  double pue = 1.0;
  std::optional<energy::GridIntensity> grid = {};
  std::string grid_source = {};
  std::optional<double> price_per_kwh = {};
  std::string currency = {};

  [[nodiscard]] std::optional<double> grams(Joules energy) const;
  [[nodiscard]] std::optional<double> money(Joules energy) const;
  /// "DEU 2023: 381 g/kWh, PUE 1"
  [[nodiscard]] std::string grid_words() const;
  [[nodiscard]] std::string price_words() const;
  [[nodiscard]] nlohmann::ordered_json to_json() const;
};

/// Errors   CommandError  a zone that the table does not hold, a price that is none, a PUE below 1
[[nodiscard]] Pricing make_pricing(const PricingOptions& options);

}  // namespace wattune::cli
