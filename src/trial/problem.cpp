#include "wattune/trial/problem.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "tariff_json.hpp"
#include "wattune/base/require.hpp"

namespace wattune::trial {
namespace {

using nlohmann::json;

constexpr int kProblemVersion = 1;

constexpr std::array<std::string_view, 7> kMeasureWords{
    "", "energy", "duration", "carbon", "cost", "samples_per_joule", "joules_per_sample"};
constexpr std::array<std::string_view, 6> kUnitWords{"run",     "epochs",  "steps",
                                                     "samples", "seconds", "joules"};

template <typename T>
void put(json& out, const char* key, const std::optional<T>& value) {
  if (value) out[key] = *value;
}

template <typename T>
std::optional<T> take(const json& in, const char* key) {
  if (!in.contains(key)) return std::nullopt;
  return in.at(key).get<T>();
}

json objectives_json(const std::vector<Objective>& objectives) {
  json list = json::array();
  for (const Objective& objective : objectives) {
    list.push_back(
        {{"measure", to_text(objective.measure)},
         {"direction", objective.direction == Direction::Maximize ? "maximize" : "minimize"}});
  }
  return list;
}

json constraints_json(const std::vector<Constraint>& constraints) {
  json list = json::array();
  for (const Constraint& constraint : constraints) {
    json out = {{"measure", to_text(constraint.measure)}};
    put(out, "min", constraint.min);
    put(out, "max", constraint.max);
    list.push_back(out);
  }
  return list;
}

json resource_json(const Resource& resource) {
  return {{"unit", to_text(resource.unit)}, {"min", resource.min}, {"max", resource.max}};
}

Resource resource_from_json(const json& in) {
  const auto word = in.at("unit").get<std::string>();
  for (std::size_t i = 0; i < kUnitWords.size(); ++i) {
    if (word == kUnitWords[i]) return {static_cast<ResourceUnit>(i), in.at("min"), in.at("max")};
  }
  throw ConfigError(fmt::format("unknown resource unit `{}`", word));
}

}  // namespace

std::string currency_of(const Tariff& tariff) {
  return tariff.price ? tariff.price->currency : "";
}

Measure measure_from_text(std::string_view text) {
  const std::size_t dot = text.find('.');
  const std::string_view word = text.substr(0, dot);
  const std::string phase{dot == std::string_view::npos ? std::string_view{}
                                                        : text.substr(dot + 1)};
  for (std::size_t i = 1; i < kMeasureWords.size(); ++i) {
    if (word != kMeasureWords[i]) continue;
    const auto kind = static_cast<MeasureKind>(i);
    const bool is_per_phase =
        kind == MeasureKind::SamplesPerJoule || kind == MeasureKind::JoulesPerSample;
    const bool may_have_phase = is_per_phase || kind == MeasureKind::Energy;
    if (phase.empty() ? !is_per_phase : may_have_phase) return {kind, phase};
  }
  return {MeasureKind::Metric, std::string{text}};
}

std::string to_text(const Measure& measure) {
  if (measure.kind == MeasureKind::Metric) return measure.name;
  const std::string_view word = kMeasureWords.at(static_cast<std::size_t>(measure.kind));
  return measure.name.empty() ? std::string{word} : fmt::format("{}.{}", word, measure.name);
}

std::string unit_of(const Measure& measure, std::string_view currency) {
  switch (measure.kind) {
    case MeasureKind::Metric:
      return "";
    case MeasureKind::Energy:
      return "J";
    case MeasureKind::Duration:
      return "s";
    case MeasureKind::Carbon:
      return "g";
    case MeasureKind::Cost:
      return std::string{currency};
    case MeasureKind::SamplesPerJoule:
      return "1/J";
    case MeasureKind::JoulesPerSample:
      return "J/sample";
  }
  WATTUNE_REQUIRE(false);
  return {};
}

double as_loss(const Objective& objective, double value) {
  return objective.direction == Direction::Maximize ? -value : value;
}

double excess(const Constraint& constraint, double value) {
  double sum = 0.0;
  if (constraint.min) sum += std::max(0.0, *constraint.min - value);
  if (constraint.max) sum += std::max(0.0, value - *constraint.max);
  return sum;
}

std::string_view to_text(ResourceUnit unit) {
  return kUnitWords.at(static_cast<std::size_t>(unit));
}

json to_json(const Problem& problem) {
  return {{"version", kProblemVersion},
          {"name", problem.name},
          {"seed", problem.seed},
          {"space", space::to_json(problem.space)},
          {"objectives", objectives_json(problem.objectives)},
          {"constraints", constraints_json(problem.constraints)},
          {"resource", resource_json(problem.resource)},
          {"tariff", tariff_json(problem.tariff)},
          {"strategy", problem.strategy},
          {"command", problem.command}};
}

Result<Problem> problem_from_json(const json& document) try {
  if (const int version = document.at("version"); version != kProblemVersion) {
    return fail(ErrorKind::Invalid, fmt::format("problem of version {}, this program reads {}",
                                                version, kProblemVersion));
  }
  Result<space::Space> space = space::space_from_json(document.at("space"));
  if (!space) return tl::unexpected(space.error());
  Problem problem{
      document.at("name"), document.at("seed"), std::move(*space), {}, {}, {}, {}, {}, {}};
  for (const json& in : document.at("objectives")) {
    problem.objectives.push_back(
        {measure_from_text(in.at("measure").get<std::string>()),
         in.at("direction") == "maximize" ? Direction::Maximize : Direction::Minimize});
  }
  for (const json& in : document.at("constraints")) {
    problem.constraints.push_back({measure_from_text(in.at("measure").get<std::string>()),
                                   take<double>(in, "min"), take<double>(in, "max")});
  }
  problem.resource = resource_from_json(document.at("resource"));
  problem.tariff = tariff_from_json(document.at("tariff"));
  problem.strategy = document.at("strategy");
  problem.command = document.at("command");
  return problem;
} catch (const std::exception& error) {
  return fail(ErrorKind::Invalid, fmt::format("not a problem: {}", error.what()));
}

std::optional<std::string> difference(const Problem& left, const Problem& right) {
  struct Part {
    const char* name;
    json left;
    json right;
  };
  const std::array parts{
      Part{"parameters", space::to_json(left.space), space::to_json(right.space)},
      Part{"objectives", objectives_json(left.objectives), objectives_json(right.objectives)},
      Part{"constraints", constraints_json(left.constraints), constraints_json(right.constraints)},
      Part{"resource", resource_json(left.resource), resource_json(right.resource)},
      Part{"seed", left.seed, right.seed},
      Part{"strategy", left.strategy, right.strategy},
  };
  for (const Part& part : parts) {
    if (part.left != part.right) {
      return part.left.is_structured() ? fmt::format("`{}` differs", part.name)
                                       : fmt::format("`{}` differs: {} here, {} there", part.name,
                                                     part.left.dump(), part.right.dump());
    }
  }
  return std::nullopt;
}

}  // namespace wattune::trial
