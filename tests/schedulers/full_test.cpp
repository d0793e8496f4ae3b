#include "wattune/schedulers/full.hpp"

#include <gtest/gtest.h>

#include "contracts/scheduler_contract.hpp"

namespace wattune::contracts {

INSTANTIATE_TEST_SUITE_P(Full, SchedulerContract,
                         ::testing::Values(SchedulerCase{"Full",
                                                         [](const trial::Problem& problem) {
                                                           return schedulers::make_full(
                                                               problem.resource);
                                                         }}),
                         scheduler_case_name);

}  // namespace wattune::contracts

namespace wattune::schedulers {

TEST(Full, TakesEveryTrialThatDoesNotFailToTheEnd) {
  const trial::Problem problem =
      accuracy_problem({float_parameter("x", 0.0, 1.0)}, {trial::ResourceUnit::Epochs, 1.0, 20.0});
  SimulatedStudy study(problem, ordinary_training(problem), 2);
  ScheduledStudy strategy(make_full(problem.resource), 12);
  study.run(strategy);

  for (const trial::Trial& trial : study.history().trials()) {
    const bool fails = trial.id().number() == 5;
    EXPECT_EQ(trial.state(), fails ? trial::TrialState::Failed : trial::TrialState::Completed);
    EXPECT_EQ(trial.num_assignments(), 1);
  }
}

}  // namespace wattune::schedulers
