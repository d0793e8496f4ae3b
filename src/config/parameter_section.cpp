#include "parameter_section.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>

#include "wattune/base/text.hpp"
#include "wattune/config/known_names.hpp"
#include "wattune/config/schema.hpp"

namespace wattune::config {
namespace {

using space::Choice;

constexpr double kMostSteps = 1e9;
constexpr double kStepSlack = 1e-6;  // as the space has it: 0.1 x 3 is not 0.3

bool is_number(const Choice& choice) {
  return std::holds_alternative<std::int64_t>(choice) || std::holds_alternative<double>(choice);
}

/// Names become environment variables and placeholders.
void check_name(ReadContext& context, const MapEntry& entry) {
  const auto is_allowed = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
  };
  const bool starts_with_digit = std::isdigit(static_cast<unsigned char>(entry.name.front())) != 0;
  if (starts_with_digit || !std::ranges::all_of(entry.name, is_allowed)) {
    context.error(*entry.key, fmt::format("the name of a parameter is made of letters, digits and "
                                          "`_` and begins with no digit; not `{}`",
                                          entry.name));
  }
  if (std::ranges::count(known_placeholders(), entry.name) > 0) {
    context.error(*entry.key,
                  fmt::format("a parameter cannot be called `{}`: commands have a placeholder of "
                              "that name already",
                              entry.name));
  }
}

/// low and high, or nothing if one is missing, wrong or on the wrong side of the other.
template <typename Number>
bool check_bounds(ReadContext& context, const MapReader& map, std::optional<Number> low,
                  std::optional<Number> high, bool log) {
  if (!low || !high) return false;
  const YamlNode& low_node = *map.find("low");
  if (*low > *high) {
    context.error(low_node,
                  fmt::format("`{}` is {}, above `high` {}", map.path_of("low"), *low, *high));
    return false;
  }
  if (*low == *high) {
    context.error(low_node, fmt::format("`{}` equals `high`; a parameter with one value is written "
                                        "{{type: constant, value: {}}}",
                                        map.path_of("low"), *low));
    return false;
  }
  if (log && *low <= Number{0}) {
    context.error(low_node, fmt::format("`{}` must be above 0 on a log scale, not {}",
                                        map.path_of("low"), *low));
    return false;
  }
  return true;
}

/// Steps must lead from low to high exactly.
bool check_step(ReadContext& context, const MapReader& map, double low, double high, double step,
                bool log) {
  const YamlNode& node = *map.find("step");
  if (log) {
    context.error(node,
                  fmt::format("`{}` and a log scale exclude each other", map.path_of("step")));
    return false;
  }
  const double steps = (high - low) / step;
  if (steps < 1.0 - kStepSlack) {
    context.error(node, fmt::format("`{}` {} is larger than the range {} to {}",
                                    map.path_of("step"), step, low, high));
    return false;
  }
  if (steps > kMostSteps) {
    context.error(node, fmt::format("`{}` {} makes more than {:.0e} values; leave it out",
                                    map.path_of("step"), step, kMostSteps));
    return false;
  }
  if (std::abs(steps - std::round(steps)) > kStepSlack * steps) {
    context.error(node, fmt::format("`{}` {} does not lead from {} to {}; with `high: {:.10g}` or "
                                    "`high: {:.10g}` it would",
                                    map.path_of("step"), step, low, high,
                                    low + std::floor(steps) * step, low + std::ceil(steps) * step));
    return false;
  }
  return true;
}

std::optional<space::Domain> read_float_domain(ReadContext& context, MapReader& map) {
  const bool has_both = (map.require("low") != nullptr) & (map.require("high") != nullptr);
  const std::optional<double> low = map.number("low");
  const std::optional<double> high = map.number("high");
  const bool log = map.flag("log").value_or(false);
  const std::optional<double> step = map.number("step", above(0));
  if (!has_both || !check_bounds(context, map, low, high, log)) return std::nullopt;
  if (!std::isfinite(*high - *low)) {
    context.error(*map.find("high"), fmt::format("the range {} to {} is too wide", *low, *high));
    return std::nullopt;
  }
  if (step && !check_step(context, map, *low, *high, *step, log)) return std::nullopt;
  return space::FloatDomain{.low = *low, .high = *high, .log = log, .step = step};
}

std::optional<space::Domain> read_int_domain(ReadContext& context, MapReader& map) {
  const bool has_both = (map.require("low") != nullptr) & (map.require("high") != nullptr);
  const std::optional<std::int64_t> low = map.whole("low");
  const std::optional<std::int64_t> high = map.whole("high");
  const bool log = map.flag("log").value_or(false);
  const std::optional<std::int64_t> step = map.whole("step", at_least(1));
  if (!has_both || !check_bounds(context, map, low, high, log)) return std::nullopt;
  if (step.value_or(1) != 1 &&
      !check_step(context, map, static_cast<double>(*low), static_cast<double>(*high),
                  static_cast<double>(*step), log)) {
    return std::nullopt;
  }
  return space::IntDomain{.low = *low, .high = *high, .log = log, .step = step.value_or(1)};
}

std::optional<space::Domain> read_choice_domain(ReadContext& context, MapReader& map,
                                                bool ordered) {
  const YamlNode* const node = map.require("values");
  if (node == nullptr) return std::nullopt;
  const std::string path = map.path_of("values");
  std::vector<Choice> choices;
  std::vector<std::string> texts;
  const std::span<const YamlNode> items = read_list(context, *node, path);
  for (const YamlNode& item : items) {
    const std::optional<Choice> choice = read_choice(context, item, path);
    if (!choice) continue;
    // A program sees the text alone: 1, 1.0 and "1" would be the same value three times.
    if (std::ranges::count(texts, space::to_text(*choice)) > 0) {
      context.error(item, fmt::format("`{}` lists {} twice", path, describe(item)));
      continue;
    }
    texts.push_back(space::to_text(*choice));
    choices.push_back(*choice);
  }
  if (choices.empty() || choices.size() != items.size()) return std::nullopt;
  return space::ChoiceDomain{.choices = std::move(choices), .ordered = ordered};
}

std::optional<space::Domain> read_constant(ReadContext& context, MapReader& map) {
  const YamlNode* const node = map.require("value");
  const std::optional<Choice> value =
      node ? read_choice(context, *node, map.path_of("value")) : std::nullopt;
  if (!value) return std::nullopt;
  return space::ConstantDomain{*value};
}

std::optional<space::Domain> read_domain(ReadContext& context, MapReader& map,
                                         std::string_view type) {
  if (type == "float") return read_float_domain(context, map);
  if (type == "int") return read_int_domain(context, map);
  if (type == "constant") return read_constant(context, map);
  if (type == "bool") {
    return space::ChoiceDomain{.choices = {Choice{false}, Choice{true}}, .ordered = false};
  }
  return read_choice_domain(context, map, type == "ordinal");
}

void read_default(ReadContext& context, const MapReader& map, ParameterDraft& draft) {
  const YamlNode* const node = map.find("default");
  if (node == nullptr) return;
  const std::optional<Choice> choice = read_choice(context, *node, map.path_of("default"));
  if (!choice) return;
  if (!draft.can_be(*choice)) {
    context.error(
        *node, fmt::format("`{}` {} is outside the parameter's values: {}", map.path_of("default"),
                           describe(*node), allowed_text(draft.parameter)));
    return;
  }
  draft.parameter.default_value = choice;
}

/// Watts above 0; what the GPUs allow is checked when they are there.
void read_power_limit_role(ReadContext& context, const YamlNode& node, ParameterDraft& draft) {
  const std::optional<space::NumberRange> watts = space::number_range(draft.parameter.domain);
  if (!watts) {
    context.error(node, "the values of a power limit are numbers, in watts");
  } else if (watts->low <= 0.0) {
    context.error(node, fmt::format("a power limit is above 0 W, not {:g}", watts->low));
  } else {
    draft.parameter.role = space::Role::GpuPowerLimit;
  }
}

void read_role(ReadContext& context, const MapReader& map, ParameterDraft& draft) {
  const YamlNode* const node = map.find("role");
  const std::optional<std::string> name =
      node ? read_name(context, *node, "role", known_roles()) : std::nullopt;
  if (!name) return;
  if (*name == "gpu_power_limit") return read_power_limit_role(context, *node, draft);
  const bool is_whole = std::holds_alternative<space::IntDomain>(draft.parameter.domain);
  const bool is_real = std::holds_alternative<space::FloatDomain>(draft.parameter.domain);
  const bool is_batch_size = *name == "batch_size";
  if (is_batch_size && is_real) {
    context.error(*node, "a batch size is an int or an ordinal of whole numbers, not a float");
  } else if (!is_batch_size && is_whole) {
    context.error(*node, "a learning rate is a float or an ordinal of numbers, not an int");
  } else if (is_batch_size ? !draft.is_whole() : !draft.is_numeric()) {
    context.error(*node, is_batch_size ? "the values of a batch size are whole numbers"
                                       : "the values of a learning rate are numbers");
  } else {
    draft.parameter.role = is_batch_size ? space::Role::BatchSize : space::Role::LearningRate;
  }
}

std::optional<std::string> read_type(ReadContext& context, const MapEntry& entry) {
  const YamlNode& node = *entry.value;
  const std::string path = fmt::format("parameters.{}", entry.name);
  if (!node.is_map()) {
    context.error(node, fmt::format("`{}` must be a map with a `type`, such as "
                                    "{{type: float, low: 0, high: 1}}; not {}",
                                    path, describe(node)));
    return std::nullopt;
  }
  for (const auto& [key, value] : node.entries) {
    if (key.text == "type") {
      return read_name(context, value, "parameter type", known_parameter_types());
    }
  }
  context.error(*entry.key, fmt::format("`{}` has no `type`; allowed: {}", path,
                                        join_names(known_parameter_types())));
  return std::nullopt;
}

}  // namespace

bool ParameterDraft::can_be(const Choice& choice) const {
  return !alone || alone->to_value(0, choice).has_value();
}

bool ParameterDraft::is_numeric() const {
  if (const auto* choices = std::get_if<space::ChoiceDomain>(&parameter.domain)) {
    return std::ranges::all_of(choices->choices, is_number);
  }
  const auto* constant = std::get_if<space::ConstantDomain>(&parameter.domain);
  return constant == nullptr || is_number(constant->value);
}

bool ParameterDraft::is_whole() const {
  const auto* choices = std::get_if<space::ChoiceDomain>(&parameter.domain);
  if (choices == nullptr) return std::holds_alternative<space::IntDomain>(parameter.domain);
  return std::ranges::all_of(choices->choices, [](const Choice& choice) {
    return std::holds_alternative<std::int64_t>(choice);
  });
}

ParameterDraft read_parameter(ReadContext& context, const MapEntry& entry) {
  ParameterDraft draft;
  draft.parameter.name = entry.name;
  draft.key = entry.key;
  check_name(context, entry);
  const std::optional<std::string> type = read_type(context, entry);
  if (!type) return draft;
  const std::string section = fmt::format("parameter.{}", *type);
  MapReader map(context, *entry.value, fmt::format("parameters.{}", entry.name), section);
  draft.when = map.find("when");
  std::optional<space::Domain> domain = read_domain(context, map, *type);
  if (domain) {
    draft.parameter.domain = std::move(*domain);
    try {
      draft.alone.emplace(std::vector{draft.parameter});
    } catch (const ConfigError& problem) {
      context.error(*entry.key, problem.what());
    }
  }
  read_default(context, map, draft);
  const std::vector<std::string> keys = keys_of(section);
  if (draft.alone && std::ranges::count(keys, "role") > 0) read_role(context, map, draft);
  return draft;
}

std::vector<Choice> read_choices(ReadContext& context, const YamlNode& node,
                                 std::string_view path) {
  std::vector<Choice> choices;
  const std::span<const YamlNode> items =
      node.is_list() ? read_list(context, node, path) : std::span{&node, 1};
  for (const YamlNode& item : items) {
    if (const auto choice = read_choice(context, item, path)) choices.push_back(*choice);
  }
  return choices;
}

}  // namespace wattune::config
