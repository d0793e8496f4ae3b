#include "wattune/report/recommendation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "finalist_recommendation.hpp"
#include "wattune/base/text.hpp"
#include "wattune/math/knee.hpp"
#include "wattune/math/pareto.hpp"

namespace wattune::report {
namespace {

using trial::History;
using trial::Trial;

double quality_loss(const History& history, TrialId id) {
  return history.losses(history.trial(id))->front();
}

/// Loss of the second objective, or the energy in joules; nothing where the energy is not known.
std::optional<double> cost_loss(const History& history, TrialId id) {
  const Trial& trial = history.trial(id);
  const auto& objectives = history.problem().objectives;
  const trial::Measure energy{trial::MeasureKind::Energy, ""};
  if (objectives.size() > 1 && objectives[1].measure != energy) return (*history.losses(trial))[1];
  if (trial.energy().is_missing()) return std::nullopt;
  return trial.energy().total().joules().value();
}

std::string quality_text(const History& history, TrialId id) {
  const trial::Objective& quality = history.problem().objectives.front();
  return fmt::format("{} {:.4g}", to_text(quality.measure),
                     *history.value(history.trial(id), quality.measure));
}

/// ", trained to 100000 of 200000 samples" where it was not trained to the end.
std::string reach_text(const History& history, TrialId id) {
  const Trial& trial = history.trial(id);
  const trial::Resource& resource = history.problem().resource;
  if (history.is_complete(trial) || resource.unit == trial::ResourceUnit::Run) return {};
  return fmt::format(", trained to {} of {} {}", number_text(trial.step()),
                     number_text(resource.max), to_text(resource.unit));
}

TrialId best_quality(const History& history, const std::vector<TrialId>& eligible) {
  return *std::ranges::min_element(eligible, {}, [&](TrialId id) {
    return std::pair{quality_loss(history, id), id};
  });
}

std::optional<TrialId> cheapest_within(const History& history, const std::vector<TrialId>& eligible,
                                       double worst_loss) {
  std::optional<TrialId> cheapest;
  for (const TrialId id : eligible) {
    const std::optional<double> cost = cost_loss(history, id);
    if (!cost || quality_loss(history, id) > worst_loss) continue;
    if (!cheapest || *cost < *cost_loss(history, *cheapest)) cheapest = id;
  }
  return cheapest;
}

std::optional<TrialId> knee(const History& history, const std::vector<TrialId>& front) {
  std::vector<std::array<double, 2>> points;
  for (const TrialId id : front) {
    const std::optional<double> cost = cost_loss(history, id);
    if (!cost) return std::nullopt;
    points.push_back({quality_loss(history, id), *cost});
  }
  const auto index = math::knee_point(points);
  if (!index) return std::nullopt;
  return front[*index];
}

std::string why_cheapest(const History& history, TrialId id, TrialId best, double tolerance) {
  if (id == best) {
    return fmt::format("best and cheapest: no cheaper trial comes within {} of {}{}",
                       number_text(tolerance), quality_text(history, best),
                       reach_text(history, id));
  }
  const EnergyFigure energy = history.trial(id).energy();
  const EnergyFigure best_energy = history.trial(best).energy();
  std::string share;
  if (!energy.is_missing() && !best_energy.is_missing() && best_energy.total().count() > 0) {
    const double ratio = energy.total().joules() / best_energy.total().joules();
    share = fmt::format(" for {:.0f} % of its energy", 100.0 * ratio);
  }
  return fmt::format("{}, within {} of the best ({}){}{}", quality_text(history, id),
                     number_text(tolerance), quality_text(history, best), share,
                     reach_text(history, id));
}

}  // namespace

std::string_view to_text(RecommendationKind kind) {
  constexpr std::array<std::string_view, 3> kNames{"cheapest_within_tolerance", "best_quality",
                                                   "knee"};
  return kNames.at(static_cast<std::size_t>(kind));
}

std::vector<TrialId> eligible_trials(const History& history) {
  std::vector<TrialId> eligible;
  for (const Trial& trial : history.trials()) {
    if (trial.purpose() != trial::Purpose::Search) continue;
    if (trial.state() == trial::TrialState::Failed) continue;
    if (!history.losses(trial) || history.violation(trial) != 0.0) continue;
    eligible.push_back(trial.id());
  }
  return eligible;
}

std::vector<TrialId> front(const History& history) {
  const std::vector<TrialId> eligible = eligible_trials(history);
  std::vector<std::vector<double>> losses;
  for (const TrialId id : eligible) losses.push_back(*history.losses(history.trial(id)));
  std::vector<TrialId> front;
  for (const std::size_t index : math::pareto_front(losses)) front.push_back(eligible[index]);
  std::ranges::stable_sort(front, {}, [&](TrialId id) { return quality_loss(history, id); });
  return front;
}

namespace {

/// By the figures of the search.
std::vector<Recommendation> recommend_by_search(const History& history,
                                                const std::vector<TrialId>& eligible,
                                                double tolerance) {
  std::vector<Recommendation> list;
  const TrialId best = best_quality(history, eligible);
  if (const auto id = cheapest_within(history, eligible, quality_loss(history, best) + tolerance)) {
    list.push_back({RecommendationKind::CheapestWithinTolerance, *id,
                    why_cheapest(history, *id, best, tolerance)});
  }
  list.push_back({RecommendationKind::BestQuality, best,
                  fmt::format("the best {} of the study{}", quality_text(history, best),
                              reach_text(history, best))});
  return list;
}

}  // namespace

std::vector<Recommendation> recommend(const History& history, double tolerance) {
  const std::vector<TrialId> eligible = eligible_trials(history);
  if (eligible.empty()) return {};
  std::vector<Recommendation> by_search = recommend_by_search(history, eligible, tolerance);
  std::vector<Recommendation> list = recommend_finalists(history, tolerance);
  if (list.empty()) {
    list = std::move(by_search);
  } else if (list.front().trial != by_search.front().trial) {
    list.front().why += fmt::format("; by the search alone it would have been trial {}",
                                    by_search.front().trial.number());
  }
  if (const auto id = knee(history, front(history))) {
    list.push_back({RecommendationKind::Knee, *id,
                    fmt::format("{}: beyond it, quality gets expensive{}",
                                quality_text(history, *id), reach_text(history, *id))});
  }
  return list;
}

}  // namespace wattune::report
