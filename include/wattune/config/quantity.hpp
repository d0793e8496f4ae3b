#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace wattune::config {

/// A number as YAML writes it, the whole text; nothing for anything else. "inf" and "nan" (with or
/// without a dot) read as such, so that the caller can say why they are refused.
[[nodiscard]] std::optional<double> number_from_text(std::string_view text);

/// What is measured in which units: decides which unit texts are read, and their factors to SI (and
/// to grams, grams per kWh).
enum class Dimension { Energy, Duration, Mass, Intensity, Temperature };

/// An amount, or in words what is wrong with the text.
struct QuantityReading {
  std::optional<double> amount;
  std::string problem;  ///< "needs a unit: J, kJ, MJ, Wh or kWh, as in `5 kJ`"
};

/// Reads "5 kJ", "10min", "381 g/kWh", "45 C" into joules, seconds, grams, grams per kWh or degrees
/// Celsius.
[[nodiscard]] QuantityReading quantity_from_text(std::string_view text, Dimension dimension);

/// An amount of money, or a price, and its currency.
struct Money {
  double amount = 0.0;
  std::string currency;  ///< ISO 4217; empty where the text names none.
};

struct MoneyReading {
  std::optional<Money> money;
  std::string problem;
};

/// Reads "0.30 EUR/kWh" into money per kWh; "0.30 EUR/MWh" too.
[[nodiscard]] MoneyReading price_from_text(std::string_view text);
/// Reads "0.05 EUR" or "0.05".
[[nodiscard]] MoneyReading money_from_text(std::string_view text);

}  // namespace wattune::config
