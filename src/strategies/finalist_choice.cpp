#include <algorithm>
#include <limits>
#include <optional>
#include <tuple>

#include "wattune/math/pareto.hpp"
#include "wattune/strategies/finalists.hpp"

namespace wattune::strategies {
namespace {

constexpr double kComplete = std::numeric_limits<double>::infinity();

/// A trial as the choice sees it, at the step where all are compared.
struct Entry {
  TrialId trial;
  std::vector<double> losses;
  std::optional<double> cost;
  std::size_t front = 0;

  [[nodiscard]] double quality() const { return losses.front(); }
};

double reach_of(const trial::History& history, const trial::Trial& trial) {
  return history.is_complete(trial) ? kComplete : trial.step();
}

std::optional<Entry> entry_at(const trial::History& history, const trial::Trial& trial,
                              double step) {
  const double at = std::min(step, trial.step());  // a complete trial counts with its end
  auto losses = history.losses_at(trial, at);
  if (!losses || history.violation_at(trial, at) != 0.0) return std::nullopt;
  const trial::Measure energy{trial::MeasureKind::Energy, ""};
  const auto& objectives = history.problem().objectives;
  Entry entry{trial.id(), std::move(*losses), history.value_at(trial, energy, at)};
  if (objectives.size() > 1 && objectives[1].measure != energy) entry.cost = entry.losses[1];
  return entry;
}

/// Trials that came as far as `step`, as they were there.
std::vector<Entry> entries_at(const trial::History& history, double step) {
  std::vector<Entry> entries;
  for (const trial::Trial& trial : history.trials()) {
    const bool counts = trial.purpose() == trial::Purpose::Search &&
                        trial.state() != trial::TrialState::Failed && !trial.reports().empty();
    if (!counts || reach_of(history, trial) < step) continue;
    if (auto entry = entry_at(history, trial, step)) entries.push_back(std::move(*entry));
  }
  if (history.problem().objectives.size() < 2) return entries;
  std::vector<std::vector<double>> points;
  for (const Entry& entry : entries) points.push_back(entry.losses);
  const std::vector<std::size_t> fronts = math::non_dominated_ranks(points);
  for (std::size_t i = 0; i < entries.size(); ++i) entries[i].front = fronts[i];
  return entries;
}

/// The likeliest recommendation first.
std::vector<TrialId> in_order(std::vector<Entry> entries, double tolerance) {
  if (entries.empty()) return {};
  std::ranges::sort(entries, {}, [](const Entry& entry) {
    return std::tuple{entry.front, entry.quality(), entry.trial};
  });
  const TrialId best = entries.front().trial;
  const double worst = entries.front().quality() + tolerance;
  const auto rest = std::stable_partition(entries.begin(), entries.end(), [&](const Entry& entry) {
    return entry.front == 0 && entry.cost && entry.quality() <= worst;
  });
  std::stable_sort(entries.begin(), rest,
                   [](const Entry& left, const Entry& right) { return *left.cost < *right.cost; });
  std::vector<TrialId> order;
  for (const Entry& entry : entries) order.push_back(entry.trial);
  // The cheapest of those that are good enough stays first, the best of all comes second.
  const auto at_best = std::ranges::find(order, best);
  if (at_best - order.begin() > 1) std::rotate(order.begin() + 1, at_best, at_best + 1);
  return order;
}

/// How far the first `count` of them came, the furthest first.
std::vector<double> reaches(const trial::History& history) {
  std::vector<double> all;
  for (const trial::Trial& trial : history.trials()) {
    const bool counts = trial.purpose() == trial::Purpose::Search &&
                        trial.state() != trial::TrialState::Failed && !trial.reports().empty();
    if (counts && entry_at(history, trial, kComplete)) all.push_back(reach_of(history, trial));
  }
  std::ranges::sort(all, std::greater{});
  return all;
}

}  // namespace

std::vector<TrialId> choose_finalists(const trial::History& history, std::size_t count,
                                      double tolerance) {
  const std::vector<double> reached = reaches(history);
  if (reached.empty()) return {};
  std::vector<TrialId> chosen;
  for (const double step : {reached.front(), reached[std::min(count, reached.size()) - 1]}) {
    for (const TrialId id : in_order(entries_at(history, step), tolerance)) {
      if (chosen.size() == count) return chosen;
      if (std::ranges::count(chosen, id) == 0) chosen.push_back(id);
    }
  }
  return chosen;
}

}  // namespace wattune::strategies
