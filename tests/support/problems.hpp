#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "wattune/trial/event.hpp"
#include "wattune/trial/problem.hpp"

namespace wattune {

/// A float parameter for tests.
inline space::Parameter float_parameter(std::string name, double low, double high, bool log = false,
                                        std::optional<double> default_value = std::nullopt,
                                        space::Role role = space::Role::None) {
  space::Parameter parameter;
  parameter.name = std::move(name);
  parameter.domain = space::FloatDomain{low, high, log, std::nullopt};
  if (default_value) parameter.default_value = space::Choice{*default_value};
  parameter.role = role;
  return parameter;
}

/// An integer parameter for tests.
inline space::Parameter int_parameter(std::string name, std::int64_t low, std::int64_t high,
                                      std::optional<std::int64_t> default_value = std::nullopt,
                                      space::Role role = space::Role::None) {
  space::Parameter parameter;
  parameter.name = std::move(name);
  parameter.domain = space::IntDomain{low, high, false, 1};
  if (default_value) parameter.default_value = space::Choice{*default_value};
  parameter.role = role;
  return parameter;
}

/// A problem that maximises `accuracy`.
inline trial::Problem accuracy_problem(std::vector<space::Parameter> parameters,
                                       trial::Resource resource, std::uint64_t seed = 1) {
  return trial::Problem{
      .name = "test",
      .seed = seed,
      .space = space::Space{std::move(parameters)},
      .objectives = {{trial::measure_from_text("accuracy"), trial::Direction::Maximize}},
      .constraints = {},
      .resource = resource,
      .tariff = {},
      .strategy = "",
      .command = ""};
}

/// An assignment to explore.
inline trial::Assignment assignment_to(TrialId trial, double from, double to,
                                       std::uint16_t rung = 0, std::uint16_t bracket = 0) {
  trial::Assignment assignment;
  assignment.trial = trial;
  assignment.from = from;
  assignment.to = to;
  assignment.rung = rung;
  assignment.bracket = bracket;
  return assignment;
}

}  // namespace wattune
