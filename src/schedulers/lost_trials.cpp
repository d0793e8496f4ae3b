#include "lost_trials.hpp"

#include <algorithm>

#include "wattune/schedulers/bracket.hpp"

namespace wattune::schedulers {
namespace {

/// Has it come to its end, at whatever rung?
bool is_over(const trial::Trial& trial) {
  switch (trial.state()) {
    case trial::TrialState::Completed:
    case trial::TrialState::Stopped:
    case trial::TrialState::Failed:
      return true;
    default:
      return false;
  }
}

}  // namespace

std::set<TrialId> lost_trials(const trial::History& history, const RungBook& book,
                              std::size_t max_trials) {
  std::set<TrialId> lost;
  if (!book.has_lasting_order()) return lost;
  std::size_t num_searched = 0;
  for (const trial::Trial& trial : history.trials()) {
    num_searched += trial.purpose() == trial::Purpose::Search ? 1 : 0;
  }
  const std::size_t num_to_come = max_trials - std::min(max_trials, num_searched);
  for (std::size_t rung = 0; rung + 1 < book.targets().size(); ++rung) {
    const RungTable& table = book.rungs()[rung];
    std::size_t num_at_most = table.size() + num_to_come;
    for (const trial::Trial& trial : history.trials()) {
      const bool may_come = trial.purpose() == trial::Purpose::Search && !is_over(trial) &&
                            !table.contains(trial.id()) && !lost.contains(trial.id());
      num_at_most += may_come ? 1 : 0;
    }
    for (const TrialId id : table.waiting_beyond(num_at_most)) {
      const trial::Trial& trial = history.trial(id);
      if (is_settled(trial, trial.target())) lost.insert(id);
    }
    // Where nothing new can be started, the best of the highest rung is taken to the end.
    if (const auto best = table.best(); best && !book.has_full_training()) lost.erase(*best);
  }
  return lost;
}

}  // namespace wattune::schedulers
