#include "search/network_problems.hpp"

#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numbers>
#include <string>
#include <utility>

#include "support/spaces.hpp"
#include "wattune/base/require.hpp"

namespace wattune::bench {
namespace {

using fake::parameter;
using space::ChoiceDomain;
using space::Comparison;
using space::Condition;
using space::FloatDomain;
using space::IntDomain;

/// Nearly a parabola around 0, but never more than 4: far from the best, everything is as bad.
double bowl(double distance) {
  const double squared = distance * distance;
  return squared / (1.0 + squared / 4.0);
}

FloatDomain log_float(double low, double high) {
  return {low, high, true, std::nullopt};
}
FloatDomain linear_float(double low, double high) {
  return {low, high, false, std::nullopt};
}
IntDomain log_int(std::int64_t low, std::int64_t high) {
  return {low, high, true, 1};
}

ChoiceDomain words(std::vector<std::string> names) {
  return {{names.begin(), names.end()}, false};
}

Condition is(std::string parent, std::vector<std::string> values) {
  return {std::move(parent), Comparison::In, {values.begin(), values.end()}};
}
Condition is_true(std::string parent) {
  return {std::move(parent), Comparison::In, {true}};
}
Condition at_least(std::string parent, std::int64_t value) {
  return {std::move(parent), Comparison::GreaterEqual, {value}};
}

space::Forbidden::Clause clause(std::string name, space::Choice value) {
  return {std::move(name), {std::move(value)}};
}

/// Values of a configuration by name.
class Reader {
 public:
  Reader(const space::Space& space, const space::Configuration& configuration)
      : space_(space), configuration_(configuration) {}

  [[nodiscard]] double number(std::string_view name) const {
    const space::Value& value = find(name);
    if (const auto* integer = std::get_if<std::int64_t>(&value)) {
      return static_cast<double>(*integer);
    }
    return std::get<double>(value);
  }
  /// Position in the list of choices.
  [[nodiscard]] std::size_t choice(std::string_view name) const {
    return std::get<space::ChoiceIndex>(find(name)).index;
  }

 private:
  [[nodiscard]] const space::Value& find(std::string_view name) const {
    const auto index = space_.index_of(name);
    WATTUNE_REQUIRE(index.has_value());
    return configuration_[*index];
  }

  const space::Space& space_;
  const space::Configuration& configuration_;
};

space::Space mlp_space() {
  const auto width = log_int(16, 512);
  return space::Space{
      {parameter("optimizer", words({"adam", "sgd", "rmsprop"})),
       parameter("learning_rate", log_float(1e-5, 1.0)),
       parameter("momentum", linear_float(0.0, 0.99), {is("optimizer", {"sgd"})}),
       parameter("one_minus_beta2", log_float(1e-4, 0.1), {is("optimizer", {"adam"})}),
       parameter("batch_size", log_int(16, 512)), parameter("layers", IntDomain{1, 4, false, 1}),
       parameter("width_1", width), parameter("width_2", width, {at_least("layers", 2)}),
       parameter("width_3", width, {at_least("layers", 3)}),
       parameter("width_4", width, {at_least("layers", 4)}),
       parameter("dropout", FloatDomain{0.0, 0.6, false, 0.05})},
      {{{clause("optimizer", std::string{"sgd"}), clause("layers", std::int64_t{4})}}}};
}

double mlp_loss(const space::Space& space, const space::Configuration& configuration) {
  const Reader values{space, configuration};
  const std::size_t optimizer = values.choice("optimizer");
  const double batch = values.number("batch_size") / 64.0;
  double loss = std::array{0.09, 0.05, 0.15}[optimizer];
  double best_rate = 1e-3 * std::sqrt(batch);
  if (optimizer == 0) {
    loss += 0.05 * bowl(std::log10(values.number("one_minus_beta2") / 1e-3));
  } else if (optimizer == 1) {
    best_rate = batch * (1.0 - values.number("momentum"));
    loss += 0.08 * bowl((values.number("momentum") - 0.9) / 0.2);
  }
  loss += 0.10 * bowl(std::log10(values.number("learning_rate") / best_rate));
  loss += 0.03 * bowl(std::log2(batch) / 2.0);
  const auto layers = static_cast<std::size_t>(values.number("layers"));
  loss += std::array{0.06, 0.02, 0.0, 0.015}[layers - 1];
  constexpr std::array kBestWidths{256.0, 128.0, 64.0, 64.0};
  for (std::size_t i = 0; i < layers; ++i) {
    const double width = values.number("width_" + std::to_string(i + 1));
    loss += 0.02 * bowl(std::log2(width / kBestWidths[i]));
  }
  return loss + 0.04 * bowl((values.number("dropout") - 0.2) / 0.15);
}

space::Space cnn_space() {
  return space::Space{
      {parameter("activation", words({"relu", "tanh", "gelu", "sigmoid"})),
       parameter("optimizer", words({"sgd", "lion", "adamw"})),
       parameter("learning_rate", log_float(1e-5, 1.0)),
       parameter("nesterov", ChoiceDomain{{false, true}, false}, {is("optimizer", {"sgd"})}),
       parameter("weight_decay", log_float(1e-6, 0.1), {is("optimizer", {"adamw", "lion"})}),
       parameter("warmup", ChoiceDomain{{false, true}, false}),
       parameter("warmup_steps", log_int(10, 2000), {is_true("warmup")}),
       parameter("blocks", IntDomain{1, 8, false, 1}),
       parameter("growth", linear_float(1.0, 4.0), {at_least("blocks", 3)}),
       parameter("kernel",
                 ChoiceDomain{{std::int64_t{1}, std::int64_t{3}, std::int64_t{5}, std::int64_t{7}},
                              true}),
       parameter("channels", IntDomain{16, 256, false, 16})},
      {{{clause("optimizer", std::string{"adamw"}), clause("activation", std::string{"tanh"})}},
       {{clause("kernel", std::int64_t{7}), clause("blocks", std::int64_t{8})}}}};
}

double cnn_loss(const space::Space& space, const space::Configuration& configuration) {
  const Reader values{space, configuration};
  const std::size_t optimizer = values.choice("optimizer");
  const double blocks = values.number("blocks");
  double loss = 0.1 + std::array{0.02, 0.08, 0.0, 0.15}[values.choice("activation")];
  double best_rate = 2e-3 * std::sqrt(5.0 / blocks);
  if (optimizer == 0) {
    best_rate *= 50.0;
    loss += values.choice("nesterov") == 1 ? 0.03 : 0.05;
  } else {
    best_rate *= optimizer == 1 ? 0.1 : 1.0;
    loss += optimizer == 1 ? 0.02 : 0.0;
    loss += 0.04 * bowl(std::log10(values.number("weight_decay") / 1e-2));
  }
  const double rate = std::log10(values.number("learning_rate") / best_rate);
  loss += 0.12 * bowl(rate) + 0.02 * (1.0 - std::cos(4.0 * std::numbers::pi * rate));
  loss += values.choice("warmup") == 1
              ? 0.03 * bowl(std::log10(values.number("warmup_steps") / 200.0) * 2.0)
              : 0.06;
  loss += 0.03 * bowl((blocks - 5.0) / 2.0);
  loss += blocks >= 3.0 ? 0.05 * bowl(values.number("growth") - 2.0) : 0.05;
  loss += std::array{0.10, 0.0, 0.02, 0.05}[values.choice("kernel")];
  return loss + 0.03 * bowl((values.number("channels") - 128.0) / 48.0);
}

SearchProblem make(std::string name, const space::Space& space,
                   double (*loss)(const space::Space&, const space::Configuration&), double best) {
  const auto values = [space, loss](const space::Configuration& configuration) {
    return std::vector{loss(space, configuration)};
  };
  return {.name = std::move(name), .space = space, .values = values, .best = best};
}

}  // namespace

std::vector<SearchProblem> network_problems() {
  return {make("mixed_mlp", mlp_space(), mlp_loss, 0.05),
          make("mixed_cnn", cnn_space(), cnn_loss, 0.1)};
}

std::vector<space::Configuration> network_optima() {
  const nlohmann::json mlp{{"optimizer", "sgd"}, {"learning_rate", 0.1}, {"momentum", 0.9},
                           {"batch_size", 64},   {"layers", 3},          {"width_1", 256},
                           {"width_2", 128},     {"width_3", 64},        {"dropout", 0.2}};
  const nlohmann::json cnn{{"activation", "gelu"}, {"optimizer", "adamw"}, {"learning_rate", 2e-3},
                           {"weight_decay", 1e-2}, {"warmup", true},       {"warmup_steps", 200},
                           {"blocks", 5},          {"growth", 2.0},        {"kernel", 3},
                           {"channels", 128}};
  return {mlp_space().from_json(mlp).value(), cnn_space().from_json(cnn).value()};
}

}  // namespace wattune::bench
