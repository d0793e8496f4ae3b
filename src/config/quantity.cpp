#include "wattune/config/quantity.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <span>
#include <vector>

#include "wattune/base/text.hpp"

namespace wattune::config {
namespace {

struct Unit {
  std::string_view name;
  double factor;
};

struct UnitTable {
  std::vector<Unit> units;
  std::string_view example;
};

UnitTable units_of(Dimension dimension) {
  switch (dimension) {
    case Dimension::Energy:
      return {{{"J", 1.0}, {"kJ", 1e3}, {"MJ", 1e6}, {"Wh", 3.6e3}, {"kWh", 3.6e6}}, "5 kJ"};
    case Dimension::Duration:
      return {{{"s", 1.0}, {"min", 60.0}, {"h", 3600.0}, {"d", 86400.0}}, "5 min"};
    case Dimension::Mass:
      return {{{"g", 1.0}, {"kg", 1e3}}, "10 g"};
    case Dimension::Intensity:
      return {{{"g/kWh", 1.0}, {"kg/MWh", 1.0}}, "381 g/kWh"};
    case Dimension::Temperature:
      return {{{"C", 1.0}}, "45 C"};
  }
  return {};
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(' ');
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

struct NumberAndUnit {
  std::optional<double> number;
  std::string_view unit;
};

NumberAndUnit split(std::string_view text) {
  text = trimmed(text);
  const std::size_t blank = text.find(' ');
  std::size_t end = blank;
  if (blank == std::string_view::npos) {
    // "5kJ": the longest number in front. "1e3J" reads as 1e3, not as 1 with the unit "e3J".
    end = text.size();
    while (end > 0 && !number_from_text(text.substr(0, end))) --end;
  }
  return {number_from_text(text.substr(0, end)), trimmed(text.substr(std::min(end, text.size())))};
}

/// The unit that another common spelling stands for. One letter is never near another.
std::optional<std::string> unit_meant_by(std::string_view word,
                                         std::span<const std::string> names) {
  struct Spelling {
    std::string_view word;
    std::string_view unit;
  };
  constexpr std::array kSpellings{
      Spelling{"m", "min"},  Spelling{"mins", "min"},   Spelling{"minutes", "min"},
      Spelling{"sec", "s"},  Spelling{"secs", "s"},     Spelling{"seconds", "s"},
      Spelling{"hr", "h"},   Spelling{"hours", "h"},    Spelling{"hour", "h"},
      Spelling{"days", "d"}, Spelling{"day", "d"},      Spelling{"joules", "J"},
      Spelling{"j", "J"},    Spelling{"minute", "min"}, Spelling{"\u00b0C", "C"},
      Spelling{"c", "C"}};
  const auto spelling = std::ranges::find(kSpellings, word, &Spelling::word);
  if (spelling != kSpellings.end() && std::ranges::count(names, spelling->unit) > 0) {
    return std::string{spelling->unit};
  }
  return word.size() < 2 ? std::nullopt : nearest_name(word, names);
}

bool is_currency(std::string_view text) {
  return text.size() == 3 && std::ranges::all_of(text, [](char c) { return c >= 'A' && c <= 'Z'; });
}

}  // namespace

std::optional<double> number_from_text(std::string_view text) {
  double sign = 1.0;
  std::string_view digits = text;
  if (digits.starts_with('+') || digits.starts_with('-')) {
    sign = digits.front() == '-' ? -1.0 : 1.0;
    digits.remove_prefix(1);
  }
  if (digits == ".inf" || digits == ".Inf" || digits == "inf") {
    return sign * std::numeric_limits<double>::infinity();
  }
  if (digits == ".nan" || digits == ".NaN" || digits == "nan" || digits == "NaN") {
    return std::numeric_limits<double>::quiet_NaN();
  }
  const bool begins_like_one =
      !digits.empty() &&
      (digits.front() == '.' || (digits.front() >= '0' && digits.front() <= '9'));
  if (!begins_like_one) return std::nullopt;
  double value = 0.0;
  const char* const end = digits.data() + digits.size();
  const auto [stop, problem] = std::from_chars(digits.data(), end, value);
  if (stop != end || problem == std::errc::invalid_argument) return std::nullopt;
  if (problem == std::errc::result_out_of_range) {
    const bool is_tiny =
        digits.find("e-") != std::string_view::npos || digits.find("E-") != std::string_view::npos;
    value = is_tiny ? 0.0 : std::numeric_limits<double>::infinity();
  }
  return sign * value;
}

QuantityReading quantity_from_text(std::string_view text, Dimension dimension) {
  const UnitTable table = units_of(dimension);
  std::vector<std::string> names;
  for (const Unit& unit : table.units) names.emplace_back(unit.name);
  const std::string allowed = join_names(names, "or");
  const auto [number, unit_name] = split(text);
  if (!number) {
    return {std::nullopt, fmt::format("must be a number and a unit ({}), as in `{}`; not `{}`",
                                      allowed, table.example, text)};
  }
  if (!std::isfinite(*number)) {
    return {std::nullopt, fmt::format("must be a finite amount, not `{}`", text)};
  }
  if (unit_name.empty()) {
    return {std::nullopt,
            fmt::format("needs a unit: {}, as in `{}`; it is `{}`", allowed, table.example, text)};
  }
  const auto unit = std::ranges::find(table.units, unit_name, &Unit::name);
  if (unit == table.units.end()) {
    const std::optional<std::string> nearest = unit_meant_by(unit_name, names);
    return {std::nullopt,
            fmt::format("has the unknown unit `{}`; allowed: {}{}", unit_name, allowed,
                        nearest ? fmt::format("; did you mean `{}`?", *nearest) : "")};
  }
  return {*number * unit->factor, {}};
}

MoneyReading price_from_text(std::string_view text) {
  const auto [number, unit] = split(text);
  const std::size_t slash = unit.find('/');
  const std::string_view currency = unit.substr(0, slash);
  const std::string_view per =
      slash == std::string_view::npos ? std::string_view{} : unit.substr(slash + 1);
  if (!number || !std::isfinite(*number) || !is_currency(currency) ||
      (per != "kWh" && per != "MWh")) {
    return {std::nullopt,
            fmt::format("must be a number, a currency of three capital letters and `/kWh` or "
                        "`/MWh`, as in `0.30 EUR/kWh`; not `{}`",
                        text)};
  }
  return {Money{per == "MWh" ? *number / 1000.0 : *number, std::string{currency}}, {}};
}

MoneyReading money_from_text(std::string_view text) {
  const auto [number, currency] = split(text);
  const bool ok = number && std::isfinite(*number) && (currency.empty() || is_currency(currency));
  if (!ok) {
    return {std::nullopt, fmt::format("must be a number, with or without a currency of three "
                                      "capital letters, as in `0.05 EUR`; not `{}`",
                                      text)};
  }
  return {Money{*number, std::string{currency}}, {}};
}

}  // namespace wattune::config
