#include "domain.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "wattune/base/require.hpp"
#include "wattune/base/result.hpp"
#include "wattune/base/text.hpp"

namespace wattune::space {
namespace {

template <typename... Fs>
struct Overloaded : Fs... {
  using Fs::operator()...;
};
template <typename... Fs>
Overloaded(Fs...) -> Overloaded<Fs...>;

/// Steps are given as decimal fractions, which doubles cannot hold: 0.1 x 3 is not 0.3.
constexpr double kStepSlack = 1e-9;

std::size_t num_steps(const FloatDomain& domain) {
  return static_cast<std::size_t>(
      std::floor((domain.high - domain.low) / *domain.step * (1.0 + kStepSlack) + kStepSlack));
}

std::uint64_t num_steps(const IntDomain& domain) {
  return (static_cast<std::uint64_t>(domain.high) - static_cast<std::uint64_t>(domain.low)) /
         static_cast<std::uint64_t>(domain.step);
}

/// Position 0 .. count - 1 of the equal part of [0, 1] that holds the coordinate.
std::size_t part_of(double coordinate, std::size_t count) {
  const auto part = static_cast<std::size_t>(coordinate * static_cast<double>(count));
  return std::min(part, count - 1);
}

double middle_of_part(std::size_t part, std::size_t count) {
  return (static_cast<double>(part) + 0.5) / static_cast<double>(count);
}

/// A log integer owns the logarithms from half below `low` to half above `high`.
double log_edge_low(const IntDomain& domain) {
  return std::log(static_cast<double>(domain.low) - 0.5);
}
double log_edge_high(const IntDomain& domain) {
  return std::log(static_cast<double>(domain.high) + 0.5);
}

double stepped(const FloatDomain& domain, std::size_t step_index) {
  if (step_index == num_steps(domain)) return domain.high;
  return domain.low + static_cast<double>(step_index) * *domain.step;
}

Value decode(const FloatDomain& domain, double c) {
  if (domain.step) return stepped(domain, part_of(c, num_steps(domain) + 1));
  if (c <= 0.0) return domain.low;
  if (c >= 1.0) return domain.high;
  if (!domain.log) {
    return std::clamp(domain.low + c * (domain.high - domain.low), domain.low, domain.high);
  }
  const double low = std::log(domain.low);
  const double high = std::log(domain.high);
  return std::clamp(std::exp(low + c * (high - low)), domain.low, domain.high);
}

Value decode(const IntDomain& domain, double c) {
  if (domain.log) {
    const double low = log_edge_low(domain);
    const double high = log_edge_high(domain);
    const auto rounded = static_cast<std::int64_t>(std::llround(std::exp(low + c * (high - low))));
    return std::clamp(rounded, domain.low, domain.high);
  }
  const std::size_t part = part_of(c, static_cast<std::size_t>(num_steps(domain)) + 1);
  return domain.low + static_cast<std::int64_t>(part) * domain.step;
}

double encode(const FloatDomain& domain, double value) {
  if (domain.step) {
    const auto step_index =
        static_cast<std::size_t>(std::llround((value - domain.low) / *domain.step));
    return middle_of_part(std::min(step_index, num_steps(domain)), num_steps(domain) + 1);
  }
  if (!domain.log) return (value - domain.low) / (domain.high - domain.low);
  const double low = std::log(domain.low);
  return std::clamp((std::log(value) - low) / (std::log(domain.high) - low), 0.0, 1.0);
}

double encode(const IntDomain& domain, std::int64_t value) {
  if (domain.log) {
    const double low = log_edge_low(domain);
    return (std::log(static_cast<double>(value)) - low) / (log_edge_high(domain) - low);
  }
  return middle_of_part(static_cast<std::size_t>((value - domain.low) / domain.step),
                        static_cast<std::size_t>(num_steps(domain)) + 1);
}

std::optional<Value> find_value(const FloatDomain& domain, const Choice& choice) {
  const std::optional<double> number = number_of(choice);
  if (!number || !(*number >= domain.low && *number <= domain.high)) return std::nullopt;
  if (!domain.step) return *number;
  const double steps = (*number - domain.low) / *domain.step;
  if (std::abs(steps - std::round(steps)) > kStepSlack * std::max(1.0, std::abs(steps))) {
    return std::nullopt;
  }
  return stepped(domain, static_cast<std::size_t>(std::llround(steps)));
}

std::optional<Value> find_value(const IntDomain& domain, const Choice& choice) {
  const std::optional<double> number = number_of(choice);
  if (!number || *number != std::round(*number)) return std::nullopt;
  if (*number < static_cast<double>(domain.low) || *number > static_cast<double>(domain.high)) {
    return std::nullopt;
  }
  const auto whole = static_cast<std::int64_t>(*number);
  if (!domain.log && (whole - domain.low) % domain.step != 0) return std::nullopt;
  return whole;
}

std::optional<Value> find_value(const ChoiceDomain& domain, const Choice& choice) {
  const auto found = std::ranges::find(domain.choices, choice);
  if (found != domain.choices.end()) {
    return ChoiceIndex{static_cast<std::uint32_t>(found - domain.choices.begin())};
  }
  // 1 and 1.0 are the same number, however they were written.
  const std::optional<double> number = number_of(choice);
  if (!number) return std::nullopt;
  for (std::size_t i = 0; i < domain.choices.size(); ++i) {
    if (number_of(domain.choices[i]) == number) return ChoiceIndex{static_cast<std::uint32_t>(i)};
  }
  return std::nullopt;
}

[[noreturn]] void refuse(const std::string& name, const std::string& what) {
  throw ConfigError(fmt::format("parameter `{}`: {}", name, what));
}

void check(const std::string& name, const FloatDomain& domain) {
  if (!std::isfinite(domain.low) || !std::isfinite(domain.high)) {
    refuse(name, fmt::format("bounds {} and {} must be finite", domain.low, domain.high));
  }
  if (!(domain.low < domain.high)) {
    refuse(name, fmt::format("low {} must be below high {}", domain.low, domain.high));
  }
  if (domain.log && domain.low <= 0.0) {
    refuse(name, fmt::format("low {} must be above 0 on a log scale", domain.low));
  }
  if (!domain.step) return;
  if (domain.log) refuse(name, "a step and a log scale exclude each other");
  if (!(*domain.step > 0.0)) refuse(name, fmt::format("step {} must be above 0", *domain.step));
  const double steps = (domain.high - domain.low) / *domain.step;
  if (steps < 1.0 - kStepSlack || std::abs(steps - std::round(steps)) > 1e-6 * steps) {
    refuse(name, fmt::format("step {} does not divide the range {} to {}", *domain.step, domain.low,
                             domain.high));
  }
}

void check(const std::string& name, const IntDomain& domain) {
  if (domain.low >= domain.high) {
    refuse(name, fmt::format("low {} must be below high {}", domain.low, domain.high));
  }
  if (domain.log && domain.low <= 0) {
    refuse(name, fmt::format("low {} must be above 0 on a log scale", domain.low));
  }
  if (domain.step <= 0) refuse(name, fmt::format("step {} must be above 0", domain.step));
  if (domain.log && domain.step != 1) refuse(name, "a step and a log scale exclude each other");
  const auto range =
      static_cast<std::uint64_t>(domain.high) - static_cast<std::uint64_t>(domain.low);
  if (range % static_cast<std::uint64_t>(domain.step) != 0) {
    refuse(name, fmt::format("step {} does not divide the range {} to {}", domain.step, domain.low,
                             domain.high));
  }
}

void check(const std::string& name, const ChoiceDomain& domain) {
  if (domain.choices.empty()) refuse(name, "needs at least one value");
  for (std::size_t i = 0; i < domain.choices.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (domain.choices[i] == domain.choices[j]) {
        refuse(name, fmt::format("value {} is listed twice", to_text(domain.choices[i])));
      }
    }
  }
}

}  // namespace

std::string to_text(const Choice& choice) {
  return std::visit(Overloaded{[](bool value) { return std::string{value ? "true" : "false"}; },
                               [](std::int64_t value) { return fmt::format("{}", value); },
                               [](double value) { return number_text(value); },
                               [](const std::string& value) { return value; }},
                    choice);
}

std::optional<double> number_of(const Choice& choice) {
  if (const auto* whole = std::get_if<std::int64_t>(&choice)) return static_cast<double>(*whole);
  if (const auto* real = std::get_if<double>(&choice)) return *real;
  return std::nullopt;
}

Value decode_domain(const Domain& domain, double coordinate) {
  const double c = std::clamp(coordinate, 0.0, 1.0);
  return std::visit(Overloaded{[c](const FloatDomain& d) { return decode(d, c); },
                               [c](const IntDomain& d) { return decode(d, c); },
                               [c](const ChoiceDomain& d) {
                                 return Value{ChoiceIndex{
                                     static_cast<std::uint32_t>(part_of(c, d.choices.size()))}};
                               },
                               [](const ConstantDomain&) { return Value{ChoiceIndex{0}}; }},
                    domain);
}

double encode_domain(const Domain& domain, const Value& value) {
  return std::visit(
      Overloaded{[&](const FloatDomain& d) { return encode(d, std::get<double>(value)); },
                 [&](const IntDomain& d) { return encode(d, std::get<std::int64_t>(value)); },
                 [&](const ChoiceDomain& d) {
                   return middle_of_part(std::get<ChoiceIndex>(value).index, d.choices.size());
                 },
                 [](const ConstantDomain&) { return 0.5; }},
      domain);
}

std::optional<Value> value_of_choice(const Domain& domain, const Choice& choice) {
  return std::visit(Overloaded{[&](const ConstantDomain& d) -> std::optional<Value> {
                                 if (d.value == choice) return ChoiceIndex{0};
                                 return std::nullopt;
                               },
                               [&](const auto& d) { return find_value(d, choice); }},
                    domain);
}

Choice choice_of_value(const Domain& domain, const Value& value) {
  return std::visit(
      Overloaded{
          [&](const FloatDomain&) { return Choice{std::get<double>(value)}; },
          [&](const IntDomain&) { return Choice{std::get<std::int64_t>(value)}; },
          [&](const ChoiceDomain& d) { return d.choices[std::get<ChoiceIndex>(value).index]; },
          [](const ConstantDomain& d) { return d.value; }},
      domain);
}

std::optional<std::size_t> count_values(const Domain& domain) {
  return std::visit(
      Overloaded{
          [](const FloatDomain& d) -> std::optional<std::size_t> {
            if (!d.step) return std::nullopt;
            return num_steps(d) + 1;
          },
          [](const IntDomain& d) -> std::optional<std::size_t> {
            return static_cast<std::size_t>(num_steps(d)) + 1;
          },
          [](const ChoiceDomain& d) -> std::optional<std::size_t> { return d.choices.size(); },
          [](const ConstantDomain&) -> std::optional<std::size_t> { return 1; }},
      domain);
}

void check_domain(const std::string& name, const Domain& domain) {
  std::visit(Overloaded{[](const ConstantDomain&) {}, [&](const auto& d) { check(name, d); }},
             domain);
}

std::string allowed_text(const Parameter& parameter) {
  const auto range = [](const auto& d, const std::string& step) {
    return fmt::format("{} to {}{}{}", d.low, d.high, step, d.log ? ", log" : "");
  };
  return std::visit(
      Overloaded{[&](const FloatDomain& d) {
                   return range(d, d.step ? fmt::format(" in steps of {}", *d.step) : "");
                 },
                 [&](const IntDomain& d) {
                   return "whole numbers " +
                          range(d, d.step != 1 ? fmt::format(" in steps of {}", d.step) : "");
                 },
                 [](const ChoiceDomain& d) {
                   std::vector<std::string> names;
                   for (const Choice& choice : d.choices) names.push_back(to_text(choice));
                   return join_names(names, "or");
                 },
                 [](const ConstantDomain& d) { return "always " + to_text(d.value); }},
      parameter.domain);
}

std::optional<NumberRange> number_range(const Domain& domain) {
  const auto number_of = [](const Choice& choice) -> std::optional<double> {
    if (const auto* whole = std::get_if<std::int64_t>(&choice)) return static_cast<double>(*whole);
    if (const auto* real = std::get_if<double>(&choice)) return *real;
    return std::nullopt;
  };
  if (const auto* real = std::get_if<FloatDomain>(&domain))
    return NumberRange{real->low, real->high};
  if (const auto* whole = std::get_if<IntDomain>(&domain)) {
    return NumberRange{static_cast<double>(whole->low), static_cast<double>(whole->high)};
  }
  const auto* list = std::get_if<ChoiceDomain>(&domain);
  const std::vector<Choice> choices =
      list != nullptr ? list->choices : std::vector{std::get<ConstantDomain>(domain).value};
  std::optional<NumberRange> range;
  for (const Choice& choice : choices) {
    const std::optional<double> number = number_of(choice);
    if (!number) return std::nullopt;
    if (!range) range = NumberRange{*number, *number};
    range = NumberRange{std::min(range->low, *number), std::max(range->high, *number)};
  }
  return range;
}

}  // namespace wattune::space
