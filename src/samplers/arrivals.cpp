#include "arrivals.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

#include "wattune/math/pareto.hpp"

namespace wattune::samplers {
namespace {

constexpr std::size_t kNotArrived = std::numeric_limits<std::size_t>::max();

Arrival arrival_of(const trial::History& history, const trial::Trial& trial) {
  Arrival arrival;
  arrival.number = trial.id().number();
  if (trial.state() == trial::TrialState::Failed) return arrival;
  auto losses = history.losses(trial);
  if (!losses) return arrival;
  arrival.losses = std::move(*losses);
  // A constraint that nobody can check is as good as broken.
  arrival.violation = history.violation(trial).value_or(std::numeric_limits<double>::infinity());
  if (!history.is_complete(trial)) {
    arrival.standing = Standing::Short;
    arrival.step = trial.step();
  } else {
    arrival.standing = arrival.violation > 0.0 ? Standing::Infeasible : Standing::Feasible;
  }
  return arrival;
}

/// Orders numbers, the smaller one first.
std::weak_ordering compare(double left, double right) {
  if (left < right) return std::weak_ordering::less;
  return left > right ? std::weak_ordering::greater : std::weak_ordering::equivalent;
}

}  // namespace

std::weak_ordering compare_standing(const Arrival& left, const Arrival& right) {
  if (left.standing != right.standing) return left.standing <=> right.standing;
  const std::weak_ordering by_step = compare(right.step, left.step);
  return by_step != std::weak_ordering::equivalent ? by_step
                                                   : compare(left.violation, right.violation);
}

std::vector<std::size_t> front_ranks(std::span<const Arrival* const> arrivals) {
  std::vector<std::size_t> order(arrivals.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, [&](std::size_t left, std::size_t right) {
    return compare_standing(*arrivals[left], *arrivals[right]) < 0;
  });
  std::vector<std::size_t> ranks(arrivals.size());
  std::size_t num_fronts = 0;
  for (std::size_t begin = 0; begin < order.size();) {
    const Arrival& first = *arrivals[order[begin]];
    std::size_t end = begin;
    std::vector<std::vector<double>> losses;
    while (end < order.size() && compare_standing(first, *arrivals[order[end]]) == 0) {
      losses.push_back(arrivals[order[end++]]->losses);
    }
    std::vector<std::size_t> within(losses.size(), 0);
    if (first.standing != Standing::Failed) within = math::non_dominated_ranks(losses);
    for (std::size_t i = begin; i < end; ++i) ranks[order[i]] = num_fronts + within[i - begin];
    num_fronts += *std::ranges::max_element(within) + 1;
    begin = end;
  }
  return ranks;
}

bool Arrivals::has_arrived(std::uint32_t number) const {
  return number < index_by_number_.size() && index_by_number_[number] != kNotArrived;
}

/// Gives whether the trial stands as it did.
bool Arrivals::renew(const trial::History& history, std::uint32_t number) {
  Arrival now = arrival_of(history, history.trials()[number]);
  Arrival& before = arrivals_[index_by_number_[number]];
  if (before == now) return true;
  before = std::move(now);
  return false;
}

/// Keeps the list of trials that may change without ending.
void Arrivals::watch(const trial::History& history) {
  const auto trials = history.trials();
  for (; num_trials_seen_ < trials.size(); ++num_trials_seen_) {
    watched_.push_back(static_cast<std::uint32_t>(num_trials_seen_));
  }
  std::erase_if(watched_, [&](std::uint32_t number) {
    return trials[number].outcome() && !trials[number].is_running();
  });
  const auto num_running = std::ranges::count_if(
      watched_, [&](std::uint32_t number) { return trials[number].is_running(); });
  if (static_cast<std::size_t>(num_running) == history.num_running()) return;
  // A trial that had ended goes on: nothing but a look at all of them tells which.
  std::erase_if(watched_, [&](std::uint32_t number) { return trials[number].is_running(); });
  for (const trial::Trial& trial : trials) {
    if (trial.is_running()) watched_.push_back(trial.id().number());
  }
}

bool Arrivals::update(const trial::History& history) {
  bool is_as_before = true;
  const auto finished = history.finished_order();
  for (; num_finished_seen_ < finished.size(); ++num_finished_seen_) {
    const trial::Trial& trial = history.trial(finished[num_finished_seen_]);
    if (trial.purpose() != trial::Purpose::Search) continue;
    const std::uint32_t number = trial.id().number();
    if (has_arrived(number)) {
      is_as_before = renew(history, number) && is_as_before;
      continue;
    }
    index_by_number_.resize(std::max<std::size_t>(index_by_number_.size(), number + 1),
                            kNotArrived);
    index_by_number_[number] = arrivals_.size();
    arrivals_.push_back(arrival_of(history, trial));
  }
  watch(history);
  for (const std::uint32_t number : watched_) {
    if (has_arrived(number)) is_as_before = renew(history, number) && is_as_before;
  }
  return is_as_before;
}

}  // namespace wattune::samplers
