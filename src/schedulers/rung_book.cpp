#include "rung_book.hpp"

#include <algorithm>

#include "measures.hpp"

namespace wattune::schedulers {
namespace {

/// Can losses and constraints as of a report change after it?
bool can_change(const trial::Problem& problem) {
  return std::ranges::any_of(problem.objectives, is_total_of_phase, &trial::Objective::measure) ||
         std::ranges::any_of(problem.constraints, is_total_of_phase, &trial::Constraint::measure);
}

/// Can it leave the rung that it is in?
bool is_waiting(const trial::Trial& trial) {
  switch (trial.state()) {
    case trial::TrialState::Created:
    case trial::TrialState::Paused:
    case trial::TrialState::Interrupted:
      return true;
    default:
      return false;
  }
}

}  // namespace

RungBook::RungBook(std::vector<double> targets, const AshaOptions& options)
    : targets_(std::move(targets)), options_(options) {
  if (options_.variant == AshaVariant::Stopping) unfinished_ = Unfinished(targets_.back());
  clear();
}

void RungBook::clear() {
  rungs_.assign(targets_.size(), RungTable(options_.rank_by, options_.eta));
  unfinished_.clear();
  has_full_training_ = false;
}

void RungBook::follow(const trial::History& history) {
  const trial::Problem& problem = history.problem();
  has_lasting_order_ =
      problem.objectives.size() == 1 && options_.quota == AshaQuota::Trials && !can_change(problem);
  if (!changes_.is_continued(history)) clear();
  changes_.take(history, [&](const trial::Trial& trial) { update(history, trial); });
}

void RungBook::update(const trial::History& history, const trial::Trial& trial) {
  unfinished_.update(trial);
  has_full_training_ |= trial.state() == trial::TrialState::Completed;
  const bool promotes = options_.variant == AshaVariant::Promotion;
  const std::size_t last = targets_.size() - 1;
  const std::size_t highest = promotes ? std::min<std::size_t>(trial.rung(), last) : last;
  const bool is_final = !can_change(history.problem());
  for (std::size_t rung = 0; rung <= highest && has_arrived(trial, rung); ++rung) {
    if (!is_final || !rungs_[rung].contains(trial.id())) {
      rungs_[rung].put(standing_of(history, {trial.id(), targets_[rung]}),
                       weight_of(trial, targets_[rung]));
    }
    rungs_[rung].set_gone(trial.id(), rung < trial.rung() || !is_waiting(trial));
  }
}

/// One that has ended by itself has arrived in the rung it was on the way to, and in no other.
bool RungBook::has_arrived(const trial::Trial& trial, std::size_t rung) const {
  if (trial.reports().empty()) return false;
  if (trial.step() >= targets_[rung]) return true;
  return trial.state() == trial::TrialState::Completed &&
         (rung == 0 || trial.step() >= targets_[rung - 1]);
}

std::optional<std::int64_t> RungBook::weight_of(const trial::Trial& trial, double target) const {
  if (options_.quota == AshaQuota::Trials) return 1;
  const auto index = trial.first_report_at(std::min(target, trial.step()));
  const trial::Report& report = trial.reports()[*index];
  if (report.provenance == Provenance::Missing) return std::nullopt;
  return report.energy.count();
}

}  // namespace wattune::schedulers
