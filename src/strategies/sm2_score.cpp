#include "wattune/strategies/sm2_score.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "wattune/base/require.hpp"

namespace wattune::strategies {
namespace {

constexpr double kSmoothing = 0.3;

struct Range {
  double low;
  double high;
};

std::optional<Range> range_of(const std::vector<double>& values) {
  if (values.empty()) return std::nullopt;
  const auto [low, high] = std::ranges::minmax_element(values);
  return Range{*low, *high};
}

/// Where in the range the value is: 0 at its low end, 1 at its high end, 0.5 where it is a point.
double position_in(const Range& range, double value) {
  if (!(range.low < range.high)) return 0.5;
  // Halves, so that a range of the largest numbers does not overflow.
  return (value / 2 - range.low / 2) / (range.high / 2 - range.low / 2);
}

/// The range in which energies are told apart; nothing where they cannot be.
std::optional<Range> energy_range(std::span<const Sm2Entry> entries, double noise_floor) {
  std::vector<double> energies;
  for (const Sm2Entry& entry : entries) {
    if (!entry.cost) return std::nullopt;
    energies.push_back(*entry.cost);
  }
  const auto range = range_of(energies);
  if (!range || range->high - range->low < noise_floor * range->low) return std::nullopt;
  return range;
}

/// Calls `see` with every smoothed value after the first, and the one before it.
template <typename See>
double smooth(std::span<const double> losses, See see) {
  double smoothed = losses.front();
  for (const double loss : losses.subspan(1)) {
    const double before = smoothed;
    smoothed += kSmoothing * (loss - smoothed);
    see(before, smoothed);
  }
  return smoothed;
}

}  // namespace

std::vector<Sm2Score> score(std::span<const Sm2Entry> entries, const Sm2Weights& weights,
                            double noise_floor) {
  std::vector<double> losses;
  for (const Sm2Entry& entry : entries) {
    if (!entry.standing.losses.empty()) losses.push_back(entry.standing.losses.front());
  }
  const auto loss_range = range_of(losses);
  const auto joules_range = energy_range(entries, noise_floor);
  const double sum = weights.performance + weights.energy + weights.stability;
  WATTUNE_REQUIRE(sum > 0.0);

  std::vector<Sm2Score> scores;
  for (const Sm2Entry& entry : entries) {
    Sm2Score scored;
    scored.trial = entry.standing.trial;
    if (!entry.standing.losses.empty()) {
      scored.performance = 1.0 - position_in(*loss_range, entry.standing.losses.front());
    }
    if (joules_range) scored.energy = position_in(*joules_range, *entry.cost);
    scored.stability = entry.stability.value_or(0.5);
    scored.score = (weights.performance * scored.performance +
                    weights.energy * (1.0 - scored.energy) + weights.stability * scored.stability) /
                   sum;
    scores.push_back(scored);
  }
  return scores;
}

Sm2Ranking rank_by_score(std::span<const Sm2Entry> entries, const Sm2Weights& weights,
                         double noise_floor, std::size_t num_kept) {
  const std::vector<Sm2Score> scores = score(entries, weights, noise_floor);
  const auto comes_first = [&](std::size_t left, std::size_t right) {
    const schedulers::Standing& a = entries[left].standing;
    const schedulers::Standing& b = entries[right].standing;
    if (a.losses.empty() != b.losses.empty()) return b.losses.empty();
    const int feasibility = schedulers::compare_feasibility(a, b);
    if (feasibility != 0) return feasibility < 0;
    if (scores[left].score != scores[right].score) return scores[left].score > scores[right].score;
    if (!a.losses.empty() && a.losses.front() != b.losses.front()) {
      return a.losses.front() < b.losses.front();
    }
    return a.trial < b.trial;
  };
  std::vector<std::size_t> order(entries.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::ranges::sort(order, comes_first);

  Sm2Ranking ranking;
  std::vector<schedulers::Standing> standings;
  for (const std::size_t i : order) {
    ranking.trials.push_back(entries[i].standing.trial);
    standings.push_back(entries[i].standing);
  }
  if (standings.empty() || num_kept == 0) return ranking;

  const TrialId best =
      schedulers::rank(std::move(standings), schedulers::RankBy::FirstObjective).front();
  const auto place = std::ranges::find(ranking.trials, best);
  const auto last_kept = ranking.trials.begin() +
                         static_cast<std::ptrdiff_t>(std::min(num_kept, ranking.trials.size()) - 1);
  if (place > last_kept) {
    std::rotate(last_kept, place, place + 1);
    ranking.guarded = best;
  }
  return ranking;
}

std::vector<TrialId> rank_by_fronts(std::span<const Sm2Entry> entries, double noise_floor) {
  const bool has_costs = energy_range(entries, noise_floor).has_value();
  std::vector<schedulers::Standing> standings;
  for (const Sm2Entry& entry : entries) {
    schedulers::Standing& standing = standings.emplace_back(entry.standing);
    if (has_costs && !standing.losses.empty()) {
      standing.losses = {standing.losses.front(), *entry.cost};
    }
  }
  return schedulers::rank(std::move(standings), has_costs ? schedulers::RankBy::NonDominatedNet
                                                          : schedulers::RankBy::FirstObjective);
}

std::optional<std::size_t> num_within_share(std::span<const std::optional<double>> costs,
                                            double share) {
  double total = 0.0;
  for (const auto& cost : costs) {
    if (!cost) return std::nullopt;
    total += *cost;
  }
  if (costs.size() < 2) return costs.size();
  std::size_t num_kept = 0;
  double sum = 0.0;
  for (; num_kept < costs.size() - 1; ++num_kept) {
    sum += *costs[num_kept];
    if (sum > share * total) break;
  }
  return std::max<std::size_t>(num_kept, 1);
}

std::optional<double> stability_of(std::span<const double> training_losses) {
  if (training_losses.size() < 2) return std::nullopt;
  std::size_t num_increases = 0;
  smooth(training_losses, [&](double before, double after) { num_increases += after > before; });
  return 1.0 - static_cast<double>(num_increases) / static_cast<double>(training_losses.size() - 1);
}

bool has_diverged(std::span<const double> training_losses, double factor) {
  if (training_losses.empty() || training_losses.front() <= 0.0) return false;
  return smooth(training_losses, [](double, double) {}) > factor * training_losses.front();
}

}  // namespace wattune::strategies
