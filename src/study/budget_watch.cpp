#include "budget_watch.hpp"

#include <algorithm>

namespace wattune::study {
namespace {

/// A rate needs some time to be one.
constexpr Seconds kShortestRate{0.1};
/// A budget that is as good as used up is not looked at all the time.
constexpr Seconds kShortestWait{0.01};

}  // namespace

void BudgetWatch::look(const std::vector<trial::BudgetUse>& uses, MonotonicTime now) {
  for (const trial::BudgetUse& use : uses) {
    if (use.name == "trials") continue;
    const auto [found, is_new] = budgets_.try_emplace(use.name);
    Budget& budget = found->second;
    const Seconds time = is_new ? Seconds{} : elapsed(budget.since, now);
    if (time >= kShortestRate) budget.rate = (use.used - budget.used_then) / time.value();
    if (is_new || time >= kShortestRate) {
      budget.since = now;
      budget.used_then = use.used;
    }
    budget.left = std::max(0.0, use.limit - use.used);
  }
}

Seconds BudgetWatch::until_next(Seconds at_most) const {
  Seconds wait = at_most;
  for (const auto& [name, budget] : budgets_) {
    if (budget.rate <= 0.0) continue;
    wait = std::min(wait, std::max(kShortestWait, Seconds{budget.left / budget.rate}));
  }
  return std::min(wait, at_most);
}

}  // namespace wattune::study
