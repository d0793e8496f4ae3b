#include "compared_trials.hpp"

#include <algorithm>
#include <functional>

namespace wattune::report {
namespace {

constexpr double kNear = 0.95;

}  // namespace

ComparedTrials compared_trials(const trial::History& history) {
  ComparedTrials compared;
  std::vector<const trial::Trial*> candidates;
  std::vector<double> reached;
  for (const trial::Trial& trial : history.trials()) {
    if (trial.purpose() != trial::Purpose::Search || trial.is_running()) continue;
    if (trial.state() == trial::TrialState::Failed) {
      ++compared.num_failed;
    } else if (!trial.reports().empty()) {
      candidates.push_back(&trial);
      reached.push_back(std::min(trial.step(), history.problem().resource.max));
    }
  }
  if (reached.empty()) return compared;
  std::ranges::sort(reached, std::greater{});
  compared.step = reached[(reached.size() - 1) / 2];
  for (const trial::Trial* trial : candidates) {
    if (trial->step() >= kNear * *compared.step) {
      compared.trials.push_back(trial);
    } else {
      ++compared.num_shorter;
    }
  }
  return compared;
}

}  // namespace wattune::report
