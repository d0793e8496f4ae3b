#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "command_line.hpp"
#include "wattune/energy/footprint.hpp"

namespace wattune::cli {

/// What turns joules into grams and money, as said on the command line.
struct TariffOptions {
  std::string zone;
  std::string intensity;
  std::string price;
  std::string pue;
};

void add_tariff_options(const Command& command, const std::shared_ptr<TariffOptions>& options);

/// Errors   CommandError  a zone or preset that no table holds, a number out of range, a file that
///          holds no rates
[[nodiscard]] energy::Tariff make_tariff(const TariffOptions& options);

/// `pue`, `grid` and `price` of docs/command-line.md; null where nothing was said.
[[nodiscard]] nlohmann::ordered_json tariff_json(const energy::Tariff& tariff);

}  // namespace wattune::cli
