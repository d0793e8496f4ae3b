#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "wattune/schedulers/scheduler.hpp"
#include "wattune/trial/problem.hpp"

namespace wattune::config {

/// A scheduler with its options, as the study file chose it.
struct SchedulerSection {
  std::string name = {};
  bool needs_rungs = false;  ///< Whether it compares trials on the way to a full training.
  bool has_rules = false;    ///< Whether a rule may stop any trial.
  bool pauses = false;       ///< Whether it stops trials there and continues some of them later.
  /// Takes    max_trials  what the budget allows, where it counts trials
  std::function<std::unique_ptr<schedulers::Scheduler>(const trial::Problem&,
                                                       std::optional<std::size_t> max_trials)>
      make = {};

  /// Does any trial end before it is fully trained?
  [[nodiscard]] bool stops_early() const { return needs_rungs || has_rules; }
};

/// The scheduler of that name with all options as they are by default; a known name.
[[nodiscard]] SchedulerSection scheduler_of(std::string_view name);

}  // namespace wattune::config
