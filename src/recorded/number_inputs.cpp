#include "number_inputs.hpp"

#include <fmt/format.h>

#include "wattune/base/require.hpp"
#include "wattune/base/result.hpp"
#include "wattune/base/text.hpp"

namespace wattune::recorded {
namespace {

double number_of(const space::Choice& choice) {
  if (const auto* whole = std::get_if<std::int64_t>(&choice)) return static_cast<double>(*whole);
  return std::get<double>(choice);
}

std::vector<double> numbers_of(const space::Domain& domain) {
  std::vector<double> numbers;
  if (const auto* list = std::get_if<space::ChoiceDomain>(&domain)) {
    for (const space::Choice& choice : list->choices) numbers.push_back(number_of(choice));
  } else if (const auto* constant = std::get_if<space::ConstantDomain>(&domain)) {
    numbers.push_back(number_of(constant->value));
  }
  return numbers;
}

void check_range(const space::Parameter& wanted, const space::Parameter& found,
                 std::string_view name) {
  constexpr double kRounding = 1e-9;
  const auto range = space::number_range(found.domain);
  if (!range) {
    throw ConfigError(fmt::format("parameter `{}` must be a number for {}", found.name, name));
  }
  const auto recorded = *space::number_range(wanted.domain);
  const double slack = kRounding * (recorded.high - recorded.low);
  if (range->low < recorded.low - slack || range->high > recorded.high + slack) {
    throw ConfigError(
        fmt::format("parameter `{}` goes from {} to {}, but {} knows only {} to {}; narrow its "
                    "range",
                    found.name, number_text(range->low), number_text(range->high), name,
                    number_text(recorded.low), number_text(recorded.high)));
  }
}

}  // namespace

NumberInputs::NumberInputs(const space::Space& study, const space::Space& recorded,
                           std::string_view name) {
  std::vector<std::string> names;
  for (const space::Parameter& parameter : recorded.parameters()) names.push_back(parameter.name);
  for (const space::Parameter& wanted : recorded.parameters()) {
    const auto index = study.index_of(wanted.name);
    if (!index) {
      throw ConfigError(fmt::format("the study has no parameter `{}`; {} wants {}", wanted.name,
                                    name, join_names(names)));
    }
    const space::Parameter& found = study.parameters()[*index];
    if (!found.when.empty()) {
      throw ConfigError(fmt::format(
          "parameter `{}` must always be active for {}; leave out its `when`", found.name, name));
    }
    check_range(wanted, found, name);
    inputs_.push_back({wanted.name, *index, numbers_of(found.domain)});
  }
}

std::map<std::string, double> NumberInputs::values_of(
    const space::Configuration& configuration) const {
  std::map<std::string, double> values;
  for (const Input& input : inputs_) {
    const space::Value& value = configuration[input.index];
    if (const auto* real = std::get_if<double>(&value)) {
      values[input.name] = *real;
    } else if (const auto* whole = std::get_if<std::int64_t>(&value)) {
      values[input.name] = static_cast<double>(*whole);
    } else {
      const auto* choice = std::get_if<space::ChoiceIndex>(&value);
      WATTUNE_REQUIRE(choice != nullptr);
      values[input.name] = input.choices.at(choice->index);
    }
  }
  return values;
}

}  // namespace wattune::recorded
