#include "wattune/report/importance.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "compared_trials.hpp"
#include "importance_data.hpp"
#include "wattune/base/require.hpp"
#include "wattune/base/text.hpp"
#include "wattune/math/correlation.hpp"
#include "wattune/math/ped_anova.hpp"
#include "wattune/math/statistics.hpp"

namespace wattune::report {
namespace {

using trial::Direction;
using trial::History;
using trial::Measure;
using trial::MeasureKind;
using trial::Problem;

constexpr std::size_t kLeastTrials = 10;
constexpr std::size_t kLeastForGood = 20;  // a quarter of them are the five good ones
constexpr std::size_t kLeastGood = 5;
constexpr std::size_t kTrialsPerParameter = 5;
constexpr std::size_t kMostPairs = 10;
constexpr double kWellExplained = 0.3;

std::size_t least_trials(ImportanceMethod method) {
  return method == ImportanceMethod::Fanova ? kLeastTrials : kLeastForGood;
}

std::size_t enough_trials(std::size_t num_parameters) {
  return std::max(2 * kLeastTrials, kTrialsPerParameter * num_parameters);
}

std::string names_text(const Problem& problem, const std::vector<std::size_t>& parameters) {
  std::vector<std::string> names;
  for (const std::size_t p : parameters) names.push_back(problem.space.parameters()[p].name);
  return join_names(names);
}

/// "1 trial", "3 trials".
std::string trials_text(std::size_t count) {
  return fmt::format("{} trial{}", count, count == 1 ? "" : "s");
}

std::vector<Observed> observe(const History& history, const ComparedTrials& compared,
                              const Measure& measure) {
  std::vector<Observed> observed;
  for (const trial::Trial* trial : compared.trials) {
    const auto value = history.value_at(*trial, measure, compared.step_of(*trial));
    if (value && std::isfinite(*value)) observed.push_back({trial, *value});
  }
  return observed;
}

std::vector<double> values_of(const std::vector<Observed>& observed) {
  std::vector<double> values;
  for (const Observed& one : observed) values.push_back(one.value);
  return values;
}

bool is_heavy_tailed(const std::vector<double>& values) {
  constexpr double kWide = 4.0;
  const math::Range range = math::min_max(values);
  const double middle = math::quantile(values, 0.9) - math::quantile(values, 0.1);
  return range.max - range.min > kWide * middle;
}

std::vector<double> logarithms(std::vector<double> values) {
  for (double& value : values) value = std::log(value);
  return values;
}

void rescale(std::vector<Observed>& observed, ValueScale scale) {
  std::vector<double> values = values_of(observed);
  if (scale == ValueScale::Log) values = logarithms(values);
  if (scale == ValueScale::Rank) values = math::ranks(values);
  for (std::size_t i = 0; i < observed.size(); ++i) observed[i].value = values[i];
}

void note_what_is_left_out(Importance& result, const ComparedTrials& compared) {
  if (compared.num_failed > 0) {
    result.notes.push_back(fmt::format("{} failed and {} left out",
                                       trials_text(compared.num_failed),
                                       compared.num_failed == 1 ? "is" : "are"));
  }
  if (compared.num_shorter > 0) {
    result.notes.push_back(fmt::format("{} had not come that far and {} left out",
                                       trials_text(compared.num_shorter),
                                       compared.num_shorter == 1 ? "is" : "are"));
  }
  const std::size_t num_unknown = compared.trials.size() - result.num_trials;
  if (num_unknown > 0) {
    result.notes.push_back(fmt::format("{} without a known {} left out", trials_text(num_unknown),
                                       to_text(result.measure)));
  }
}

void note_too_few(Importance& result, std::size_t enough) {
  result.notes.push_back(
      fmt::format("too few trials: {} is known of {}; {} are needed, and {} to rely on the shares. "
                  "Let the study run longer: raise its budget and run `wattune tune` again",
                  to_text(result.measure), trials_text(result.num_trials),
                  least_trials(result.method), enough));
}

void note_conditions(Importance& result, const Problem& problem,
                     const std::vector<ParameterGroup>& groups) {
  for (const ParameterGroup& group : groups) {
    if (group.rows.size() == result.num_trials) continue;
    const bool is_one = group.members.size() == 1;
    if (group.rows.size() < least_trials(result.method)) {
      result.notes.push_back(
          fmt::format("{} {} in {} only, {} are needed: no share",
                      names_text(problem, group.members), is_one ? "applies" : "apply",
                      trials_text(group.rows.size()), least_trials(result.method)));
    } else {
      result.notes.push_back(fmt::format(
          "{} {} in {} of {} trials: {} {} is of what varies among those",
          names_text(problem, group.members), is_one ? "applies" : "apply", group.rows.size(),
          result.num_trials, is_one ? "its" : "each one's", "share"));
    }
  }
}

void note_reliability(Importance& result, std::size_t num_parameters) {
  const std::size_t enough = enough_trials(num_parameters);
  if (result.num_trials < enough) {
    result.notes.push_back(
        fmt::format("{} are few for {} parameters: take the shares as hints; {} "
                    "are needed to rely on them",
                    trials_text(result.num_trials), num_parameters, enough));
  }
  if (result.explained && *result.explained < kWellExplained) {
    result.notes.push_back(fmt::format(
        "the forest tells {:.0f} % of the variance among trials it has not seen: take the shares "
        "as hints; more trials may help, unless chance decides more than the parameters",
        100.0 * std::max(0.0, *result.explained)));
  }
}

void note_scale(Importance& result) {
  if (result.scale == ValueScale::Log) {
    result.notes.push_back("shares are of the logarithm: the values span more than a decade");
  } else if (result.scale == ValueScale::Rank) {
    result.notes.push_back(
        "shares are of the ranks: a few values lie so far out that they would be all of the "
        "variance");
  }
}

bool is_member(const ParameterGroup& group, std::size_t parameter) {
  return std::ranges::find(group.members, parameter) != group.members.end();
}

/// Adds the shares of one group's members, alone and with what applies beside them.
void add_fanova(Importance& result, const Problem& problem, const std::vector<Observed>& observed,
                const ParameterGroup& group) {
  const math::RegressionForest forest{regression_data(problem, observed, group), {}, problem.seed};
  const auto shares = math::functional_anova(forest);
  if (!shares) return;
  const std::size_t num_features = group.parameters.size();
  for (std::size_t i = 0; i < num_features; ++i) {
    if (is_member(group, group.parameters[i])) {
      result.parameters.push_back({group.parameters[i], shares->single[i], group.rows.size()});
    }
    for (std::size_t j = i + 1; j < num_features; ++j) {
      if (!is_member(group, group.parameters[i]) && !is_member(group, group.parameters[j]))
        continue;
      result.pairs.push_back({group.parameters[i], group.parameters[j],
                              shares->pairs[math::pair_index(i, j, num_features)],
                              group.rows.size()});
    }
  }
  if (group.rows.size() == result.num_trials) result.explained = forest.explained();
}

std::size_t num_good_of(std::size_t num_trials) {
  return std::max(kLeastGood, (num_trials + 9) / 10);
}

void add_ped_anova(Importance& result, const Problem& problem,
                   const std::vector<Observed>& observed, const ParameterGroup& group) {
  const auto shares = math::ped_anova(regression_data(problem, observed, group),
                                      {.num_good = num_good_of(group.rows.size())}, problem.seed);
  if (!shares) return;
  for (std::size_t i = 0; i < group.parameters.size(); ++i) {
    if (!is_member(group, group.parameters[i])) continue;
    result.parameters.push_back({group.parameters[i], (*shares)[i], group.rows.size()});
  }
}

/// Values as functional ANOVA takes them: on their scale; as PED-ANOVA does: the less the better.
void prepare(Importance& result, const Problem& problem, std::vector<Observed>& observed) {
  if (result.method == ImportanceMethod::Fanova) {
    result.scale = scale_of(values_of(observed));
    rescale(observed, *result.scale);
    return;
  }
  const auto direction = good_direction(problem, result.measure);
  WATTUNE_REQUIRE(direction.has_value());
  result.num_good = num_good_of(observed.size());
  if (*direction == Direction::Maximize) {
    for (Observed& one : observed) one.value = -one.value;
  }
}

bool is_constant(const std::vector<Observed>& observed) {
  const math::Range range = math::min_max(values_of(observed));
  return range.min == range.max;
}

void sort_by_share(Importance& result) {
  const auto share = [](const auto& item) { return -item.share.mean; };
  std::ranges::stable_sort(result.parameters, {}, share);
  std::ranges::stable_sort(result.pairs, {}, share);
  if (result.pairs.size() > kMostPairs) result.pairs.resize(kMostPairs);
}

}  // namespace

std::string_view to_text(ImportanceMethod method) {
  return method == ImportanceMethod::Fanova ? "fanova" : "ped-anova";
}

std::string_view to_text(ValueScale scale) {
  switch (scale) {
    case ValueScale::Linear:
      return "linear";
    case ValueScale::Log:
      return "log";
    case ValueScale::Rank:
      return "rank";
  }
  WATTUNE_REQUIRE(false);
}

ValueScale scale_of(const std::vector<double>& values) {
  constexpr double kDecade = 10.0;
  const math::Range range = math::min_max(values);
  const bool is_log = range.min > 0.0 && range.max > kDecade * range.min;
  if (is_heavy_tailed(is_log ? logarithms(values) : values)) return ValueScale::Rank;
  return is_log ? ValueScale::Log : ValueScale::Linear;
}

std::vector<Measure> explained_measures(const History& history) {
  const Problem& problem = history.problem();
  std::vector<Measure> measures;
  const auto add = [&](const Measure& measure) {
    if (std::ranges::find(measures, measure) == measures.end()) measures.push_back(measure);
  };
  for (const trial::Objective& objective : problem.objectives) add(objective.measure);
  for (const trial::Constraint& constraint : problem.constraints) add(constraint.measure);
  const Measure energy{MeasureKind::Energy, ""};
  const ComparedTrials compared = compared_trials(history);
  if (!observe(history, compared, energy).empty()) add(energy);
  return measures;
}

std::optional<Direction> good_direction(const Problem& problem, const Measure& measure) {
  for (const trial::Objective& objective : problem.objectives) {
    if (objective.measure == measure) return objective.direction;
  }
  for (const trial::Constraint& constraint : problem.constraints) {
    if (constraint.measure != measure || constraint.min.has_value() == constraint.max.has_value()) {
      continue;
    }
    return constraint.min ? Direction::Maximize : Direction::Minimize;
  }
  if (measure.kind == MeasureKind::Metric) return std::nullopt;
  if (measure.kind == MeasureKind::SamplesPerJoule) return Direction::Maximize;
  return Direction::Minimize;
}

Importance importance(const History& history, const Measure& measure, ImportanceMethod method) {
  const Problem& problem = history.problem();
  const ComparedTrials compared = compared_trials(history);
  std::vector<Observed> observed;
  if (compared.step) observed = observe(history, compared, measure);
  Importance result;
  result.method = method;
  result.measure = measure;
  result.num_trials = observed.size();
  result.step = compared.step;
  note_what_is_left_out(result, compared);

  const auto groups = parameter_groups(problem, observed);
  std::size_t num_varied = 0;
  for (const ParameterGroup& group : groups) num_varied += group.members.size();
  if (observed.size() < least_trials(method)) {
    note_too_few(result, enough_trials(std::max(num_varied, problem.space.size())));
    return result;
  }
  if (is_constant(observed)) {
    result.notes.push_back(
        fmt::format("{} is the same in every trial: nothing to explain", to_text(measure)));
    return result;
  }
  prepare(result, problem, observed);
  for (const ParameterGroup& group : groups) {
    if (group.rows.size() < least_trials(method)) continue;
    if (method == ImportanceMethod::Fanova) {
      add_fanova(result, problem, observed, group);
    } else {
      add_ped_anova(result, problem, observed, group);
    }
  }
  sort_by_share(result);
  note_scale(result);
  note_conditions(result, problem, groups);
  const auto fixed = never_varied(problem, observed);
  if (!fixed.empty()) {
    result.notes.push_back(
        fmt::format("never varied, so nothing can be told: {}", names_text(problem, fixed)));
  }
  note_reliability(result, num_varied);
  return result;
}

}  // namespace wattune::report
