#include "checkpoint_keeper.hpp"

#include <algorithm>
#include <limits>

namespace wattune::study {
namespace {

using trial::History;
using trial::Outcome;
using trial::Trial;
using trial::TrialState;

bool can_go_on(const Trial& trial) {
  return trial.state() == TrialState::Paused || trial.state() == TrialState::Interrupted ||
         trial.state() == TrialState::Created;
}

/// May it be recommended? As report::eligible_trials has it.
bool is_candidate(const History& history, const Trial& trial) {
  return trial.purpose() == trial::Purpose::Search && trial.state() != TrialState::Failed &&
         history.losses(trial).has_value();
}

bool dominates(const std::vector<double>& left, const std::vector<double>& right) {
  bool is_better = false;
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (left[i] > right[i]) return false;
    is_better = is_better || left[i] < right[i];
  }
  return is_better;
}

}  // namespace

void CheckpointKeeper::apply(const trial::Event& event) {
  if (files_ == nullptr) return;
  if (const auto* saved = std::get_if<trial::CheckpointSaved>(&event)) {
    Held& held = held_[saved->trial];
    if (!held.path.empty() && held.path != saved->path) held.earlier.push_back(held.path);
    std::erase(held.earlier, saved->path);
    held.path = saved->path;
  } else if (const auto* ended = std::get_if<trial::AssignmentEnded>(&event)) {
    const bool is_final = ended->outcome == Outcome::Completed ||
                          ended->outcome == Outcome::Stopped ||
                          ended->outcome == Outcome::StoppedBudget;
    if (is_final && ended_.insert(ended->trial).second) finals_.push_back(ended->trial);
  }
}

void CheckpointKeeper::clean(const History& history, const strategies::Strategy& strategy,
                             const std::function<bool(TrialId)>& goes_on) {
  if (files_ == nullptr || !deletes_ || held_.empty()) return;
  remove_earlier();
  let_go(history, strategy, goes_on);
  for (auto held = held_.begin(); held != held_.end();) {
    const TrialId id = held->first;
    const Trial& trial = history.trial(id);
    const bool is_over = !trial.is_running() && (!can_go_on(trial) || ended_.contains(id));
    if (!is_over || is_worth_keeping(history, id, held->second)) {
      ++held;
    } else {
      remove(id, held->second.path);
      held = held_.erase(held);
    }
  }
}

void CheckpointKeeper::remove(TrialId trial, const std::string& path) {
  const auto bytes = files_->size(trial, path);
  if (!bytes) return;
  files_->remove(trial, path);
  ++num_deleted_;
  bytes_deleted_ += *bytes;
}

void CheckpointKeeper::remove_earlier() {
  for (auto& [id, held] : held_) {
    for (const std::string& path : held.earlier) remove(id, path);
    held.earlier.clear();
  }
}

/// Marks the paused trials that have come to their end because the strategy wants them no more.
void CheckpointKeeper::let_go(const History& history, const strategies::Strategy& strategy,
                              const std::function<bool(TrialId)>& goes_on) {
  std::vector<TrialId> paused;
  std::vector<TrialId> unwanted;  // finalists begin anew, probes are done with
  for (const auto& [id, held] : held_) {
    const Trial& trial = history.trial(id);
    if (!can_go_on(trial) || ended_.contains(id) || goes_on(id)) continue;
    (trial.purpose() == trial::Purpose::Search ? paused : unwanted).push_back(id);
  }
  if (!paused.empty()) {
    const std::vector<TrialId> wanted = strategy.still_wanted(history, paused);
    for (const TrialId id : paused) {
      if (std::ranges::find(wanted, id) == wanted.end()) unwanted.push_back(id);
    }
  }
  for (const TrialId id : unwanted) {
    if (ended_.insert(id).second) finals_.push_back(id);
  }
}

bool CheckpointKeeper::is_worth_keeping(const History& history, TrialId id, Held& held) const {
  const Trial& trial = history.trial(id);
  const bool is_complete = trial.state() == TrialState::Completed;
  if (trial.purpose() == trial::Purpose::Finalist) return is_complete;
  if (trial.purpose() != trial::Purpose::Search || trial.state() == TrialState::Failed) {
    return false;
  }
  if (!is_candidate(history, trial)) return is_complete;  // nothing can be said against it
  for (; held.num_compared < finals_.size(); ++held.num_compared) {
    if (beats(history, finals_[held.num_compared], id)) return false;
  }
  return true;
}

bool CheckpointKeeper::beats(const History& history, TrialId winner, TrialId loser) const {
  const Trial& left = history.trial(winner);
  const Trial& right = history.trial(loser);
  if (winner == loser || !is_candidate(history, left)) return false;
  constexpr double kUnknown = std::numeric_limits<double>::infinity();
  const double left_excess = history.violation(left).value_or(kUnknown);
  const double right_excess = history.violation(right).value_or(kUnknown);
  if (left_excess != right_excess) return left_excess < right_excess;

  const auto left_losses = *history.losses(left);
  const auto right_losses = *history.losses(right);
  if (left_losses.size() > 1) return dominates(left_losses, right_losses);
  if (left_losses.front() + tolerance_ < right_losses.front()) return true;
  const bool is_known = !left.energy().is_missing() && !right.energy().is_missing();
  return left_losses.front() < right_losses.front() && is_known &&
         left.energy().total() <= right.energy().total();
}

CheckpointUse CheckpointKeeper::use() const {
  CheckpointUse use{.num_deleted = num_deleted_, .bytes_deleted = bytes_deleted_};
  if (files_ == nullptr) return use;
  const auto count = [&](TrialId id, const std::string& path) {
    const auto bytes = files_->size(id, path);
    use.num_kept += bytes ? 1 : 0;
    use.bytes_kept += bytes.value_or(0);
  };
  for (const auto& [id, held] : held_) {
    count(id, held.path);
    for (const std::string& path : held.earlier) count(id, path);
  }
  return use;
}

}  // namespace wattune::study
