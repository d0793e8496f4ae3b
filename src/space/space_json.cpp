#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "domain.hpp"
#include "wattune/space/space.hpp"

namespace wattune::space {
namespace {

using nlohmann::json;

json choice_json(const Choice& choice) {
  return std::visit([](const auto& value) { return json(value); }, choice);
}

std::optional<Choice> choice_from_json(const json& value) {
  if (value.is_boolean()) return value.get<bool>();
  if (value.is_number_integer()) return value.get<std::int64_t>();
  if (value.is_number()) return value.get<double>();
  if (value.is_string()) return value.get<std::string>();
  return std::nullopt;
}

json choices_json(const std::vector<Choice>& choices) {
  json list = json::array();
  for (const Choice& choice : choices) list.push_back(choice_json(choice));
  return list;
}

std::vector<Choice> choices_from_json(const json& list) {
  std::vector<Choice> choices;
  for (const json& value : list) choices.push_back(choice_from_json(value).value());
  return choices;
}

struct DomainWriter {
  json& out;
  void operator()(const FloatDomain& domain) const {
    out.update(
        {{"kind", "float"}, {"low", domain.low}, {"high", domain.high}, {"log", domain.log}});
    if (domain.step) out["step"] = *domain.step;
  }
  void operator()(const IntDomain& domain) const {
    out.update({{"kind", "int"}, {"low", domain.low}, {"high", domain.high}, {"log", domain.log}});
    if (domain.step != 1) out["step"] = domain.step;
  }
  void operator()(const ChoiceDomain& domain) const {
    out.update({{"kind", domain.ordered ? "ordinal" : "categorical"},
                {"choices", choices_json(domain.choices)}});
  }
  void operator()(const ConstantDomain& domain) const {
    out.update({{"kind", "constant"}, {"value", choice_json(domain.value)}});
  }
};

Domain domain_from_json(const json& in) {
  const auto kind = in.at("kind").get<std::string>();
  if (kind == "float") {
    FloatDomain domain{in.at("low"), in.at("high"), in.at("log"), std::nullopt};
    if (in.contains("step")) domain.step = in.at("step").get<double>();
    return domain;
  }
  if (kind == "int") {
    return IntDomain{in.at("low"), in.at("high"), in.at("log"), in.value("step", std::int64_t{1})};
  }
  if (kind == "constant") return ConstantDomain{choice_from_json(in.at("value")).value()};
  return ChoiceDomain{choices_from_json(in.at("choices")), kind == "ordinal"};
}

constexpr std::array kRoles{"none", "batch_size", "learning_rate", "gpu_power_limit"};
constexpr std::array kComparisons{"in", "<", "<=", ">", ">="};

template <typename Enum, std::size_t N>
Enum enum_from_json(const json& value, const std::array<const char*, N>& names) {
  const auto text = value.get<std::string>();
  for (std::size_t i = 0; i < N; ++i) {
    if (text == names[i]) return static_cast<Enum>(i);
  }
  throw ConfigError(fmt::format("unknown word `{}`", text));
}

json parameter_json(const Parameter& parameter) {
  json out = {{"name", parameter.name}};
  std::visit(DomainWriter{out}, parameter.domain);
  if (parameter.default_value) out["default"] = choice_json(*parameter.default_value);
  if (parameter.role != Role::None)
    out["role"] = kRoles.at(static_cast<std::size_t>(parameter.role));
  for (const Condition& condition : parameter.when) {
    out["when"].push_back({{"parent", condition.parent},
                           {"is", kComparisons.at(static_cast<std::size_t>(condition.comparison))},
                           {"values", choices_json(condition.values)}});
  }
  return out;
}

Parameter parameter_from_json(const json& in) {
  Parameter parameter{in.at("name"), domain_from_json(in), std::nullopt, {}, Role::None};
  if (in.contains("default")) parameter.default_value = choice_from_json(in.at("default")).value();
  if (in.contains("role")) parameter.role = enum_from_json<Role>(in.at("role"), kRoles);
  if (!in.contains("when")) return parameter;
  for (const json& condition : in.at("when")) {
    parameter.when.push_back({condition.at("parent"),
                              enum_from_json<Comparison>(condition.at("is"), kComparisons),
                              choices_from_json(condition.at("values"))});
  }
  return parameter;
}

}  // namespace

json Space::to_json(const Configuration& configuration) const {
  json object = json::object();
  for (std::size_t i = 0; i < size(); ++i) {
    if (!configuration.is_active(i)) continue;
    object[parameters_[i].name] =
        choice_json(choice_of_value(parameters_[i].domain, configuration[i]));
  }
  return object;
}

Result<Configuration> Space::from_json(const json& object) const {
  if (!object.is_object()) return fail(ErrorKind::Invalid, "a configuration is a JSON object");
  std::vector<std::pair<std::string, Choice>> changes;
  for (const auto& [name, value] : object.items()) {
    const std::optional<Choice> choice = choice_from_json(value);
    if (!choice) {
      return fail(ErrorKind::Invalid,
                  fmt::format("parameter `{}`: {} is no value", name, value.dump()));
    }
    changes.emplace_back(name, *choice);
  }
  return with(Configuration{std::vector<Value>(size())}, changes);
}

json to_json(const Space& space) {
  json out = {{"parameters", json::array()}, {"forbidden", json::array()}};
  for (const Parameter& parameter : space.parameters()) {
    out["parameters"].push_back(parameter_json(parameter));
  }
  for (const Forbidden& combination : space.forbidden()) {
    json clauses = json::array();
    for (const auto& clause : combination.clauses) {
      clauses.push_back({{"parameter", clause.parameter}, {"values", choices_json(clause.values)}});
    }
    out["forbidden"].push_back(clauses);
  }
  return out;
}

Result<Space> space_from_json(const json& document) try {
  std::vector<Parameter> parameters;
  for (const json& in : document.at("parameters")) parameters.push_back(parameter_from_json(in));
  std::vector<Forbidden> forbidden;
  for (const json& clauses : document.at("forbidden")) {
    Forbidden combination;
    for (const json& clause : clauses) {
      combination.clauses.push_back(
          {clause.at("parameter"), choices_from_json(clause.at("values"))});
    }
    forbidden.push_back(std::move(combination));
  }
  return Space{std::move(parameters), std::move(forbidden)};
} catch (const std::exception& error) {
  return fail(ErrorKind::Invalid, fmt::format("not a search space: {}", error.what()));
}

}  // namespace wattune::space
