#include "observations.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "comparable_step.hpp"

namespace wattune::samplers {
namespace {

bool is_failed(const trial::Trial& trial) {
  return trial.state() == trial::TrialState::Failed;
}

bool is_open(const trial::Trial& trial) {
  return trial.is_running() || trial.state() == trial::TrialState::Created;
}

}  // namespace

void Observations::update(const trial::History& history) {
  changes_.clear();
  const std::vector<std::uint32_t> touched = find_touched(history);
  entries_.resize(history.trials().size());
  for (const std::uint32_t number : touched) note_reached(history.trials()[number]);

  const std::optional<double> step = comparable_step(num_reached_, options_.least_at_step);
  if (step != step_) {
    step_ = step;
    for (const trial::Trial& trial : history.trials()) {
      rank(trial.id().number(), classify(history, trial));
    }
  } else {
    for (const std::uint32_t number : touched) {
      rank(number, classify(history, history.trials()[number]));
    }
  }
  split_anew();
}

std::vector<std::uint32_t> Observations::find_touched(const trial::History& history) {
  std::vector<std::uint32_t> touched = std::move(open_);
  open_.clear();
  const auto finished = history.finished_order();
  for (; num_finished_seen_ < finished.size(); ++num_finished_seen_) {
    touched.push_back(finished[num_finished_seen_].number());
  }
  const auto trials = history.trials();
  for (std::size_t i = entries_.size(); i < trials.size(); ++i) {
    touched.push_back(static_cast<std::uint32_t>(i));
  }
  std::ranges::sort(touched);
  touched.erase(std::ranges::unique(touched).begin(), touched.end());

  const auto num_running = std::ranges::count_if(
      touched, [&](std::uint32_t number) { return trials[number].is_running(); });
  if (static_cast<std::size_t>(num_running) != history.num_running()) {
    // A trial that ended long ago goes on: nothing but a look at all of them tells which.
    touched.clear();
    for (const trial::Trial& trial : trials) touched.push_back(trial.id().number());
  }
  std::ranges::copy_if(touched, std::back_inserter(open_),
                       [&](std::uint32_t number) { return is_open(trials[number]); });
  return touched;
}

void Observations::note_reached(const trial::Trial& trial) {
  Entry& entry = entries_[trial.id().number()];
  if (entry.reached) {
    const auto count = num_reached_.find(*entry.reached);
    if (--count->second == 0) num_reached_.erase(count);
    entry.reached.reset();
  }
  const bool counts = trial.purpose() == trial::Purpose::Search && !is_failed(trial);
  if (!counts || trial.reports().empty()) return;
  entry.reached = trial.step();
  ++num_reached_[*entry.reached];
}

Observations::Entry Observations::classify(const trial::History& history,
                                           const trial::Trial& trial) const {
  Entry entry;
  entry.reached = entries_[trial.id().number()].reached;
  if (trial.purpose() != trial::Purpose::Search) return entry;
  entry.kind = Kind::Unranked;
  if (!entry.reached || !step_ || *entry.reached < *step_) return entry;
  auto losses = history.losses_at(trial, *step_);
  if (!losses) return entry;
  const std::optional<double> violation = history.violation(trial);
  entry.violation = violation.value_or(std::numeric_limits<double>::infinity());
  if (entry.violation > 0.0) {
    entry.kind = Kind::Infeasible;
  } else {
    entry.kind = Kind::Feasible;
    entry.losses = std::move(*losses);
  }
  return entry;
}

void Observations::rank(std::uint32_t number, Entry entry) {
  Entry& old = entries_[number];
  if (old.kind == entry.kind && old.violation == entry.violation && old.losses == entry.losses) {
    return;
  }
  if (old.kind == Kind::Feasible) feasible_.erase(number);
  if (old.kind == Kind::Infeasible) infeasible_.erase({old.violation, number});
  entry.side = old.side;
  old = std::move(entry);
  if (old.kind == Kind::Feasible) feasible_.insert(number, old.losses);
  if (old.kind == Kind::Infeasible) infeasible_.emplace(old.violation, number);
  // Good trials are named afterwards, all at once.
  if (old.side != Side::Good) set_side(number, old.kind == Kind::None ? Side::None : Side::Bad);
}

void Observations::set_side(std::uint32_t number, Side side) {
  if (entries_[number].side == side) return;
  entries_[number].side = side;
  changes_[number] = side;
}

void Observations::split_anew() {
  const auto share = static_cast<std::size_t>(
      std::ceil(options_.good_fraction * static_cast<double>(num_ranked())));
  const std::size_t num_good = std::min(share, options_.max_good);
  std::vector<std::uint32_t> good = feasible_.best(num_good);
  for (const auto& [violation, number] : infeasible_) {
    if (good.size() == num_good) break;
    good.push_back(number);
  }
  std::ranges::sort(good);
  for (const std::uint32_t number : good_) {
    if (!std::ranges::binary_search(good, number)) set_side(number, Side::Bad);
  }
  for (const std::uint32_t number : good) set_side(number, Side::Good);
  good_ = std::move(good);
}

}  // namespace wattune::samplers
