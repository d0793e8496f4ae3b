#include "wattune/strategies/race.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "contracts/strategy_contract.hpp"
#include "support/problems.hpp"
#include "support/simulated_study.hpp"
#include "wattune/base/result.hpp"

namespace wattune::strategies {
namespace {

using contracts::case_name;
using contracts::StrategyCase;
using contracts::StrategyContract;

constexpr trial::Resource kEpochs{trial::ResourceUnit::Epochs, 1.0, 27.0};

trial::Problem few_values() {
  return accuracy_problem({int_parameter("n", 1, 8, 2), int_parameter("m", 1, 3, 2)}, kEpochs);
}

trial::Problem with_choices() {
  space::Parameter kind{"kind", space::ChoiceDomain{{"sgd", "adam", "rmsprop"}, false}, {}, {}, {}};
  space::Parameter depth = int_parameter("depth", 1, 5, 2);
  depth.default_value.reset();
  depth.when = {{"kind", space::Comparison::In, {"adam"}}};
  return accuracy_problem({std::move(kind), std::move(depth)}, kEpochs);
}

trial::Problem two_objectives() {
  trial::Problem problem = few_values();
  problem.objectives.push_back({{trial::MeasureKind::Energy, ""}, trial::Direction::Minimize});
  problem.constraints.push_back({{trial::MeasureKind::Metric, "train_loss"}, {}, 1.4});
  return problem;
}

trial::Problem two_floats() {
  return accuracy_problem(
      {float_parameter("x", 0.0, 1.0, false, 0.9), float_parameter("y", 0.0, 1.0, false, 0.9)},
      kEpochs);
}

INSTANTIATE_TEST_SUITE_P(
    Race, StrategyContract,
    ::testing::Values(StrategyCase{"OneObjective", few_values,
                                   [] { return make_race(few_values()); }},
                      StrategyCase{"ChoicesAndConditions", with_choices,
                                   [] { return make_race(with_choices()); }},
                      StrategyCase{"TwoObjectivesAndAConstraint", two_objectives,
                                   [] { return make_race(two_objectives()); }},
                      StrategyCase{"FullTrainings", few_values,
                                   [] {
                                     return make_race(few_values(), {.can_pause = false});
                                   }}),
    case_name);

}  // namespace
}  // namespace wattune::strategies
