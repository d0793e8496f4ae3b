#pragma once

#include <optional>
#include <set>

#include "wattune/schedulers/bracket.hpp"

namespace wattune::schedulers {

/// Trials that were cut short on the way to a resource: that of all, or where each was assigned to.
class Unfinished {
 public:
  explicit Unfinished(std::optional<double> target = std::nullopt) : target_(target) {}

  void clear() { trials_.clear(); }

  void update(const trial::Trial& trial) {
    if (trial.is_running() || is_settled(trial, target_.value_or(trial.target()))) {
      trials_.erase(trial.id());
    } else {
      trials_.insert(trial.id());
    }
  }

  /// The oldest of them.
  [[nodiscard]] std::optional<TrialId> first() const {
    if (trials_.empty()) return std::nullopt;
    return *trials_.begin();
  }

 private:
  std::optional<double> target_;
  std::set<TrialId> trials_;
};

}  // namespace wattune::schedulers
