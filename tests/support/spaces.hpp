#pragma once

#include <string>
#include <utility>
#include <vector>

#include "wattune/space/space.hpp"

// Small spaces for tests.

namespace wattune::fake {

inline space::Parameter parameter(std::string name, space::Domain domain,
                                  std::vector<space::Condition> when = {}) {
  return {std::move(name), std::move(domain), std::nullopt, std::move(when), space::Role::None};
}

/// x0, x1, ... in [0, 1].
inline space::Space unit_cube(std::size_t dimension) {
  std::vector<space::Parameter> parameters;
  for (std::size_t i = 0; i < dimension; ++i) {
    parameters.push_back(
        parameter("x" + std::to_string(i), space::FloatDomain{0.0, 1.0, false, std::nullopt}));
  }
  return space::Space{std::move(parameters)};
}

/// One parameter of every kind, two levels of conditions, two forbidden combinations.
inline space::Space every_kind() {
  const space::Condition if_sgd{
      "optimizer", space::Comparison::In, {space::Choice{std::string{"sgd"}}}};
  const space::Condition if_nesterov{"nesterov", space::Comparison::In, {space::Choice{true}}};
  const space::Condition if_deep{
      "depth", space::Comparison::GreaterEqual, {space::Choice{std::int64_t{3}}}};
  return space::Space{
      {parameter("momentum", space::FloatDomain{0.0, 0.99, false, std::nullopt},
                 {if_sgd, if_nesterov}),
       parameter("lr", space::FloatDomain{1e-5, 1.0, true, std::nullopt}),
       parameter("dropout", space::FloatDomain{0.0, 0.5, false, 0.1}),
       parameter("depth", space::IntDomain{1, 5, false, 1}),
       parameter("width", space::IntDomain{8, 512, true, 1}, {if_deep}),
       parameter("batch", space::IntDomain{32, 256, false, 32}),
       parameter("steps", space::IntDomain{1, 100'000, false, 1}),
       parameter("optimizer",
                 space::ChoiceDomain{{std::string{"sgd"}, std::string{"adam"}, std::string{"lion"}},
                                     false}),
       parameter("nesterov", space::ChoiceDomain{{false, true}, false}, {if_sgd}),
       parameter("precision",
                 space::ChoiceDomain{{std::int64_t{8}, std::int64_t{16}, std::int64_t{32}}, true}),
       parameter("data", space::ConstantDomain{std::string{"fashion"}})},
      {{{{"optimizer", {std::string{"lion"}}}, {"precision", {std::int64_t{8}, std::int64_t{16}}}}},
       {{{"batch", {std::int64_t{256}}}, {"depth", {std::int64_t{5}}}}}}};
}

inline space::Space one_choice() {
  return space::Space{{parameter("data", space::ConstantDomain{std::string{"fashion"}})}};
}

/// Of nine combinations, one is allowed.
inline space::Space nearly_all_forbidden() {
  const auto letters =
      space::ChoiceDomain{{std::string{"a"}, std::string{"b"}, std::string{"c"}}, false};
  return space::Space{{parameter("x", letters), parameter("y", letters)},
                      {{{{"x", {std::string{"a"}, std::string{"b"}}}}},
                       {{{"x", {std::string{"c"}}}, {"y", {std::string{"a"}, std::string{"c"}}}}}}};
}

}  // namespace wattune::fake
