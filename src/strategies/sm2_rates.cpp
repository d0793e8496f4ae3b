#include "sm2_rates.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <limits>
#include <string>
#include <string_view>

#include "sm2_probe.hpp"
#include "sm2_rungs.hpp"
#include "wattune/base/require.hpp"

namespace wattune::strategies {
namespace {

constexpr double kReportsPerRangeTest = 10.0;

struct Usual {
  double low;
  double high;
};

std::optional<Usual> usual_rates(OptimizerKind kind) {
  if (kind == OptimizerKind::Adam) return Usual{1e-5, 1e-1};
  if (kind == OptimizerKind::Sgd) return Usual{1e-4, 1.0};
  return std::nullopt;
}

OptimizerKind kind_from_name(std::string name) {
  std::ranges::transform(name, name.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const auto has = [&](std::string_view part) { return name.find(part) != std::string::npos; };
  constexpr std::array kAdaptive{"adam",      "rmsprop", "adagrad", "adadelta",
                                 "adafactor", "lamb",    "lion"};
  if (std::ranges::any_of(kAdaptive, has)) return OptimizerKind::Adam;
  constexpr std::array kPlain{"sgd", "momentum", "nesterov", "lars"};
  if (std::ranges::any_of(kPlain, has)) return OptimizerKind::Sgd;
  return OptimizerKind::None;
}

std::vector<space::Choice> spread(const space::Space& space, std::size_t index, double low,
                                  double high, std::size_t num_points) {
  const space::Parameter& parameter = space.parameters()[index];
  std::vector<space::Choice> rates;
  for (std::size_t i = 0; i < num_points; ++i) {
    const double part =
        num_points == 1 ? 0.5 : static_cast<double>(i) / static_cast<double>(num_points - 1);
    const double rate = low > 0.0 ? low * std::pow(high / low, part) : low + (high - low) * part;
    const double coordinate = part == 0.0   ? space.encode(index, space::Value{low})
                              : part == 1.0 ? space.encode(index, space::Value{high})
                                            : space.encode(index, space::Value{rate});
    const auto choice = to_choice(parameter, space.decode(index, coordinate));
    if (choice && std::ranges::find(rates, *choice) == rates.end()) rates.push_back(*choice);
  }
  return rates;
}

/// Points of an integer's range: evenly over its coordinate, as there is no usual range for them.
std::vector<space::Choice> spread_integers(const space::Space& space, std::size_t index,
                                           std::size_t num_points) {
  std::vector<space::Choice> rates;
  for (std::size_t i = 0; i < num_points; ++i) {
    const double part =
        num_points == 1 ? 0.5 : static_cast<double>(i) / static_cast<double>(num_points - 1);
    const auto rate = to_choice(space.parameters()[index], space.decode(index, part));
    if (rate && std::ranges::find(rates, *rate) == rates.end()) rates.push_back(*rate);
  }
  return rates;
}

std::optional<space::Configuration> tested(const trial::Problem& problem, const space::Choice& rate,
                                           std::optional<std::int64_t> batch_size) {
  const auto base = base_configuration(problem);
  if (!base) return std::nullopt;
  Changes changes = rate_change(problem, rate);
  const auto index = problem.space.index_of(space::Role::BatchSize);
  if (batch_size && index) {
    changes.emplace_back(problem.space.parameters()[*index].name, space::Choice{*batch_size});
  }
  return with_changes(problem.space, *base, changes);
}

std::vector<space::Choice> tested_rates(const trial::Problem& problem, const Sm2Options& options) {
  const auto base = base_configuration(problem);
  if (!base) return {};
  return learning_rates_for(problem, optimizer_of(problem, *base, options), options);
}

bool has_rate_diverged(const trial::History& history, const trial::Trial& trial,
                       const Sm2Options& options) {
  if (trial.outcome() == trial::Outcome::FailedMetric) return true;
  return has_diverged(training_losses(history, trial, trial.step(), options.training_loss),
                      options.divergence_factor);
}

/// The short training of a configuration that counts: not one that was cut off.
const trial::Trial* find_test(const trial::History& history,
                              const space::Configuration& configuration,
                              const Sm2Options& options) {
  for (const trial::Trial& trial : history.trials()) {
    if (trial.purpose() != trial::Purpose::Probe || trial.bracket() != kRateProbe) continue;
    if (trial.is_running() || !(trial.configuration() == configuration)) continue;
    const bool was_cut_off = trial.state() == trial::TrialState::Interrupted;
    if (!was_cut_off || is_rate_decided(history, trial, options)) return &trial;
  }
  return nullptr;
}

}  // namespace

OptimizerKind optimizer_of(const trial::Problem& problem, const space::Configuration& configuration,
                           const Sm2Options& options) {
  if (options.optimizer != OptimizerKind::Auto) return options.optimizer;
  for (const char* name : {"optimizer", "optimiser"}) {
    const auto index = problem.space.index_of(name);
    if (!index || !configuration.is_active(*index)) continue;
    return kind_from_name(problem.space.value_text(*index, configuration[*index]));
  }
  return OptimizerKind::None;
}

std::vector<space::Choice> learning_rates_for(const trial::Problem& problem, OptimizerKind kind,
                                              const Sm2Options& options) {
  const space::Space& space = problem.space;
  const auto index = space.index_of(space::Role::LearningRate);
  if (!index) return {};
  const space::Domain& domain = space.parameters()[*index].domain;
  if (const auto* choices = std::get_if<space::ChoiceDomain>(&domain)) {
    std::vector<space::Choice> rates = choices->choices;
    std::ranges::stable_sort(rates, {}, [](const space::Choice& rate) {
      return number_of(rate).value_or(std::numeric_limits<double>::infinity());
    });
    return rates;
  }
  const auto* real = std::get_if<space::FloatDomain>(&domain);
  if (real == nullptr) return spread_integers(space, *index, options.num_learning_rates);
  double low = real->low;
  double high = real->high;
  if (const auto usual = usual_rates(kind)) {
    const double first = std::max(low, usual->low);
    const double last = std::min(high, usual->high);
    if (first < last) {
      low = first;
      high = last;
    }
  }
  return spread(space, *index, low, high, options.num_learning_rates);
}

Changes rate_change(const trial::Problem& problem, const space::Choice& rate) {
  const auto index = problem.space.index_of(space::Role::LearningRate);
  WATTUNE_REQUIRE(index.has_value());
  return {{problem.space.parameters()[*index].name, rate}};
}

RangeTest follow_range_test(const trial::History& history, std::optional<std::int64_t> batch_size,
                            const Sm2Options& options) {
  const trial::Problem& problem = history.problem();
  const std::vector<space::Choice> rates = tested_rates(problem, options);
  RangeTest test;
  if (const auto base = base_configuration(problem)) {
    test.kind = optimizer_of(problem, *base, options);
  }
  test.num_rates = rates.size();
  for (const trial::Trial& trial : history.trials()) {
    test.is_running |= trial.is_running() && trial.purpose() == trial::Purpose::Probe &&
                       trial.bracket() == kRateProbe;
  }
  std::size_t num_stable = 0;
  std::size_t first_divergent = rates.size();
  while (num_stable < first_divergent) {
    const std::size_t middle = (num_stable + first_divergent) / 2;
    const auto configuration = tested(problem, rates[middle], batch_size);
    const trial::Trial* const trial =
        configuration ? find_test(history, *configuration, options) : nullptr;
    if (configuration && trial == nullptr) {
      test.next = middle;
      return test;
    }
    if (trial != nullptr && has_rate_diverged(history, *trial, options)) {
      first_divergent = middle;
    } else {
      num_stable = middle + 1;  // also where the space forbids it: nothing is known against it
    }
  }
  test.num_stable = std::max<std::size_t>(num_stable, std::min<std::size_t>(1, rates.size()));
  return test;
}

NewTrial range_test_trial(const trial::History& history, std::size_t rate_index,
                          std::optional<std::int64_t> batch_size, const Sm2Options& options) {
  const trial::Problem& problem = history.problem();
  const auto configuration =
      tested(problem, tested_rates(problem, options).at(rate_index), batch_size);
  WATTUNE_REQUIRE(configuration.has_value());
  return probe_trial(history, *configuration, kRateProbe,
                     std::max(1.0, options.range_test_steps / kReportsPerRangeTest));
}

bool is_rate_decided(const trial::History& history, const trial::Trial& trial,
                     const Sm2Options& options) {
  if (trial.reports().empty()) return false;
  if (has_rate_diverged(history, trial, options)) return true;
  const auto batch_size = batch_size_in(history.problem().space, trial.configuration());
  const auto steps =
      steps_at(history.problem().resource.unit, trial.reports().back(), batch_size.value_or(1.0));
  return !steps || *steps >= options.range_test_steps;
}

}  // namespace wattune::strategies
