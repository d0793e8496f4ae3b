#include "wattune/strategies/sm2.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "contracts/strategy_contract.hpp"
#include "sm2_studies.hpp"
#include "support/sm2_equality.hpp"
#include "wattune/base/result.hpp"

namespace wattune::strategies {
namespace {

using contracts::case_name;
using contracts::StrategyCase;
using contracts::StrategyContract;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
StrategyCase contract_case(std::string name, std::vector<space::Parameter> parameters,
                           trial::Resource resource) {
  const auto problem = [parameters, resource] { return problem_of(parameters, resource); };
  return {std::move(name), problem, [problem] { return sm2(problem(), short_options()); }, true};
}

StrategyCase energy_blind(StrategyCase made) {
  const auto problem = made.problem;
  made.make = [problem] {
    Sm2Options options = short_options();
    options.weights = {1.0, 0.0, 0.0};
    return sm2(problem(), options);
  };
  made.decides_on_energy = false;
  return made;
}

space::Parameter constant(std::string name) {
  space::Parameter parameter;
  parameter.name = std::move(name);
  parameter.domain = space::ConstantDomain{std::int64_t{3}};
  return parameter;
}

INSTANTIATE_TEST_SUITE_P(
    Sm2, StrategyContract,
    ::testing::Values(
        contract_case("Samples",
                      {batch_size(), learning_rate(), float_parameter("dropout", 0, 0.5, {}, 0.1)},
                      {ResourceUnit::Samples, 500.0, 20'000.0}),
        contract_case("Steps", {batch_size(), learning_rate()}, {ResourceUnit::Steps, 4.0, 320.0}),
        contract_case("Epochs", {batch_size(), learning_rate()}, {ResourceUnit::Epochs, 1.0, 60.0}),
        contract_case("NoBatchSize", {learning_rate(), float_parameter("dropout", 0.0, 0.5)},
                      {ResourceUnit::Epochs, 1.0, 30.0}),
        contract_case("NoLearningRate", {batch_size(), float_parameter("dropout", 0.0, 0.5)},
                      {ResourceUnit::Samples, 500.0, 20'000.0}),
        contract_case("NoRoles", {float_parameter("x", 0.0, 1.0)},
                      {ResourceUnit::Samples, 500.0, 20'000.0}),
        contract_case("OneCandidate", {constant("x")}, {ResourceUnit::Samples, 500.0, 20'000.0}),
        energy_blind(contract_case("EnergyBlind", {batch_size(), learning_rate()},
                                   {ResourceUnit::Samples, 500.0, 20'000.0}))),
    case_name);

TEST(Sm2, ProbesEveryPowerOfTwoAfterTheIdlePower) {
  const SimulatedStudy study = finished_study(usual_problem(), classifier(usual_problem()));
  EXPECT_THAT(probed_sizes(study), ElementsAre(16, 32, 64, 128, 256, 512));
  EXPECT_TRUE(std::holds_alternative<trial::IdleMeasured>(study.events().front()));
  for (const trial::Trial& trial : study.history().trials()) {
    if (trial.purpose() != trial::Purpose::Probe) continue;
    EXPECT_EQ(trial.stage(), trial::Stage::Probe);
    EXPECT_EQ(trial.state(), trial::TrialState::Stopped);
    EXPECT_EQ(number_at(usual_problem(), trial.configuration(), "lr"), 0.01);
  }
}

TEST(Sm2, AProbeStopsWhenItHasMeasuredLongEnoughAndNoSooner) {
  const SimulatedStudy study = finished_study(usual_problem(), classifier(usual_problem()));
  const Sm2Options options = short_options();
  for (const trial::Trial& trial : study.history().trials()) {
    if (trial.purpose() != trial::Purpose::Probe) continue;
    const double size = number_at(usual_problem(), trial.configuration(), "batch_size");
    const auto reports = trial.reports();
    EXPECT_EQ(reports.front().step, options.num_warmup_steps * size);
    const auto measured = [&](std::size_t end) {
      return std::pair{(reports[end].step - reports.front().step) / size,
                       reports[end].duration_s - reports.front().duration_s};
    };
    const auto [steps, seconds] = measured(reports.size() - 1);
    EXPECT_GE(steps, options.min_probe_steps);
    EXPECT_GE(seconds, options.min_probe_duration.value());
    const auto [steps_before, seconds_before] = measured(reports.size() - 2);
    EXPECT_TRUE(steps_before < options.min_probe_steps ||
                seconds_before < options.min_probe_duration.value());
  }
}

TEST(Sm2, CandidatesComeFromTheEfficiencyWindowAndTheDefaultIsAlwaysAmongThem) {
  // Per sample 1 + 40 / b millijoules: 512 costs 1.078, 256 1.156, 128 1.3125; 10 % above the least
  // is 1.186.
  const SimulatedStudy study = finished_study(usual_problem(), classifier(usual_problem()));
  const auto candidates = candidates_in(study);
  ASSERT_EQ(candidates.size(), 16U);
  EXPECT_EQ(candidates[0]->origin(), trial::Origin::Default);
  EXPECT_EQ(candidates[0]->configuration(), usual_problem().space.default_configuration());

  std::map<double, int> num_of_size;
  std::map<double, int> num_of_rate;
  for (const trial::Trial* candidate : std::span(candidates).subspan(1)) {
    EXPECT_EQ(candidate->origin(), trial::Origin::Sm2);
    ++num_of_size[number_at(usual_problem(), candidate->configuration(), "batch_size")];
    ++num_of_rate[number_at(usual_problem(), candidate->configuration(), "lr")];
  }
  EXPECT_EQ(num_of_size.size(), 2U);
  EXPECT_GE(num_of_size[256], 7);
  EXPECT_GE(num_of_size[512], 7);
  EXPECT_EQ(num_of_rate.size(), 8U);
  EXPECT_EQ(num_of_rate.begin()->first, 1e-4);
  EXPECT_EQ(num_of_rate.rbegin()->first, 1.0);
  EXPECT_THAT(notes_of(study), HasSubstr("Efficiency window: 256 and 512 of 16 to 512"));
}

TEST(Sm2, AProbeThatFailsIsTheMemoryLimit) {
  SimulatedTraining training = classifier(usual_problem());
  training.failure = [](const space::Configuration& configuration,
                        TrialId) -> std::optional<std::pair<double, trial::Outcome>> {
    if (number_at(usual_problem(), configuration, "batch_size") < 128) return std::nullopt;
    return std::pair{0.0, trial::Outcome::FailedMemory};
  };
  const SimulatedStudy study = finished_study(usual_problem(), training);
  EXPECT_THAT(probed_sizes(study), ElementsAre(16, 32, 64, 128));
  for (const trial::Trial* candidate : candidates_in(study)) {
    EXPECT_EQ(number_at(usual_problem(), candidate->configuration(), "batch_size"), 64);
  }
  EXPECT_THAT(notes_of(study), HasSubstr("The probe of batch size 128 failed (trial 3)"));
}

TEST(Sm2, AProbeThatWasInterruptedIsDoneAgain) {
  const trial::Problem problem = usual_problem();
  SimulatedStudy study(problem, classifier(problem));
  study.run(*sm2(problem, short_options()), 5);  // idle, created, assigned, two reports
  study.interrupt();
  EXPECT_TRUE(study.run(*sm2(problem, short_options())));
  EXPECT_THAT(probed_sizes(study), ElementsAre(16, 16, 32, 64, 128, 256, 512));
  EXPECT_EQ(candidates_in(study).size(), 16U);
}

TEST(Sm2, WithoutEnergyEveryBatchSizeThatRunsIsInTheWindow) {
  SimulatedTraining training = classifier(usual_problem());
  training.provenance = Provenance::Missing;
  const SimulatedStudy study = finished_study(usual_problem(), training);
  std::map<double, int> num_of_size;
  for (const trial::Trial* candidate : candidates_in(study)) {
    ++num_of_size[number_at(usual_problem(), candidate->configuration(), "batch_size")];
  }
  EXPECT_EQ(num_of_size.size(), 6U);
  EXPECT_THAT(notes_of(study), HasSubstr("No energy could be measured"));
}

TEST(Sm2, OtherParametersAreDrawnBySampler) {
  const trial::Problem problem =
      problem_of({batch_size(), learning_rate(), float_parameter("dropout", 0.0, 0.5, false, 0.1)});
  const SimulatedStudy study = finished_study(problem, classifier(problem));
  std::set<double> dropouts;
  for (const trial::Trial* candidate : candidates_in(study)) {
    dropouts.insert(number_at(problem, candidate->configuration(), "dropout"));
  }
  EXPECT_EQ(candidates_in(study).size(), 16U);
  EXPECT_EQ(dropouts.size(), 16U);
  EXPECT_EQ(candidates_in(study)[1]->origin(), trial::Origin::Sampler);
}

TEST(Sm2, RungsHalveTheCandidatesAndOneGoesToTheEndFromItsCheckpoint) {
  for (const std::size_t num_slots : {1U, 4U}) {
    const SimulatedStudy study =
        finished_study(usual_problem(), classifier(usual_problem()), short_options(), num_slots);
    std::map<int, int> num_in_rung;
    for (const trial::Trial* candidate : candidates_in(study)) ++num_in_rung[candidate->rung()];
    EXPECT_EQ(num_in_rung, (std::map<int, int>{{0, 8}, {1, 4}, {2, 2}, {3, 1}, {4, 1}}));
    ASSERT_NE(winner_of(study), nullptr);
    EXPECT_EQ(winner_of(study)->step(), kMaxSamples);
    double step = 0.0;
    for (const trial::Event& event : study.events()) {
      const auto* assigned = std::get_if<trial::Assigned>(&event);
      if (assigned == nullptr || assigned->assignment.trial != winner_of(study)->id()) continue;
      EXPECT_EQ(assigned->assignment.from, step);
      step = assigned->assignment.to;
    }
  }
}

TEST(Sm2, TheFirstRungLastsLongEnoughOnTheSlowestCandidateButLeavesRoomForTheCuts) {
  const auto first_target = [](const Sm2Options& options) {
    const SimulatedStudy study =
        finished_study(usual_problem(), classifier(usual_problem()), options);
    for (const trial::Trial* candidate : candidates_in(study)) {
      if (candidate->rung() == 0) return candidate->target();
    }
    return 0.0;
  };
  Sm2Options options = short_options();
  EXPECT_EQ(first_target(options), 1'600.0);  // 0.1 s at 62.5 us a sample, of batch size 64
  options.min_rung_duration = Seconds{0.01};
  EXPECT_EQ(first_target(options), 1'000.0);  // the resource's min
  options.samples_per_epoch = 60'000.0;
  EXPECT_EQ(first_target(options), 3'000.0);  // 5 % of an epoch
  options.min_rung_duration = Seconds{5.0};
  EXPECT_EQ(first_target(options), 4'000.0);  // max / 2^4, for 16 candidates
}

TEST(Sm2, RungsAreEqualInSamplesWhereTheResourceCountsSteps) {
  const trial::Problem problem =
      problem_of({batch_size(), learning_rate()}, {ResourceUnit::Steps, 16.0, 1'000.0});
  Sm2Options options = short_options();
  options.min_rung_duration = Seconds{0.0};
  options.window_tolerance = 10.0;  // every batch size
  const SimulatedStudy study = finished_study(problem, classifier(problem), options);
  for (const trial::Trial* candidate : candidates_in(study)) {
    if (candidate->rung() > 0) continue;
    const double size = number_at(problem, candidate->configuration(), "batch_size");
    EXPECT_EQ(candidate->target() * size, 16.0 * 64.0) << size;
  }
}

TEST(Sm2, ACandidateWhoseTrainingLossExplodesIsStopped) {
  SimulatedTraining training = classifier(usual_problem());
  const auto metrics = training.metrics;
  training.metrics = [metrics](const space::Configuration& configuration, TrialId id, double step) {
    auto values = metrics(configuration, id, step);
    if (number_at(usual_problem(), configuration, "lr") == 1.0) values[1].value = step;
    return values;
  };
  Sm2Options options = short_options();
  options.reports_per_rung = 20;
  const SimulatedStudy study = finished_study(usual_problem(), training, options);
  int num_stopped = 0;
  for (const trial::Trial* candidate : candidates_in(study)) {
    const bool explodes = number_at(usual_problem(), candidate->configuration(), "lr") == 1.0;
    EXPECT_EQ(candidate->state() == trial::TrialState::Stopped, explodes);
    num_stopped += explodes ? 1 : 0;
  }
  EXPECT_GT(num_stopped, 0);
  EXPECT_THAT(notes_of(study, options), HasSubstr("were stopped because their training loss"));
}

TEST(Sm2, SaysWhatItDidRungByRung) {
  SimulatedTraining training = classifier(usual_problem());
  const auto metrics = training.metrics;
  training.metrics = [metrics](const space::Configuration& configuration, TrialId id, double step) {
    auto values = metrics(configuration, id, step);
    values.pop_back();
    return values;
  };
  const std::string notes = notes_of(finished_study(usual_problem(), training));
  EXPECT_THAT(notes,
              HasSubstr("Probed batch sizes: 16 (3.50 mJ per sample, 10000 samples/s, 35 W)"));
  EXPECT_THAT(notes, HasSubstr("16 candidates from 16 pairs of batch size and learning rate"));
  EXPECT_THAT(notes, HasSubstr("The first rung is 1600 samples (0.1 s on the slowest candidate)"));
  EXPECT_THAT(notes, HasSubstr("Rung 0: 8 of 16 candidates went on."));
  EXPECT_THAT(notes, HasSubstr("Rung 3: 1 of 2 candidates went on."));
  EXPECT_THAT(notes, HasSubstr("`train_loss` is not reported"));
}

TEST(Sm2, TheEnergyWeightChangesWhoSurvives) {
  Sm2Options plain = short_options();
  plain.weights = {1.0, 0.0, 0.0};
  plain.window_tolerance = 10.0;
  Sm2Options frugal = plain;
  frugal.weights = {0.3, 0.7, 0.0};
  const auto mean_joules = [](const SimulatedStudy& study) {
    double sum = 0.0;
    int num_promoted = 0;
    for (const trial::Trial* candidate : candidates_in(study)) {
      if (candidate->rung() == 0) continue;
      sum +=
          joules_per_sample(number_at(usual_problem(), candidate->configuration(), "batch_size"));
      ++num_promoted;
    }
    return sum / num_promoted;
  };
  EXPECT_LT(mean_joules(finished_study(usual_problem(), classifier(usual_problem()), frugal)),
            mean_joules(finished_study(usual_problem(), classifier(usual_problem()), plain)));
}

TEST(Sm2, WithoutEnergyAndStabilityItDecidesAsPlainHalving) {
  const Sm2Equality compared = compare_sm2_with_halving(1'500);
  EXPECT_EQ(compared.num_different, 0U) << compared.first_difference;
  EXPECT_GT(compared.num_promotions, 1'000U);
}

TEST(Sm2, FindsTheBestConfigurationForAQuarterOfTheEnergyOfTrainingAllCandidates) {
  constexpr double kMax = 256'000.0;
  const trial::Problem problem =
      problem_of({batch_size(), learning_rate()}, {ResourceUnit::Samples, 1'000.0, kMax});
  const SimulatedStudy study = finished_study(problem, classifier(problem));
  double joules_of_all = 0.0;
  double best = 0.0;
  for (const trial::Trial* candidate : candidates_in(study)) {
    const double size = number_at(problem, candidate->configuration(), "batch_size");
    const double rate = number_at(problem, candidate->configuration(), "lr");
    joules_of_all += kMax * joules_per_sample(size);
    best = std::max(best, final_accuracy(size, rate));
  }
  ASSERT_NE(winner_of(study), nullptr);
  const space::Configuration& found = winner_of(study)->configuration();
  EXPECT_EQ(
      final_accuracy(number_at(problem, found, "batch_size"), number_at(problem, found, "lr")),
      best);
  RecordProperty("times_less", std::to_string(joules_of_all / study.joules()));
  EXPECT_GT(joules_of_all / study.joules(), 4.0);
}

TEST(Sm2, RefusesWhatItCannotWorkWith) {
  EXPECT_THROW(sm2(problem_of({learning_rate()}, {ResourceUnit::Run, 1.0, 1.0}), {}), ConfigError);
  EXPECT_THROW(sm2(problem_of({float_parameter("b", 1, 9, false, {}, space::Role::BatchSize)}), {}),
               ConfigError);
  EXPECT_THROW(sm2(problem_of({int_parameter("b", -9, 0, {}, space::Role::BatchSize)}), {}),
               ConfigError);
  Sm2Options options;
  options.weights = {0.0, 0.0, 0.0};
  EXPECT_THROW(sm2(usual_problem(), options), ConfigError);
  options.weights = {1.0, -0.1, 0.0};
  EXPECT_THROW(sm2(usual_problem(), options), ConfigError);
  options = {};
  options.max_candidates = 0;
  EXPECT_THROW(sm2(usual_problem(), options), ConfigError);
}

TEST(Sm2, ABatchSizeMayBeAChoiceOfIntegers) {
  space::Parameter choice;
  choice.name = "batch_size";
  choice.role = space::Role::BatchSize;
  choice.domain =
      space::ChoiceDomain{{std::int64_t{128}, std::int64_t{96}, std::int64_t{32}}, true};
  const trial::Problem problem = problem_of({choice, learning_rate()});
  SimulatedTraining training = ordinary_training(problem);
  training.seconds_per_unit = [](const space::Configuration&) { return 1e-4; };
  const SimulatedStudy study = finished_study(problem, training);
  std::vector<std::string> sizes;
  for (const trial::Trial& trial : study.history().trials()) {
    if (trial.purpose() == trial::Purpose::Probe) {
      sizes.push_back(problem.space.value_text(0, trial.configuration()[0]));
    }
  }
  EXPECT_THAT(sizes, ElementsAre("32", "96", "128"));
}

}  // namespace
}  // namespace wattune::strategies
