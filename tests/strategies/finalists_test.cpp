#include "wattune/strategies/finalists.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "contracts/strategy_contract.hpp"
#include "support/problems.hpp"
#include "support/simulated_study.hpp"
#include "support/uniform_sampler.hpp"
#include "wattune/base/result.hpp"
#include "wattune/schedulers/full.hpp"
#include "wattune/schedulers/successive_halving.hpp"
#include "wattune/strategies/compose.hpp"
#include "wattune/strategies/sm2.hpp"
#include "wattune/trial/finalists.hpp"

namespace wattune::strategies {
namespace {

using contracts::case_name;
using contracts::StrategyCase;
using contracts::StrategyContract;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr trial::Resource kSamples{trial::ResourceUnit::Samples, 10.0, 270.0};

trial::Problem two_floats() {
  return accuracy_problem(
      {float_parameter("x", 0.0, 1.0, false, 0.5), float_parameter("y", 0.0, 1.0, false, 0.5)},
      kSamples);
}

trial::Problem batch_and_rate() {
  return accuracy_problem({int_parameter("batch_size", 16, 128, 64, space::Role::BatchSize),
                           float_parameter("lr", 1e-3, 1.0, true, 0.01, space::Role::LearningRate)},
                          {trial::ResourceUnit::Samples, 1'000.0, 16'000.0});
}

std::unique_ptr<Strategy> full(std::size_t max_trials, const FinalistOptions& options) {
  return with_finalists(
      compose(std::make_unique<UniformSampler>(max_trials), schedulers::make_full(kSamples)),
      options);
}

std::unique_ptr<Strategy> halving(std::size_t max_trials, const FinalistOptions& options) {
  return with_finalists(compose(std::make_unique<UniformSampler>(max_trials),
                                schedulers::make_successive_halving(kSamples)),
                        options);
}

std::unique_ptr<Strategy> sm2(const FinalistOptions& options) {
  Sm2Options fast;
  fast.min_probe_duration = Seconds{0.5};
  fast.min_rung_duration = Seconds{0.1};
  return with_finalists(make_sm2(batch_and_rate(), std::make_unique<UniformSampler>(), fast),
                        options);
}

INSTANTIATE_TEST_SUITE_P(
    Finalists, StrategyContract,
    ::testing::Values(StrategyCase{"Full", two_floats, [] { return full(12, {}); }},
                      StrategyCase{"Halving", two_floats,
                                   [] { return halving(60, {.count = 4, .repeats = 3}); }},
                      StrategyCase{"Sm2", batch_and_rate, [] { return sm2({}); }, true},
                      StrategyCase{"TrialsBudget", two_floats,
                                   [] { return full(1000, {.budgets = {.trials = 9}}); }}),
    case_name);

/// Never fails; the accuracy falls with the distance of x from 0.3, the energy grows with x.
SimulatedTraining sound_training() {
  SimulatedTraining training = ordinary_training(two_floats());
  training.failure = [](const space::Configuration&, TrialId) { return std::nullopt; };
  return training;
}

std::vector<const trial::Trial*> finalist_trials(const trial::History& history) {
  std::vector<const trial::Trial*> found;
  for (const trial::Trial& trial : history.trials()) {
    if (trial.purpose() == trial::Purpose::Finalist) found.push_back(&trial);
  }
  return found;
}

std::vector<std::pair<std::uint32_t, int>> order_of(const trial::History& history) {
  std::vector<std::pair<std::uint32_t, int>> order;
  for (const trial::Trial* trial : finalist_trials(history)) {
    order.emplace_back(trial->repeat()->of.number(), trial->repeat()->number);
  }
  return order;
}

}  // namespace

// Pitfall 24
TEST(FinalistsOrder, IsCounterBalancedSoThatAMachineThatWarmsUpFavoursNobody) {
  SimulatedStudy study(two_floats(), sound_training());
  study.run(*full(10, {.count = 3, .repeats = 3}));

  const auto chosen = choose_finalists(study.history(), 3, 0.01);
  ASSERT_EQ(chosen.size(), 3U);
  const auto [a, b, c] = std::tuple{chosen[0].number(), chosen[1].number(), chosen[2].number()};
  using Step = std::pair<std::uint32_t, int>;
  EXPECT_THAT(order_of(study.history()),
              ElementsAre(Step{a, 0}, Step{b, 0}, Step{c, 0}, Step{c, 1}, Step{b, 1}, Step{a, 1},
                          Step{a, 2}, Step{b, 2}, Step{c, 2}));
}

TEST(Finalists, AreTrainedFromTheBeginningToTheEndWithNothingBesideThem) {
  SimulatedStudy study(two_floats(), sound_training(), 4);
  ASSERT_TRUE(study.run(*halving(60, {.count = 3, .repeats = 2})));

  const auto trials = finalist_trials(study.history());
  ASSERT_EQ(trials.size(), 6U);
  for (const trial::Trial* trial : trials) {
    EXPECT_TRUE(trial::counts_as_measured_again(*trial));
    EXPECT_EQ(trial->stage(), trial::Stage::Finalist);
    EXPECT_EQ(trial->step(), kSamples.max);
    EXPECT_EQ(trial->configuration(), study.history().trial(trial->repeat()->of).configuration());
  }
}

TEST(Finalists, OneThatWasInterruptedIsBegunAnewAndOneThatFailedIsNot) {
  SimulatedTraining training = sound_training();
  training.failure = [](const space::Configuration&,
                        TrialId id) -> std::optional<std::pair<double, trial::Outcome>> {
    if (id.number() != 9) return std::nullopt;
    return std::pair{50.0, trial::Outcome::FailedExit};
  };
  const FinalistOptions options{.count = 2, .repeats = 2};
  SimulatedStudy study(two_floats(), training);
  while (study.history().trials().size() < 8)
    study.run(*full(7, options), study.events().size() + 1);
  study.run(*full(7, options), study.events().size() + 9);
  study.interrupt();
  ASSERT_TRUE(study.run(*full(7, options)));

  // 7 was interrupted, 8 replaces it; 9 failed and stays so; 10 and 11 are the second round.
  using Step = std::pair<std::uint32_t, int>;
  const auto order = order_of(study.history());
  ASSERT_EQ(order.size(), 5U);
  EXPECT_EQ(order[1], order[0]);
  EXPECT_EQ(order[3], (Step{order[2].first, 1}));
  EXPECT_EQ(order[4], (Step{order[0].first, 1}));
  const auto finalists = trial::finalists_of(study.history());
  ASSERT_EQ(finalists.size(), 2U);
  EXPECT_EQ(finalists[0].again.at(0), TrialId{8});
  EXPECT_THAT(finalists[1].again,
              ElementsAre(std::pair<const std::uint16_t, TrialId>{1, TrialId{10}}));
}

TEST(Finalists, ComeOnTopOfTheBudgetsTrialsAndALargerBudgetGoesOnWithTheSearch) {
  const auto strategy = [](std::uint64_t trials) {
    return full(1000, {.count = 2, .repeats = 1, .budgets = {.trials = trials}});
  };
  SimulatedStudy study(two_floats(), sound_training(), 3);
  ASSERT_TRUE(study.run(*strategy(6)));
  EXPECT_EQ(study.history().trials().size(), 8U);
  EXPECT_EQ(study.history().num_finalist_trials(), 2U);

  ASSERT_TRUE(study.run(*strategy(7)));
  EXPECT_EQ(study.history().trials().size() - study.history().num_finalist_trials(), 7U);
  // Who was measured before is not measured again.
  EXPECT_LE(study.history().num_finalist_trials(), 4U);
  for (const trial::Finalist& each : trial::finalists_of(study.history())) {
    EXPECT_EQ(each.again.size(), 1U);
  }
}

TEST(Finalists, TheSearchLeavesThemWhatTheyWillNeedOfAnEnergyBudget) {
  // A trial takes 270 J to 540 J.
  const FinalistOptions options{.count = 2, .repeats = 2, .budgets = {.energy = Joules{8'000.0}}};
  SimulatedStudy study(two_floats(), sound_training());

  ASSERT_TRUE(study.run(*full(1000, options)));

  EXPECT_EQ(study.history().num_finalist_trials(), 4U);
  EXPECT_LE(study.joules(), 8'000.0);
  EXPECT_GE(study.joules(), 6'500.0) << "the search has left more than was needed";
}

TEST(Finalists, NothingIsMeasuredAgainWhereNothingWasReached) {
  SimulatedTraining training = sound_training();
  training.failure = [](const space::Configuration&, TrialId) {
    return std::optional(std::pair{0.0, trial::Outcome::FailedStart});
  };
  SimulatedStudy study(two_floats(), training);
  EXPECT_TRUE(study.run(*full(5, {})));
  EXPECT_EQ(study.history().num_finalist_trials(), 0U);
}

TEST(Finalists, SayWhatTheyAreInTheNotesAndWhileTheyRun) {
  const FinalistOptions options{.count = 1, .repeats = 2};
  SimulatedStudy study(two_floats(), sound_training());
  const auto strategy = full(4, options);
  while (study.history().trials().size() < 5) study.run(*strategy, study.events().size() + 1);
  EXPECT_EQ(strategy->progress(study.history()), "measuring finalists again: training 1 of 2");

  study.run(*strategy);
  EXPECT_THAT(strategy->notes(study.history()).back(), HasSubstr("one at a time"));
}

TEST(Finalists, CanBeAskedForWhenTheSearchHasLongEnded) {
  SimulatedStudy study(two_floats(), sound_training());
  const auto search = compose(std::make_unique<UniformSampler>(6), schedulers::make_full(kSamples));
  study.run(*search);
  const auto strategy = full(6, {.count = 2, .repeats = 2});

  ASSERT_TRUE(study.run(*strategy));

  EXPECT_EQ(study.history().num_finalist_trials(), 4U);
  EXPECT_EQ(strategy->describe(), search->describe());
}

TEST(Finalists, RefuseToBeNone) {
  EXPECT_THROW(full(4, {.count = 0}), ConfigError);
  EXPECT_THROW(full(4, {.repeats = 0}), ConfigError);
}

namespace {

/// A history of complete trials: accuracy and joules of each.
trial::History measured(const std::vector<std::pair<double, double>>& results,
                        bool with_energy_objective) {
  trial::Problem problem = two_floats();
  if (with_energy_objective) {
    problem.objectives.push_back({trial::measure_from_text("energy"), trial::Direction::Minimize});
  }
  trial::History history(problem);
  for (const auto& [accuracy, joules] : results) {
    const TrialId id = history.next_trial_id();
    history.apply(trial::TrialCreated{id, trial::Purpose::Search, trial::Origin::Sampler,
                                      space::Configuration({0.1 * id.number(), 0.5})});
    history.apply(trial::Assigned{{id, 0.0, 270.0, 0, 0, trial::Stage::Exploration, {}}});
    EnergyFigure energy;
    energy.dynamic = to_microjoules(Joules{joules});
    history.apply(trial::Reported{id, 270.0, 0, Seconds{1}, energy, {{"accuracy", accuracy}}});
    history.apply(trial::AssignmentEnded{id, trial::Outcome::Completed, "", {}, {}});
  }
  return history;
}

std::vector<std::uint32_t> numbers(const std::vector<TrialId>& trials) {
  std::vector<std::uint32_t> all;
  for (const TrialId id : trials) all.push_back(id.number());
  return all;
}

}  // namespace

TEST(ChooseFinalists, TakesTheCheapestThatIsGoodEnoughThenTheBestThenTheOthers) {
  const auto history =
      measured({{0.80, 10}, {0.900, 90}, {0.895, 40}, {0.893, 30}, {0.898, 60}, {0.70, 5}}, false);
  EXPECT_THAT(numbers(choose_finalists(history, 4, 0.01)), ElementsAre(3U, 1U, 2U, 4U));
  EXPECT_THAT(numbers(choose_finalists(history, 1, 0.01)), ElementsAre(3U));
  EXPECT_THAT(numbers(choose_finalists(history, 9, 0.01)), ElementsAre(3U, 1U, 2U, 4U, 0U, 5U));
}

TEST(ChooseFinalists, TakesTheFrontFirstWhereThereAreSeveralObjectives) {
  // Trial 2 is good enough, but trial 3 beats it in both.
  const auto history = measured({{0.80, 10}, {0.900, 90}, {0.893, 40}, {0.895, 30}}, true);
  EXPECT_THAT(numbers(choose_finalists(history, 3, 0.01)), ElementsAre(3U, 1U, 0U));
}

TEST(ChooseFinalists, TakesNobodyWhereNothingIsKnown) {
  EXPECT_THAT(choose_finalists(trial::History(two_floats()), 3, 0.01), IsEmpty());
}

TEST(ChooseFinalists, TakesTheWinnerOfARaceAndThenThoseWhoCameFurthest) {
  SimulatedStudy study(two_floats(), sound_training());
  study.run(*compose(std::make_unique<UniformSampler>(27),
                     schedulers::make_successive_halving(kSamples)));

  const auto chosen = choose_finalists(study.history(), 3, 0.0);

  ASSERT_EQ(chosen.size(), 3U);
  EXPECT_TRUE(study.history().is_complete(study.history().trial(chosen[0])));
  double least = kSamples.max;
  for (const TrialId id : chosen) least = std::min(least, study.history().trial(id).step());
  std::size_t num_further = 0;
  for (const trial::Trial& trial : study.history().trials()) num_further += trial.step() > least;
  EXPECT_LT(num_further, 3U);
}

}  // namespace wattune::strategies
