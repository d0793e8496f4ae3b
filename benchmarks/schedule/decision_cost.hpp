#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "wattune/schedulers/scheduler.hpp"

namespace wattune::bench {

struct SchedulerToTime {
  std::string name;
  std::function<std::unique_ptr<schedulers::Scheduler>(const trial::Problem&)> make;
  bool wants_reports = false;  ///< Between two rungs.
};

/// Every scheduler and every rule, with their options as they are by default.
[[nodiscard]] std::vector<SchedulerToTime> schedulers_to_time();

/// What one decision costs: of `next` and `decide`, each by itself.
struct DecisionCost {
  std::string name;
  std::size_t num_objectives = 1;
  double median_us = 0.0;
  double p95_us = 0.0;  ///< 19 of 20 decisions cost no more.
};

struct DecisionTiming {
  std::size_t num_trials = 10'000;  ///< There before the clock runs.
  std::size_t num_timed = 1'000;
  std::size_t num_objectives = 1;
  std::size_t num_workers = 8;
};

/// Runs a made study of up to 27 epochs a trial with this scheduler, and times its decisions once
/// there are enough trials.
[[nodiscard]] DecisionCost time_decisions(const SchedulerToTime& scheduler,
                                          const DecisionTiming& timing = {});

}  // namespace wattune::bench
