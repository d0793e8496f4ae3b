#pragma once

#include <cstddef>

#include "wattune/trial/history.hpp"

namespace wattune::schedulers {

/// Tells which trials may have changed since it was last asked, so that a decision need not look at
/// all of them.
///
/// Whoever follows a history like this must come to the same state whatever was seen in between: a
/// fresh object looks once, at the end.
class Changes {
 public:
  /// Is this a history that goes on from the one seen last? If not everything must be forgotten.
  [[nodiscard]] bool is_continued(const trial::History& history) const {
    return history.trials().size() >= num_trials_ &&
           history.finished_order().size() >= num_finished_;
  }

  /// Calls `visit` with every trial of the search that may have changed, some of them twice.
  template <typename Visit>
  void take(const trial::History& history, Visit visit) {
    if (!is_continued(history)) num_trials_ = num_finished_ = 0;
    const auto visit_searched = [&](const trial::Trial& trial) {
      if (trial.purpose() == trial::Purpose::Search) visit(trial);
    };
    const auto trials = history.trials();
    for (; num_trials_ < trials.size(); ++num_trials_) visit_searched(trials[num_trials_]);
    const auto finished = history.finished_order();
    for (; num_finished_ < finished.size(); ++num_finished_) {
      visit_searched(history.trial(finished[num_finished_]));
    }
    for (const TrialId id : history.running()) visit_searched(history.trial(id));
  }

 private:
  std::size_t num_trials_ = 0;
  std::size_t num_finished_ = 0;
};

}  // namespace wattune::schedulers
