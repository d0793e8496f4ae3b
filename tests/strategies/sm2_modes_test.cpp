#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <map>
#include <set>

#include "contracts/strategy_contract.hpp"
#include "sm2_studies.hpp"
#include "wattune/strategies/sm2.hpp"

// The ways of SM2 that are not the usual ones.

namespace wattune::strategies {
namespace {

using contracts::case_name;
using contracts::StrategyCase;
using contracts::StrategyContract;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

StrategyCase mode_case(std::string name, const std::function<void(Sm2Options&)>& change,
                       std::optional<trial::Resource> resource = std::nullopt) {
  const auto problem = [resource] {
    return problem_of({batch_size(), learning_rate(), float_parameter("dropout", 0, 0.5, {}, 0.1)},
                      resource.value_or(trial::Resource{ResourceUnit::Samples, 500.0, 20'000.0}));
  };
  const auto make = [problem, change] {
    Sm2Options options = short_options();
    options.max_candidates = 12;
    change(options);
    return sm2(problem(), options);
  };
  return {std::move(name), problem, make, true};
}

INSTANTIATE_TEST_SUITE_P(
    Sm2Modes, StrategyContract,
    ::testing::Values(
        mode_case("Projected", [](Sm2Options& o) { o.energy_mode = EnergyMode::Projected; }),
        mode_case("BatchSizeFirst",
                  [](Sm2Options& o) {
                    o.order = Sm2Order::BatchSizeFirst;
                    o.window_tolerance = 10.0;
                  }),
        mode_case(
            "EqualJoules", [](Sm2Options& o) { o.rung_unit = RungUnit::Joules; },
            trial::Resource{ResourceUnit::Steps, 4.0, 320.0}),
        mode_case("NonDominated", [](Sm2Options& o) { o.rule = HalvingRule::NonDominated; }),
        mode_case("CostAware", [](Sm2Options& o) { o.rule = HalvingRule::CostAware; }),
        mode_case("RangeTest", [](Sm2Options& o) { o.rate_search = RateSearch::RangeTest; }),
        mode_case("Everything",
                  [](Sm2Options& o) {
                    o.energy_mode = EnergyMode::Projected;
                    o.order = Sm2Order::BatchSizeFirst;
                    o.window_tolerance = 10.0;
                    o.rung_unit = RungUnit::Joules;
                    o.rule = HalvingRule::CostAware;
                    o.rate_search = RateSearch::RangeTest;
                    o.eta = 3;
                  })),
    case_name);

std::vector<const trial::Trial*> probes_in(const SimulatedStudy& study, std::uint16_t kind) {
  std::vector<const trial::Trial*> probes;
  for (const trial::Trial& trial : study.history().trials()) {
    const bool is_probe = trial.purpose() == trial::Purpose::Probe;
    if (is_probe && trial.bracket() == kind) probes.push_back(&trial);
  }
  return probes;
}

TEST(Sm2Probe, ABatchSizeThatFillsTheMemoryEndsTheDoublingAndIsOut) {
  SimulatedTraining training = classifier(usual_problem());
  const auto metrics = training.metrics;
  training.metrics = [metrics](const space::Configuration& configuration, TrialId id, double step) {
    auto values = metrics(configuration, id, step);
    const double size = number_at(usual_problem(), configuration, "batch_size");
    values.push_back({"memory_share", size / 260.0});  // 128: 49 %, 256: 98 %
    values.push_back({"utilisation", 0.75});
    return values;
  };
  const SimulatedStudy study = finished_study(usual_problem(), training);
  EXPECT_THAT(probed_sizes(study), ElementsAre(16, 32, 64, 128, 256));
  for (const trial::Trial* candidate : candidates_in(study)) {
    EXPECT_LE(number_at(usual_problem(), candidate->configuration(), "batch_size"), 128);
  }
  const std::string notes = notes_of(study);
  EXPECT_THAT(notes, HasSubstr("Batch size 256 fills 98.5 % of the memory, more than 90 %"));
  EXPECT_THAT(notes, HasSubstr("utilisation 0.75, 49.2 % of memory"));
}

TEST(Sm2Probe, TheSmallestBatchSizeIsTakenWhereItAloneRunsHoweverFullTheMemoryIs) {
  SimulatedTraining training = classifier(usual_problem());
  const auto metrics = training.metrics;
  training.metrics = [metrics](const space::Configuration& configuration, TrialId id, double step) {
    auto values = metrics(configuration, id, step);
    values.push_back({"memory_share", 0.97});
    return values;
  };
  const SimulatedStudy study = finished_study(usual_problem(), training);
  EXPECT_THAT(probed_sizes(study), ElementsAre(16));
  for (const trial::Trial* candidate : candidates_in(study)) {
    if (candidate->origin() == trial::Origin::Default) continue;
    EXPECT_EQ(number_at(usual_problem(), candidate->configuration(), "batch_size"), 16);
  }
}

TEST(Sm2Probe, EverySessionBeginsWithThePowerWithoutWork) {
  const trial::Problem problem = usual_problem();
  SimulatedStudy study(problem, classifier(problem));
  study.run(*sm2(problem, short_options()), 200);
  study.interrupt();

  trial::History history(problem);
  for (const trial::Event& event : study.events()) history.apply(event);
  const auto strategy = sm2(problem, short_options());
  const std::string before = in_words(strategy->next(history), problem.space);
  history.apply(trial::SessionStarted{"{}"});
  EXPECT_EQ(in_words(strategy->next(history), problem.space), "idle");
  history.apply(trial::IdleMeasured{Watts{1.0}, Seconds{1.0}, {}});
  EXPECT_EQ(in_words(strategy->next(history), problem.space), before);
}

TEST(Sm2Probe, AFinishedStudyHasNoPowerToMeasure) {
  const SimulatedStudy study = finished_study(usual_problem(), classifier(usual_problem()));
  trial::History history(usual_problem());
  for (const trial::Event& event : study.events()) history.apply(event);
  history.apply(trial::SessionStarted{"{}"});
  const auto next = sm2(usual_problem(), short_options())->next(history);
  EXPECT_TRUE(std::holds_alternative<Finished>(next));
}

space::Parameter optimizer(std::vector<std::string> names) {
  space::Parameter parameter;
  parameter.name = "optimizer";
  space::ChoiceDomain domain;
  for (std::string& name : names) domain.choices.emplace_back(std::move(name));
  parameter.default_value = domain.choices.front();
  parameter.domain = std::move(domain);
  return parameter;
}

TEST(Sm2Rates, TheGridKeepsToTheUsualRatesOfTheOptimizer) {
  const space::Parameter wide =
      float_parameter("lr", 1e-7, 10.0, true, 0.01, space::Role::LearningRate);
  const trial::Problem problem = problem_of({wide, optimizer({"AdamW", "sgd", "other"})});
  SimulatedTraining training = classifier(problem);
  const SimulatedStudy study = finished_study(problem, training);
  std::map<std::size_t, std::set<double>> rates;
  for (const trial::Trial* candidate : candidates_in(study)) {
    const auto choice = std::get<space::ChoiceIndex>(candidate->configuration()[1]);
    rates[choice.index].insert(number_at(problem, candidate->configuration(), "lr"));
  }
  ASSERT_EQ(rates.size(), 3U);
  EXPECT_GE(*rates[0].begin(), 1e-5 * (1 - 1e-9));
  EXPECT_LE(*rates[0].rbegin(), 0.1 * (1 + 1e-9));
  EXPECT_GE(*rates[1].begin(), 1e-4 * (1 - 1e-9));
  EXPECT_LE(*rates[1].rbegin(), 1.0 * (1 + 1e-9));
}

TEST(Sm2Rates, ARangeOutsideTheUsualOneIsTakenAsItIs) {
  const space::Parameter high =
      float_parameter("lr", 2.0, 32.0, true, 4.0, space::Role::LearningRate);
  Sm2Options options = short_options();
  options.optimizer = OptimizerKind::Adam;
  const trial::Problem problem = problem_of({high});
  const SimulatedStudy study = finished_study(problem, classifier(problem), options);
  std::set<double> rates;
  for (const trial::Trial* candidate : candidates_in(study)) {
    rates.insert(number_at(problem, candidate->configuration(), "lr"));
  }
  EXPECT_EQ(*rates.begin(), 2.0);
  EXPECT_EQ(*rates.rbegin(), 32.0);
}

/// Rates of 0.1 and more diverge, in one way or the other.
SimulatedTraining divergent(bool reports_not_a_number) {
  SimulatedTraining training = classifier(usual_problem());
  const auto metrics = training.metrics;
  training.metrics = [=](const space::Configuration& configuration, TrialId id, double step) {
    auto values = metrics(configuration, id, step);
    if (number_at(usual_problem(), configuration, "lr") < 0.1) return values;
    values[1].value =
        reports_not_a_number ? std::numeric_limits<double>::quiet_NaN() : std::exp(step / 1'000.0);
    return values;
  };
  return training;
}

TEST(Sm2Rates, TheRangeTestDiscardsDivergentRatesByBisection) {
  // The grid: 1e-4 to 1 in 8 points, of which 0.27 and 1 diverge.
  for (const bool reports_not_a_number : {false, true}) {
    Sm2Options options = short_options();
    options.rate_search = RateSearch::RangeTest;
    const SimulatedStudy study =
        finished_study(usual_problem(), divergent(reports_not_a_number), options);
    const auto tests = probes_in(study, 1);
    EXPECT_LE(tests.size(), 4U);
    EXPECT_GE(tests.size(), 3U);
    for (const trial::Trial* test : tests) {
      EXPECT_EQ(number_at(usual_problem(), test->configuration(), "batch_size"), 512);
      EXPECT_EQ(test->stage(), trial::Stage::Probe);
      EXPECT_LE(test->step(), 512.0 * (options.range_test_steps + 10.0));
    }
    std::set<double> rates;
    for (const trial::Trial* candidate : candidates_in(study)) {
      if (candidate->origin() == trial::Origin::Default) continue;
      rates.insert(number_at(usual_problem(), candidate->configuration(), "lr"));
    }
    EXPECT_EQ(rates.size(), 6U);
    EXPECT_LT(*rates.rbegin(), 0.1);
    EXPECT_THAT(notes_of(study, options), HasSubstr("Range test: 6 of 8 learning rates are left"));
  }
}

TEST(Sm2Rates, TheSmallestRateStaysWhereEveryRateDiverges) {
  SimulatedTraining training = classifier(usual_problem());
  training.metrics = [](const space::Configuration&, TrialId, double step) {
    return std::vector<trial::MetricValue>{{"accuracy", 0.1}, {"train_loss", std::exp(step / 500)}};
  };
  Sm2Options options = short_options();
  options.rate_search = RateSearch::RangeTest;
  const SimulatedStudy study = finished_study(usual_problem(), training, options);
  EXPECT_EQ(probes_in(study, 1).size(), 4U);
  EXPECT_GE(candidates_in(study).size(), 2U);
}

TEST(Sm2Order, BatchSizesAreHalvedFirstAndLearningRatesAtTheOneThatWon) {
  Sm2Options options = short_options();
  options.order = Sm2Order::BatchSizeFirst;
  options.window_tolerance = 10.0;  // every batch size
  options.weights = {1.0, 0.0, 0.0};
  const SimulatedStudy study =
      finished_study(usual_problem(), classifier(usual_problem()), options);

  const auto candidates = candidates_in(study);
  ASSERT_EQ(candidates.size(), 6U + 8U);
  std::set<double> sizes_of_second;
  const trial::Trial* chosen = nullptr;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const space::Configuration& configuration = candidates[i]->configuration();
    EXPECT_EQ(candidates[i]->bracket(), i < 6 ? 0 : 1);
    if (i < 6) {
      EXPECT_EQ(number_at(usual_problem(), configuration, "lr"), 0.01);
      if (chosen == nullptr || candidates[i]->rung() > chosen->rung()) chosen = candidates[i];
    } else {
      sizes_of_second.insert(number_at(usual_problem(), configuration, "batch_size"));
    }
  }
  ASSERT_EQ(sizes_of_second.size(), 1U);
  EXPECT_EQ(number_at(usual_problem(), chosen->configuration(), "batch_size"),
            *sizes_of_second.begin());
  ASSERT_NE(winner_of(study), nullptr);
  EXPECT_EQ(winner_of(study)->step(), kMaxSamples);
  int num_complete = 0;
  for (const trial::Trial* candidate : candidates) num_complete += candidate->step() == kMaxSamples;
  EXPECT_EQ(num_complete, 1);
  EXPECT_THAT(notes_of(study, options), HasSubstr("was chosen; learning rates come next"));
}

TEST(Sm2Order, TheBatchSizeThatWonMayFailLaterAndThenTakesNobodysPlace) {
  // Of 16 and 32, 32 wins after 10,000 samples. The first rung of the second halving is longer, as
  // 32 is faster: it has to go on in it like the other two candidates.
  const trial::Problem problem =
      problem_of({int_parameter("batch_size", 16, 32, 32, space::Role::BatchSize),
                  float_parameter("lr", 1e-4, 1.0, true, 0.03, space::Role::LearningRate)});
  Sm2Options options = short_options();
  options.order = Sm2Order::BatchSizeFirst;
  options.window_tolerance = 10.0;
  options.weights = {1.0, 0.0, 0.0};
  options.num_learning_rates = 2;
  options.min_rung_duration = Seconds{1.0};
  const SimulatedStudy undisturbed = finished_study(problem, classifier(problem), options);
  std::map<TrialId, std::vector<double>> targets;
  for (const trial::Event& event : undisturbed.events()) {
    const auto* assigned = std::get_if<trial::Assigned>(&event);
    if (assigned == nullptr || assigned->assignment.stage == trial::Stage::Probe) continue;
    targets[assigned->assignment.trial].push_back(assigned->assignment.to);
  }
  const TrialId chosen = winner_of(undisturbed)->id();
  ASSERT_EQ(winner_of(undisturbed)->bracket(), 0);
  ASSERT_THAT(targets[chosen], ElementsAre(10'000.0, 13'334.0, 26'668.0, kMaxSamples));

  for (const double fails_before : {13'334.0, 26'668.0}) {
    SimulatedTraining training = classifier(problem);
    training.failure = [=](const space::Configuration&, TrialId id) {
      return id == chosen ? std::optional(std::pair{fails_before - 1.0, trial::Outcome::FailedExit})
                          : std::nullopt;
    };
    for (const std::size_t num_slots : {1U, 3U}) {
      const SimulatedStudy study = finished_study(problem, training, options, num_slots);
      expect_same_answers(study, [&] { return sm2(problem, options); });
      EXPECT_EQ(study.history().trial(chosen).state(), trial::TrialState::Failed);
      std::size_t num_promoted = 0;
      std::size_t num_complete = 0;
      for (const trial::Trial* candidate : candidates_in(study)) {
        num_promoted += candidate->bracket() == 1 && candidate->rung() > 0 ? 1 : 0;
        num_complete += candidate->step() == kMaxSamples ? 1 : 0;
      }
      // Of three in the first rung two go on; the chosen one is one of them if it can.
      EXPECT_EQ(num_promoted, fails_before < 20'000.0 ? 2U : 1U);
      EXPECT_EQ(num_complete, 1U);
    }
  }
}

TEST(Sm2Rungs, GiveEveryCandidateTheSameJoulesWhereTheyAreEqualInJoules) {
  const auto spread_of = [](RungUnit unit) {
    Sm2Options options = short_options();
    options.rung_unit = unit;
    options.window_tolerance = 10.0;  // 16 costs 3.2 times as much per sample as 512
    options.min_rung_duration = Seconds{0.0};
    const SimulatedStudy study =
        finished_study(usual_problem(), classifier(usual_problem()), options);
    double least = std::numeric_limits<double>::infinity();
    double most = 0.0;
    for (const trial::Event& event : study.events()) {
      const auto* assigned = std::get_if<trial::Assigned>(&event);
      if (assigned == nullptr || assigned->assignment.stage != trial::Stage::Exploration) continue;
      if (assigned->assignment.rung != 1) continue;
      const auto& configuration = study.history().trial(assigned->assignment.trial).configuration();
      const double joules =
          assigned->assignment.to *
          joules_per_sample(number_at(usual_problem(), configuration, "batch_size"));
      least = std::min(least, joules);
      most = std::max(most, joules);
    }
    return most / least;
  };
  EXPECT_GT(spread_of(RungUnit::Samples), 1.5);
  EXPECT_LT(spread_of(RungUnit::Joules), 1.01);
}

TEST(Sm2Rungs, TheCostAwareCutPassesOnItsShareOfTheEnergyAtMost) {
  Sm2Options options = short_options();
  options.rule = HalvingRule::CostAware;
  options.window_tolerance = 10.0;
  const SimulatedStudy study =
      finished_study(usual_problem(), classifier(usual_problem()), options);
  double total = 0.0;
  double passed_on = 0.0;
  for (const trial::Trial* candidate : candidates_in(study)) {
    const auto first = std::ranges::find_if(study.events(), [&](const trial::Event& event) {
      const auto* assigned = std::get_if<trial::Assigned>(&event);
      return assigned != nullptr && assigned->assignment.trial == candidate->id();
    });
    const double target = std::get<trial::Assigned>(*first).assignment.to;
    const double joules =
        candidate->reports()[*candidate->first_report_at(target)].energy.joules().value();
    total += joules;
    if (candidate->rung() > 0) passed_on += joules;
  }
  EXPECT_LE(passed_on, 0.5 * total);
  EXPECT_GT(passed_on, 0.2 * total);
}

TEST(Sm2Rungs, AProjectionSeesThatASlowLearnerIsDearHoweverCheapItsSamplesAre) {
  // Trial 1 takes a tenth of the joules per sample and needs a hundred times the samples.
  const trial::Problem problem = problem_of({float_parameter("x", 0.0, 1.0, false, 0.5)},
                                            {ResourceUnit::Samples, 1'000.0, 64'000.0});
  SimulatedTraining training;
  const auto is_slow = [](const space::Configuration& c) { return std::get<double>(c[0]) != 0.5; };
  training.metrics = [=](const space::Configuration& configuration, TrialId, double step) {
    const double pace = is_slow(configuration) ? 0.1 : 0.5;
    return std::vector<trial::MetricValue>{
        {"accuracy", 1.0 - std::pow(step / 1'000.0 + 1.0, -pace)}};
  };
  training.joules_per_unit = [=](const space::Configuration& configuration) {
    return is_slow(configuration) ? 0.1 : 1.0;
  };
  const auto promoted_first = [&](EnergyMode mode) {
    Sm2Options options = short_options();
    options.energy_mode = mode;
    options.weights = {0.0, 1.0, 0.0};
    options.max_candidates = 4;
    options.target_quality = 0.6;
    options.reports_per_rung = 4;
    const SimulatedStudy study = finished_study(problem, training, options);
    std::set<std::uint32_t> gone_on;
    for (const trial::Trial* candidate : candidates_in(study)) {
      if (candidate->rung() > 0) gone_on.insert(candidate->id().number());
    }
    return gone_on;
  };
  // By energy alone the default is the dearest per sample; only the guard keeps it. Projected to an
  // accuracy of 0.6 it is the cheapest by far.
  EXPECT_EQ(promoted_first(EnergyMode::Rung).count(0), 1U);
  EXPECT_EQ(promoted_first(EnergyMode::Projected).count(0), 1U);
  Sm2Options options = short_options();
  options.energy_mode = EnergyMode::Projected;
  options.max_candidates = 4;
  options.target_quality = 0.6;
  options.weights = {0.0, 1.0, 0.0};
  const SimulatedStudy study = finished_study(problem, training, options);
  EXPECT_THAT(notes_of(study, options), ::testing::Not(HasSubstr("The guard kept trial 0")));
  options.energy_mode = EnergyMode::Rung;
  EXPECT_THAT(notes_of(finished_study(problem, training, options), options),
              HasSubstr("The guard kept trial 0"));
}

TEST(Sm2, TrialsThatAreCutOffInTheMiddleOfASessionAreTakenUpAgainByTheSameStrategy) {
  const trial::Problem problem = usual_problem();
  SimulatedStudy undisturbed(problem, classifier(problem), 3);
  EXPECT_TRUE(undisturbed.run(*sm2(problem, short_options())));

  SimulatedStudy study(problem, classifier(problem), 3);
  const auto strategy = sm2(problem, short_options());
  bool is_finished = false;
  for (std::size_t end = 60; !is_finished && end < 2'000; end += 17) {
    is_finished = study.run(*strategy, end);
    if (!is_finished) study.interrupt(trial::Outcome::CutBudget);
  }
  EXPECT_TRUE(is_finished);
  expect_same_answers(study, [&] { return sm2(problem, short_options()); });
  ASSERT_NE(winner_of(study), nullptr);
  EXPECT_EQ(winner_of(study)->configuration(), winner_of(undisturbed)->configuration());
}

TEST(Sm2, AnObjectiveOnAPhaseIsLookedAtAnewEveryTime) {
  trial::Problem problem = usual_problem();
  problem.constraints = {{trial::measure_from_text("energy.inference"), std::nullopt, 1.0}};
  SimulatedStudy study(problem, classifier(problem), 2);
  EXPECT_TRUE(study.run(*sm2(problem, short_options())));
  expect_same_answers(study, [&] { return sm2(problem, short_options()); });
}

TEST(Sm2, RefusesModesOutOfRange) {
  Sm2Options options;
  options.eta = 1;
  EXPECT_THROW(sm2(usual_problem(), options), ConfigError);
  options = {};
  options.memory_limit = 1.5;
  EXPECT_THROW(sm2(usual_problem(), options), ConfigError);
  options = {};
  options.range_test_steps = 0.0;
  EXPECT_THROW(sm2(usual_problem(), options), ConfigError);
}

}  // namespace
}  // namespace wattune::strategies
