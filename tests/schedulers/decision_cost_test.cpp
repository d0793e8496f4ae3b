#include "../../benchmarks/schedule/decision_cost.hpp"

#include <gtest/gtest.h>

namespace wattune::bench {
namespace {

// The bar is 100 us on a machine of its own. A pass over the trials, let alone a sort, would take
// a hundred times as long for a hundred times the trials; a busy machine and a build without
// optimisation are given twenty times, and the median does not mind interruptions.
TEST(DecisionCost, HardlyGrowsWithTheNumberOfTrials) {
  constexpr double kBarUs = 100.0 * 20.0;
  for (const SchedulerToTime& scheduler : schedulers_to_time()) {
    for (const std::size_t num_objectives : {1U, 2U}) {
      const DecisionCost cost = time_decisions(
          scheduler, {.num_trials = 10'000, .num_timed = 500, .num_objectives = num_objectives});
      RecordProperty(cost.name + "_" + std::to_string(num_objectives) + "_us",
                     std::to_string(cost.median_us) + " " + std::to_string(cost.p95_us));
      EXPECT_LT(cost.median_us, kBarUs) << cost.name << " with " << num_objectives << " objectives";
    }
  }
}

}  // namespace
}  // namespace wattune::bench
