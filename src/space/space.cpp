#include "wattune/space/space.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "domain.hpp"
#include "wattune/base/require.hpp"
#include "wattune/base/text.hpp"

namespace wattune::space {
namespace {

std::vector<std::string> names_of(std::span<const Parameter> parameters) {
  std::vector<std::string> names;
  for (const Parameter& parameter : parameters) names.push_back(parameter.name);
  return names;
}

std::string unknown_parameter(std::string_view name, std::span<const Parameter> parameters) {
  const std::vector<std::string> names = names_of(parameters);
  std::string text = fmt::format("unknown parameter `{}`; there are {}", name, join_names(names));
  if (const auto near = nearest_name(name, names))
    text += fmt::format("; did you mean `{}`?", *near);
  return text;
}

void check_names(std::span<const Parameter> parameters) {
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    if (parameters[i].name.empty()) throw ConfigError("a parameter needs a name");
    for (std::size_t j = 0; j < i; ++j) {
      if (parameters[i].name == parameters[j].name) {
        throw ConfigError(fmt::format("parameter `{}` is there twice", parameters[i].name));
      }
    }
  }
}

std::optional<std::size_t> find_index(std::span<const Parameter> parameters,
                                      std::string_view name) {
  const auto found = std::ranges::find(parameters, name, &Parameter::name);
  if (found == parameters.end()) return std::nullopt;
  return static_cast<std::size_t>(found - parameters.begin());
}

/// Does the parent's value, which is active, fulfil the condition?
bool holds(const Condition& condition, const Parameter& parent, const Value& value) {
  const Choice choice = choice_of_value(parent.domain, value);
  if (condition.comparison == Comparison::In) {
    return std::ranges::any_of(condition.values, [&](const Choice& wanted) {
      return value_of_choice(parent.domain, wanted) == value;
    });
  }
  const double left = number_of(choice).value();
  const double right = number_of(condition.values.front()).value();
  switch (condition.comparison) {
    case Comparison::Less:
      return left < right;
    case Comparison::LessEqual:
      return left <= right;
    case Comparison::Greater:
      return left > right;
    case Comparison::GreaterEqual:
      return left >= right;
    case Comparison::In:
      break;
  }
  WATTUNE_REQUIRE(false);
  return false;
}

bool is_numeric(const Domain& domain) {
  if (const auto* choices = std::get_if<ChoiceDomain>(&domain)) {
    return std::ranges::all_of(choices->choices,
                               [](const Choice& choice) { return number_of(choice).has_value(); });
  }
  if (const auto* constant = std::get_if<ConstantDomain>(&domain)) {
    return number_of(constant->value).has_value();
  }
  return true;
}

void check_condition(const Parameter& child, const Condition& condition, const Parameter& parent) {
  const auto refuse = [&](const std::string& what) {
    throw ConfigError(
        fmt::format("parameter `{}`: its condition on `{}` {}", child.name, parent.name, what));
  };
  if (condition.values.empty()) refuse("lists no value");
  if (condition.comparison == Comparison::In) {
    for (const Choice& wanted : condition.values) {
      if (!value_of_choice(parent.domain, wanted)) {
        refuse(fmt::format("names {}, but `{}` is {}", to_text(wanted), parent.name,
                           allowed_text(parent)));
      }
    }
    return;
  }
  if (!is_numeric(parent.domain)) refuse("compares with a number, but its values are words");
  if (condition.values.size() != 1 || !number_of(condition.values.front())) {
    refuse("needs exactly one number to compare with");
  }
}

/// Parents before children; throws on a missing parent or a cycle.
std::vector<std::size_t> parents_first(std::span<const Parameter> parameters) {
  enum class Mark : std::uint8_t { New, Open, Done };
  std::vector<Mark> marks(parameters.size(), Mark::New);
  std::vector<std::size_t> order;
  const auto visit = [&](const auto& self, std::size_t index) -> void {
    if (marks[index] == Mark::Done) return;
    if (marks[index] == Mark::Open) {
      throw ConfigError(
          fmt::format("parameter `{}`: its condition depends on itself", parameters[index].name));
    }
    marks[index] = Mark::Open;
    for (const Condition& condition : parameters[index].when) {
      const auto parent = find_index(parameters, condition.parent);
      if (!parent) {
        throw ConfigError(fmt::format("parameter `{}`: its condition names an {}",
                                      parameters[index].name,
                                      unknown_parameter(condition.parent, parameters)));
      }
      check_condition(parameters[index], condition, parameters[*parent]);
      self(self, *parent);
    }
    marks[index] = Mark::Done;
    order.push_back(index);
  };
  for (std::size_t i = 0; i < parameters.size(); ++i) visit(visit, i);
  return order;
}

void check_default(const Parameter& parameter) {
  if (!parameter.default_value) return;
  if (value_of_choice(parameter.domain, *parameter.default_value)) return;
  throw ConfigError(fmt::format("parameter `{}`: default {} is not among {}", parameter.name,
                                to_text(*parameter.default_value), allowed_text(parameter)));
}

void check_forbidden(const Forbidden& forbidden, std::span<const Parameter> parameters) {
  if (forbidden.clauses.empty()) throw ConfigError("a forbidden combination names no parameter");
  for (const auto& clause : forbidden.clauses) {
    const auto index = find_index(parameters, clause.parameter);
    if (!index) {
      throw ConfigError("forbidden combination: " +
                        unknown_parameter(clause.parameter, parameters));
    }
    for (const Choice& choice : clause.values) {
      if (value_of_choice(parameters[*index].domain, choice)) continue;
      throw ConfigError(fmt::format("forbidden combination: `{}` is never {}; it is {}",
                                    clause.parameter, to_text(choice),
                                    allowed_text(parameters[*index])));
    }
  }
}

}  // namespace

Space::Space(std::vector<Parameter> parameters, std::vector<Forbidden> forbidden)
    : parameters_(std::move(parameters)), forbidden_(std::move(forbidden)) {
  check_names(parameters_);
  for (const Parameter& parameter : parameters_) {
    check_domain(parameter.name, parameter.domain);
    check_default(parameter);
  }
  order_ = parents_first(parameters_);
  for (const Forbidden& combination : forbidden_) check_forbidden(combination, parameters_);
}

std::optional<std::size_t> Space::index_of(std::string_view name) const {
  return find_index(parameters_, name);
}

std::optional<std::size_t> Space::index_of(Role role) const {
  const auto found = std::ranges::find(parameters_, role, &Parameter::role);
  if (role == Role::None || found == parameters_.end()) return std::nullopt;
  return static_cast<std::size_t>(found - parameters_.begin());
}

/// Makes exactly the parameters active whose conditions hold; an active one without a value gets
/// its default.
Configuration Space::settle(std::vector<Value> values) const {
  for (const std::size_t index : order_) {
    const Parameter& parameter = parameters_[index];
    const bool is_active = std::ranges::all_of(parameter.when, [&](const Condition& condition) {
      const std::size_t parent = *find_index(parameters_, condition.parent);
      return !std::holds_alternative<Inactive>(values[parent]) &&
             holds(condition, parameters_[parent], values[parent]);
    });
    if (!is_active) {
      values[index] = Inactive{};
    } else if (std::holds_alternative<Inactive>(values[index])) {
      values[index] = parameter.default_value
                          ? *value_of_choice(parameter.domain, *parameter.default_value)
                          : decode_domain(parameter.domain, 0.5);
    }
  }
  return Configuration{std::move(values)};
}

std::optional<Configuration> Space::default_configuration() const {
  const Configuration configuration = settle(std::vector<Value>(size()));
  for (std::size_t i = 0; i < size(); ++i) {
    const bool has_default = parameters_[i].default_value.has_value() ||
                             std::holds_alternative<ConstantDomain>(parameters_[i].domain);
    if (configuration.is_active(i) && !has_default) return std::nullopt;
  }
  if (is_forbidden(configuration)) return std::nullopt;
  return configuration;
}

Configuration Space::from_unit(std::span<const double> point) const {
  WATTUNE_REQUIRE(point.size() == size());
  std::vector<Value> values(size());
  for (std::size_t i = 0; i < size(); ++i) values[i] = decode(i, point[i]);
  return settle(std::move(values));
}

std::vector<double> Space::to_unit(const Configuration& configuration) const {
  WATTUNE_REQUIRE(configuration.size() == size());
  std::vector<double> point(size(), 0.5);
  for (std::size_t i = 0; i < size(); ++i) {
    if (configuration.is_active(i)) {
      point[i] = encode(i, configuration[i]);
    } else if (parameters_[i].default_value) {
      point[i] = encode(i, *value_of_choice(parameters_[i].domain, *parameters_[i].default_value));
    }
  }
  return point;
}

Value Space::decode(std::size_t parameter_index, double coordinate) const {
  return decode_domain(parameters_[parameter_index].domain, coordinate);
}

double Space::encode(std::size_t parameter_index, const Value& value) const {
  return encode_domain(parameters_[parameter_index].domain, value);
}

bool Space::is_forbidden(const Configuration& configuration) const {
  const auto matches = [&](const Forbidden::Clause& clause) {
    const std::size_t index = *index_of(clause.parameter);
    return std::ranges::any_of(clause.values, [&](const Choice& choice) {
      return value_of_choice(parameters_[index].domain, choice) == configuration[index];
    });
  };
  return std::ranges::any_of(forbidden_, [&](const Forbidden& combination) {
    return std::ranges::all_of(combination.clauses, matches);
  });
}

bool Space::contains(const Configuration& configuration) const {
  if (configuration.size() != size()) return false;
  for (std::size_t i = 0; i < size(); ++i) {
    const Value& value = configuration[i];
    if (std::holds_alternative<Inactive>(value)) continue;
    if (value.index() != decode(i, 0.5).index()) return false;
    if (const auto* choice = std::get_if<ChoiceIndex>(&value)) {
      if (choice->index >= *num_values(i)) return false;
    } else if (value_of_choice(parameters_[i].domain,
                               choice_of_value(parameters_[i].domain, value)) != value) {
      return false;
    }
  }
  return settle(configuration.values()) == configuration && !is_forbidden(configuration);
}

Result<Configuration> Space::sample(Rng& rng) const {
  constexpr int kMaxDraws = 10'000;
  std::vector<double> point(size());
  for (int draw = 0; draw < kMaxDraws; ++draw) {
    for (double& coordinate : point) coordinate = rng.uniform();
    Configuration configuration = from_unit(point);
    if (!is_forbidden(configuration)) return configuration;
  }
  return fail(ErrorKind::Ended,
              fmt::format("{} draws in a row were forbidden; loosen `forbidden`", kMaxDraws));
}

std::optional<std::size_t> Space::num_values(std::size_t parameter_index) const {
  return count_values(parameters_[parameter_index].domain);
}

Result<Configuration> Space::with(const Configuration& base,
                                  std::span<const std::pair<std::string, Choice>> changes) const {
  WATTUNE_REQUIRE(base.size() == size());
  std::vector<Value> values = base.values();
  for (const auto& [name, choice] : changes) {
    const auto index = index_of(name);
    if (!index) return fail(ErrorKind::Invalid, unknown_parameter(name, parameters_));
    const auto value = to_value(*index, choice);
    if (!value) {
      return fail(ErrorKind::Invalid,
                  fmt::format("parameter `{}`: {} is not among {}", name, to_text(choice),
                              allowed_text(parameters_[*index])));
    }
    values[*index] = *value;
  }
  return settle(std::move(values));
}

std::string Space::value_text(std::size_t parameter_index, const Value& value) const {
  if (std::holds_alternative<Inactive>(value)) return {};
  return to_text(choice_of_value(parameters_[parameter_index].domain, value));
}

std::optional<Value> Space::to_value(std::size_t parameter_index, const Choice& choice) const {
  return value_of_choice(parameters_[parameter_index].domain, choice);
}

}  // namespace wattune::space
