#include "wattune/report/anytime.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "wattune/math/hypervolume.hpp"
#include "wattune/math/pareto.hpp"

namespace wattune::report {
namespace {

double joules_of(const trial::History& history) {
  return history.total_energy().total().joules().value();
}

bool is_better(trial::Direction direction, double left, double right) {
  return direction == trial::Direction::Maximize ? left > right : left < right;
}

bool covers(const std::vector<double>& left, const std::vector<double>& right) {
  return left == right || math::dominates(left, right);
}

}  // namespace

void Anytime::apply(const trial::Event& event, const trial::History& history) {
  if (const auto* reported = std::get_if<trial::Reported>(&event)) {
    on_report(*reported, history);
  } else if (const auto* assigned = std::get_if<trial::Assigned>(&event)) {
    on_assignment(assigned->assignment, history);
  } else if (std::holds_alternative<trial::SessionStarted>(event)) {
    if (has_session_) marks_.push_back({joules_of(history), "resumed"});
    has_session_ = true;
  }
}

void Anytime::on_assignment(const trial::Assignment& assignment, const trial::History& history) {
  std::string name = fmt::format("rung {}", assignment.rung);
  if (assignment.stage == trial::Stage::Probe) name = "probe";
  if (assignment.stage == trial::Stage::Final) name = "final training";
  if (assignment.stage == trial::Stage::Finalist) name = "finalists";
  const bool is_new = begun_.insert(name).second;
  const bool is_first = begun_.size() == 1;
  if (is_new && !is_first) marks_.push_back({joules_of(history), std::move(name)});
}

void Anytime::on_report(const trial::Reported& event, const trial::History& history) {
  const trial::Trial& trial = history.trial(event.trial);
  if (trial.purpose() != trial::Purpose::Search) return;
  if (history.violation(trial) != 0.0) return;
  const trial::Objective& objective = history.problem().objectives.front();
  const auto quality = history.value(trial, objective.measure);
  const bool is_best = quality && (points_.empty() || is_better(objective.direction, *quality,
                                                                points_.back().quality));
  if (is_best) {
    points_.push_back(
        {joules_of(history), history.total_duration().value(), *quality, event.trial, event.step});
  }
  auto losses = history.losses(trial);
  if (!losses || losses->size() < 2) return;
  const auto covers_it = [&](const std::vector<double>& point) { return covers(point, *losses); };
  if (std::ranges::any_of(front_, covers_it)) return;
  std::erase_if(front_, [&](const std::vector<double>& point) { return covers(*losses, point); });
  front_.push_back(*losses);
  front_points_.push_back({joules_of(history), *std::move(losses)});
}

std::optional<double> quality_at(std::span<const AnytimePoint> points, double joules) {
  std::optional<double> quality;
  for (const AnytimePoint& point : points) {
    if (point.joules > joules) break;
    quality = point.quality;
  }
  return quality;
}

std::optional<double> joules_to(std::span<const AnytimePoint> points, trial::Direction direction,
                                double quality) {
  for (const AnytimePoint& point : points) {
    if (!is_better(direction, quality, point.quality)) return point.joules;
  }
  return std::nullopt;
}

std::optional<double> mean_quality(std::span<const AnytimePoint> points, double from, double to) {
  if (!(from < to) || !quality_at(points, from)) return std::nullopt;
  double area = 0.0;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const double begin = std::max(points[i].joules, from);
    const double end = i + 1 < points.size() ? std::min(points[i + 1].joules, to) : to;
    if (begin < end) area += (end - begin) * points[i].quality;
  }
  return area / (to - from);
}

HypervolumeCurve hypervolume_curve(std::span<const AnytimeFrontPoint> points,
                                   std::span<const double> reference) {
  HypervolumeCurve curve;
  std::vector<std::vector<double>> front;
  double volume = 0.0;
  for (const AnytimeFrontPoint& point : points) {
    volume += math::hypervolume_gain(point.losses, front, reference);
    std::erase_if(front, [&](const std::vector<double>& old) { return covers(point.losses, old); });
    front.push_back(point.losses);
    const bool is_same_time = !curve.empty() && curve.back().first == point.joules;
    if (is_same_time) {
      curve.back().second = volume;
    } else if (volume > 0.0) {
      curve.emplace_back(point.joules, volume);
    }
  }
  return curve;
}

double hypervolume_at(const HypervolumeCurve& curve, double joules) {
  double volume = 0.0;
  for (const auto& [at, value] : curve) {
    if (at > joules) break;
    volume = value;
  }
  return volume;
}

std::vector<double> reference_of(std::span<const std::span<const AnytimeFrontPoint>> studies) {
  std::vector<double> worst;
  std::vector<double> best;
  for (const auto& points : studies) {
    for (const AnytimeFrontPoint& point : points) {
      if (worst.empty()) worst = best = point.losses;
      for (std::size_t i = 0; i < worst.size(); ++i) {
        worst[i] = std::max(worst[i], point.losses[i]);
        best[i] = std::min(best[i], point.losses[i]);
      }
    }
  }
  for (std::size_t i = 0; i < worst.size(); ++i) worst[i] += 0.1 * (worst[i] - best[i]);
  return worst;
}

}  // namespace wattune::report
