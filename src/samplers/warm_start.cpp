#include "wattune/samplers/warm_start.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>
#include <set>

#include "arrivals.hpp"
#include "evolution.hpp"
#include "layers.hpp"
#include "wattune/math/hypervolume.hpp"

namespace wattune::samplers {
namespace {

using space::Choice;

std::optional<double> number_of(const Choice& choice) {
  if (const auto* whole = std::get_if<std::int64_t>(&choice)) return static_cast<double>(*whole);
  if (const auto* number = std::get_if<double>(&choice)) return *number;
  return std::nullopt;
}

/// A value as the study file would write it.
Choice written(const space::Domain& domain, const space::Value& value) {
  if (const auto* number = std::get_if<double>(&value)) return *number;
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return *whole;
  if (const auto* constant = std::get_if<space::ConstantDomain>(&domain)) return constant->value;
  const auto& choices = std::get<space::ChoiceDomain>(domain).choices;
  return choices[std::get<space::ChoiceIndex>(value).index];
}

/// The number of a list that is closest to the given one; nothing if they are not all numbers.
std::optional<Choice> nearest_choice(const std::vector<Choice>& choices, double number) {
  const Choice* nearest = nullptr;
  double least = std::numeric_limits<double>::infinity();
  for (const Choice& choice : choices) {
    const auto other = number_of(choice);
    if (!other) return std::nullopt;
    const double distance = std::abs(*other - number);
    if (nearest != nullptr && distance >= least) continue;
    least = distance;
    nearest = &choice;
  }
  return *nearest;
}

/// The closest value of one parameter; nothing where there is no such thing.
std::optional<Choice> moved_inside(const space::Space& space, std::size_t parameter,
                                   const Choice& choice) {
  const space::Domain& domain = space.parameters()[parameter].domain;
  if (const auto* constant = std::get_if<space::ConstantDomain>(&domain)) return constant->value;
  const auto number = number_of(choice);
  if (!number) return std::nullopt;
  if (const auto* choices = std::get_if<space::ChoiceDomain>(&domain)) {
    return choices->ordered ? nearest_choice(choices->choices, *number) : std::nullopt;
  }
  space::Value inside;
  if (const auto* floats = std::get_if<space::FloatDomain>(&domain)) {
    inside = std::clamp(*number, floats->low, floats->high);
    if (!floats->step) return std::get<double>(inside);
  } else {
    const auto& whole = std::get<space::IntDomain>(domain);
    const double clipped =
        std::clamp(*number, static_cast<double>(whole.low), static_cast<double>(whole.high));
    // Rounding in double may leave a domain that ends at the largest integers.
    inside = std::clamp(static_cast<std::int64_t>(std::llround(std::clamp(clipped, -9e18, 9e18))),
                        whole.low, whole.high);
  }
  return written(domain, space.decode(parameter, space.encode(parameter, inside)));
}

/// A configuration of the other study in the new space.
struct Mapped {
  space::Configuration configuration;
  std::size_t num_clipped = 0;
  std::size_t num_filled = 0;
};

std::optional<Mapped> map_into(const space::Space& space, const space::Space& other,
                               const space::Configuration& configuration) {
  Mapped mapped;
  std::vector<std::pair<std::string, Choice>> changes;
  std::set<std::size_t> clipped;
  for (std::size_t i = 0; i < other.size(); ++i) {
    const space::Parameter& parameter = other.parameters()[i];
    const auto index = space.index_of(parameter.name);
    if (!index || !configuration.is_active(i)) continue;
    Choice choice = written(parameter.domain, configuration[i]);
    if (!space.to_value(*index, choice)) {
      const auto inside = moved_inside(space, *index, choice);
      if (!inside) return std::nullopt;
      choice = *inside;
      clipped.insert(*index);
    }
    changes.emplace_back(parameter.name, std::move(choice));
  }
  const space::Configuration nothing(std::vector<space::Value>(space.size()));
  const auto settled = space.with(nothing, changes);
  if (!settled || space.is_forbidden(*settled)) return std::nullopt;
  mapped.configuration = *settled;
  for (std::size_t i = 0; i < space.size(); ++i) {
    if (!mapped.configuration.is_active(i)) continue;
    const std::string& name = space.parameters()[i].name;
    const bool is_given = std::ranges::find(changes, name, [](const auto& change) {
                            return change.first;
                          }) != changes.end();
    const bool is_constant =
        std::holds_alternative<space::ConstantDomain>(space.parameters()[i].domain);
    mapped.num_clipped += clipped.contains(i) ? 1 : 0;
    mapped.num_filled += is_given || is_constant ? 0 : 1;
  }
  return mapped;
}

/// How a trial of the other study stands by the new one's objectives and constraints.
std::optional<Arrival> arrival_of(const trial::History& other, const trial::Trial& trial,
                                  const trial::Problem& problem) {
  if (trial.purpose() == trial::Purpose::Probe || trial.state() == trial::TrialState::Failed) {
    return std::nullopt;
  }
  Arrival arrival;
  arrival.number = trial.id().number();
  for (const trial::Objective& objective : problem.objectives) {
    const auto value = other.value(trial, objective.measure);
    if (!value) return std::nullopt;
    arrival.losses.push_back(as_loss(objective, *value));
  }
  for (const trial::Constraint& constraint : problem.constraints) {
    const auto value = other.value(trial, constraint.measure);
    arrival.violation +=
        value ? excess(constraint, *value) : std::numeric_limits<double>::infinity();
  }
  if (!other.is_complete(trial)) {
    arrival.standing = Standing::Short;
    arrival.step = trial.step();
  } else {
    arrival.standing = arrival.violation > 0.0 ? Standing::Infeasible : Standing::Feasible;
  }
  return arrival;
}

/// Indices, best first.
std::vector<std::size_t> best_first(std::span<const Arrival> arrivals) {
  std::vector<const Arrival*> candidates;
  for (const Arrival& arrival : arrivals) candidates.push_back(&arrival);
  std::vector<std::size_t> order;
  for (const std::vector<std::size_t>& front : sorted_fronts(candidates)) {
    std::vector<std::vector<double>> points;
    for (const std::size_t index : front) points.push_back(arrivals[index].losses);
    const auto chosen =
        math::select_by_hypervolume(points, reference_beyond(points), points.size());
    for (const std::size_t index : chosen) order.push_back(front[index]);
  }
  return order;
}

/// Hardly different in any parameter?
bool are_close(const std::vector<double>& left, const std::vector<double>& right) {
  constexpr double kClose = 0.02;
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (std::abs(left[i] - right[i]) >= kClose) return false;
  }
  return true;
}

/// The first `count` of the order that are not close to one before; then, if those are too few,
/// the others.
std::vector<std::size_t> spread_out(const space::Space& space, std::span<const Mapped> mapped,
                                    std::size_t count) {
  std::vector<std::size_t> chosen;
  std::vector<std::size_t> postponed;
  std::vector<std::vector<double>> points;
  for (std::size_t i = 0; i < mapped.size() && chosen.size() < count; ++i) {
    std::vector<double> point = space.to_unit(mapped[i].configuration);
    const bool is_close = std::ranges::any_of(
        points, [&](const std::vector<double>& other) { return are_close(point, other); });
    (is_close ? postponed : chosen).push_back(i);
    if (!is_close) points.push_back(std::move(point));
  }
  for (std::size_t i = 0; i < postponed.size() && chosen.size() < count; ++i) {
    chosen.push_back(postponed[i]);
  }
  return chosen;
}

}  // namespace

WarmStart warm_start_configurations(const trial::History& other, const trial::Problem& problem,
                                    std::size_t count) {
  WarmStart start;
  std::vector<Arrival> arrivals;
  std::vector<Mapped> mapped;
  for (const trial::Trial& trial : other.trials()) {
    auto arrival = arrival_of(other, trial, problem);
    if (!arrival) continue;
    ++start.num_usable;
    auto image = map_into(problem.space, other.problem().space, trial.configuration());
    if (!image) {
      ++start.num_dropped;
      continue;
    }
    arrivals.push_back(*std::move(arrival));
    mapped.push_back(*std::move(image));
  }
  std::vector<Mapped> unlike;
  std::set<space::Configuration> seen;
  for (const std::size_t index : best_first(arrivals)) {
    if (seen.insert(mapped[index].configuration).second) unlike.push_back(mapped[index]);
  }
  for (const std::size_t index : spread_out(problem.space, unlike, count)) {
    start.configurations.push_back(unlike[index].configuration);
    start.num_clipped += unlike[index].num_clipped;
    start.num_filled += unlike[index].num_filled;
  }
  return start;
}

std::string to_text(const WarmStart& start) {
  return fmt::format("{} of {} trials taken; {} left out; {} {} moved into {} domain, {} filled in",
                     start.configurations.size(), start.num_usable, start.num_dropped,
                     start.num_clipped, start.num_clipped == 1 ? "value" : "values",
                     start.num_clipped == 1 ? "its" : "their", start.num_filled);
}

}  // namespace wattune::samplers
