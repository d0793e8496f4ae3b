#include "runner_figures.hpp"

#include <gtest/gtest.h>

#include <iostream>

#include "support/temporary_folder.hpp"

namespace wattune::bench {
namespace {

// Ten times what a benchmark allows: a busy machine must not fail a test.
TEST(RunnerFigures, AddLittleAroundATrial) {
  const TemporaryFolder folder;
  const TrialOverhead overhead = measure_trial_overhead(
      std::string(WATTUNE_TEST_CHILD) + " report-and return", folder.path(), 21);
  std::cout << "bare " << overhead.bare_ms << " ms, trial " << overhead.trial_ms << " ms\n";
  EXPECT_LT(overhead.overhead_ms, 50.0);
}

TEST(RunnerFigures, AreQuietWhileATrialIs) {
  const TemporaryFolder folder;
  const double percent = measure_idle_cpu_percent(folder.path(), Seconds{2.5});
  std::cout << "idle " << percent << " % of a core\n";
  EXPECT_LT(percent, 5.0);
}

}  // namespace
}  // namespace wattune::bench
