#include <gtest/gtest.h>

#include "contracts/runner_contract.hpp"
#include "support/made_recordings.hpp"
#include "wattune/runners/replay.hpp"

namespace wattune::contracts {
namespace {

struct ReplayHarness {
  runners::Runner& runner() { return *replay; }
  space::Configuration configuration() { return space::Configuration{{0.9}}; }
  MonotonicTime now() { return clock.now(); }

  fake::MadeTrainings trainings;
  runners::VirtualClock clock;
  std::unique_ptr<runners::Runner> replay = runners::make_replay_runner(
      trainings, clock, {.num_workers = 2, .max_step = 4.0, .checkpoints_at_reports = false});
};

INSTANTIATE_TYPED_TEST_SUITE_P(Replay, RunnerContract, ReplayHarness);

}  // namespace
}  // namespace wattune::contracts
