#include "wattune/trial/finalists.hpp"

#include <algorithm>

namespace wattune::trial {

bool counts_as_measured_again(const Trial& trial) {
  return trial.purpose() == Purpose::Finalist && trial.repeat() &&
         trial.state() == TrialState::Completed && trial.num_assignments() == 1 &&
         !trial.had_company();
}

std::vector<Finalist> finalists_of(const History& history) {
  std::vector<Finalist> finalists;
  if (history.num_finalist_trials() == 0) return finalists;
  for (const Trial& trial : history.trials()) {
    const auto repeat = trial.repeat();
    if (!repeat) continue;
    auto found = std::ranges::find(finalists, repeat->of, &Finalist::of);
    if (found == finalists.end()) found = finalists.insert(finalists.end(), {repeat->of, {}});
    if (counts_as_measured_again(trial)) found->again.try_emplace(repeat->number, trial.id());
  }
  return finalists;
}

}  // namespace wattune::trial
