#include "wattune/trial/history.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "support/must.hpp"

namespace wattune::trial {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

space::Space one_parameter() {
  return space::Space{
      {{"lr", space::FloatDomain{0.0, 1.0, false, std::nullopt}, 0.5, {}, space::Role::None}}};
}

Problem accuracy_and_energy() {
  Problem problem{"test", 1, one_parameter(), {}, {}, {}, {}, "test", "true"};
  problem.objectives = {{measure_from_text("accuracy"), Direction::Maximize},
                        {measure_from_text("energy"), Direction::Minimize}};
  problem.constraints = {{measure_from_text("accuracy"), 0.8, std::nullopt}};
  problem.resource = {ResourceUnit::Epochs, 1.0, 4.0};
  return problem;
}

EnergyFigure joules(double amount) {
  return {{}, to_microjoules(Joules{amount}), Joules{amount / 10.0}, Provenance::Modelled};
}

History with_one_trial() {
  History history{accuracy_and_energy()};
  const auto configuration = *history.problem().space.default_configuration();
  history.apply(TrialCreated{TrialId{0}, Purpose::Search, Origin::Default, configuration});
  history.apply(Assigned{{TrialId{0}, 0.0, 1.0, 0, 0, Stage::Exploration, std::nullopt}});
  return history;
}

Reported report(double step, double accuracy, double energy) {
  return {TrialId{0}, step, 100.0, Seconds{1.0}, joules(energy), {{"accuracy", accuracy}}};
}

}  // namespace

TEST(History, ReportsAccumulateEnergyTimeAndSamples) {
  History history = with_one_trial();

  history.apply(report(1.0, 0.7, 10.0));
  history.apply(report(2.0, 0.9, 20.0));

  const Trial& trial = history.trial(TrialId{0});
  EXPECT_EQ(trial.reports()[1].energy, Microjoules{30'000'000});
  EXPECT_EQ(trial.reports()[1].samples, 200.0);
  EXPECT_FLOAT_EQ(trial.reports()[1].duration_s, 2.0F);
  EXPECT_EQ(history.total_energy().total(), Microjoules{30'000'000});
}

TEST(History, LossesNegateWhatIsMaximised) {
  History history = with_one_trial();
  history.apply(report(1.0, 0.7, 10.0));
  EXPECT_THAT(*history.losses(history.trial(TrialId{0})), ElementsAre(-0.7, 10.0));
}

TEST(History, LossesAtAStepAreThoseOfTheFirstReportThere) {
  History history = with_one_trial();
  history.apply(report(1.0, 0.7, 10.0));
  history.apply(report(2.0, 0.9, 20.0));
  EXPECT_THAT(*history.losses_at(history.trial(TrialId{0}), 0.5), ElementsAre(-0.7, 10.0));
  EXPECT_THAT(*history.losses_at(history.trial(TrialId{0}), 1.5), ElementsAre(-0.9, 30.0));
  EXPECT_EQ(history.losses_at(history.trial(TrialId{0}), 3.0), std::nullopt);
}

// Pitfall 24
TEST(History, KeepsHowWarmTheDevicesWereAtTheStartOfEveryAssignment) {
  History history = with_one_trial();
  DeviceState cool;
  cool.cpu.temperature = Celsius{38};
  cool.cpu.governor = "performance";
  DeviceState hot = cool;
  hot.cpu.temperature = Celsius{71};
  hot.gpus.push_back({"GPU-a", Celsius{66}, std::nullopt, Watts{300}});
  history.apply(DevicesSeen{TrialId{0}, cool, std::nullopt});
  history.apply(AssignmentEnded{TrialId{0}, Outcome::Paused, "", Seconds{1}, joules(1)});
  history.apply(Assigned{{TrialId{0}, 0.0, 2.0, 0, 0, Stage::Exploration, std::nullopt}});
  history.apply(DevicesSeen{TrialId{0}, hot, std::nullopt});

  const auto devices = history.trial(TrialId{0}).devices();
  ASSERT_EQ(devices.size(), 2U);
  EXPECT_EQ(devices[0].state, cool);
  EXPECT_EQ(devices[1].state, hot);
}

TEST(History, RemembersTheLowestTemperatureOfEachDeviceWithoutWork) {
  History history = with_one_trial();
  const auto seen = [&](std::vector<DeviceTemperature> reference) {
    history.apply(DevicesSeen{TrialId{0}, {}, CoolDown{Seconds{1}, true, std::move(reference)}});
  };
  seen({{"cpu", Celsius{45}}});
  seen({{"cpu", Celsius{39}}, {"GPU-a", Celsius{30}}});
  seen({{"cpu", Celsius{41}}, {"GPU-a", Celsius{35}}});

  EXPECT_THAT(history.idle_temperatures(), ElementsAre(DeviceTemperature{"cpu", Celsius{39}},
                                                       DeviceTemperature{"GPU-a", Celsius{30}}));
}

TEST(History, KnowsWhichTrialsRanAtTheSameTime) {
  History history = with_one_trial();
  const auto configuration = *history.problem().space.default_configuration();
  const auto start = [&](std::uint32_t number) {
    history.apply(TrialCreated{TrialId{number}, Purpose::Search, Origin::Sampler, configuration});
    history.apply(Assigned{{TrialId{number}, 0.0, 4.0, 0, 0, Stage::Exploration, std::nullopt}});
  };
  start(1);
  for (const std::uint32_t number : {0U, 1U}) {
    history.apply(AssignmentEnded{TrialId{number}, Outcome::Completed, "", {}, joules(1)});
  }
  start(2);

  EXPECT_TRUE(history.trial(TrialId{0}).had_company());
  EXPECT_TRUE(history.trial(TrialId{1}).had_company());
  EXPECT_FALSE(history.trial(TrialId{2}).had_company());
}

TEST(History, FinalistsKeepWhatTheyRepeatAndAreCounted) {
  History history = with_one_trial();
  const auto configuration = *history.problem().space.default_configuration();
  history.apply(TrialCreated{TrialId{1}, Purpose::Finalist, Origin::Finalist, configuration,
                             Repeat{TrialId{0}, 1}});

  EXPECT_EQ(history.num_finalist_trials(), 1U);
  EXPECT_EQ(history.trial(TrialId{0}).repeat(), std::nullopt);
  EXPECT_EQ(history.trial(TrialId{1}).repeat(), (Repeat{TrialId{0}, 1}));
}

TEST(History, AMetricThatCameLaterIsAbsentBefore) {
  History history = with_one_trial();
  history.apply(report(1.0, 0.7, 10.0));
  history.apply(
      Reported{TrialId{0}, 2.0, 0, Seconds{1}, joules(1), {{"accuracy", 0.8}, {"test", 0.6}}});

  const Trial& trial = history.trial(TrialId{0});
  const MetricId test = *history.metric_id("test");
  EXPECT_EQ(trial.metric(0, test), std::nullopt);
  EXPECT_EQ(trial.metric(1, test), 0.6);
  EXPECT_EQ(trial.metric(0, *history.metric_id("accuracy")), 0.7);
}

TEST(History, AMetricThatIsNewToOneTrialLeavesTheOthersAsTheyAre) {
  History history = with_one_trial();
  history.apply(report(1.0, 0.7, 10.0));
  const auto configuration = *history.problem().space.default_configuration();
  history.apply(TrialCreated{TrialId{1}, Purpose::Search, Origin::Sampler, configuration});
  history.apply(Assigned{{TrialId{1}, 0.0, 1.0, 0, 0, Stage::Exploration, std::nullopt}});
  history.apply(Reported{TrialId{1}, 1.0, 0, Seconds{1}, joules(1), {{"accuracy", 0.5}}});
  history.apply(
      Reported{TrialId{1}, 2.0, 0, Seconds{1}, joules(1), {{"test", 0.6}, {"accuracy", 0.8}}});
  history.apply(report(2.0, 0.9, 10.0));

  const MetricId accuracy = *history.metric_id("accuracy");
  const MetricId test = *history.metric_id("test");
  EXPECT_EQ(history.trial(TrialId{0}).metric(1, accuracy), 0.9);
  EXPECT_EQ(history.trial(TrialId{0}).last_metric(test), std::nullopt);
  EXPECT_EQ(history.trial(TrialId{1}).metric(0, accuracy), 0.5);
  EXPECT_EQ(history.trial(TrialId{1}).metric(0, test), std::nullopt);
  EXPECT_EQ(history.trial(TrialId{1}).metric(1, accuracy), 0.8);
  EXPECT_EQ(history.trial(TrialId{1}).metric(1, test), 0.6);
}

TEST(History, MissingEnergyIsNoValue) {
  History history = with_one_trial();
  Reported unmetered = report(1.0, 0.7, 0.0);
  unmetered.energy = missing_energy();
  history.apply(unmetered);
  EXPECT_EQ(history.value(history.trial(TrialId{0}), measure_from_text("energy")), std::nullopt);
  EXPECT_EQ(history.losses(history.trial(TrialId{0})), std::nullopt);
}

TEST(History, EnergyOfAFailedTrialStillCounts) {
  History history = with_one_trial();
  history.apply(
      AssignmentEnded{TrialId{0}, Outcome::FailedExit, "exit status 3", Seconds{2.0}, joules(7)});
  EXPECT_EQ(history.trial(TrialId{0}).state(), TrialState::Failed);
  EXPECT_EQ(history.trial(TrialId{0}).detail(), "exit status 3");
  EXPECT_EQ(history.total_energy().total(), Microjoules{7'000'000});
}

TEST(History, ViolationSumsWhatIsBroken) {
  History history = with_one_trial();
  history.apply(report(1.0, 0.7, 10.0));
  EXPECT_NEAR(*history.violation(history.trial(TrialId{0})), 0.1, 1e-12);
  history.apply(report(2.0, 0.9, 10.0));
  EXPECT_EQ(history.violation(history.trial(TrialId{0})), 0.0);
}

TEST(History, FullTrainingEnergyIsProjectedUntilTheTrialIsComplete) {
  History history = with_one_trial();
  history.apply(report(1.0, 0.7, 10.0));
  const auto projected = history.full_training_energy(history.trial(TrialId{0}));
  EXPECT_TRUE(projected->is_projected);
  EXPECT_EQ(projected->energy.total(), Microjoules{40'000'000});

  history.apply(report(4.0, 0.9, 20.0));
  history.apply(AssignmentEnded{TrialId{0}, Outcome::Completed, "", Seconds{}, joules(1.0)});
  const auto measured = history.full_training_energy(history.trial(TrialId{0}));
  EXPECT_FALSE(measured->is_projected);
  EXPECT_EQ(measured->energy.total(), Microjoules{31'000'000});
}

TEST(History, PhasesGiveSamplesPerJoule) {
  History history = with_one_trial();
  history.apply(PhaseEnded{TrialId{0}, "inference", 50.0, Seconds{1}, joules(5.0)});
  history.apply(report(1.0, 0.7, 10.0));
  const Trial& trial = history.trial(TrialId{0});
  EXPECT_EQ(history.value(trial, measure_from_text("samples_per_joule.inference")), 10.0);
  EXPECT_EQ(history.value(trial, measure_from_text("joules_per_sample.inference")), 0.1);
  EXPECT_EQ(history.value(trial, measure_from_text("energy.train")), std::nullopt);
}

TEST(History, CarbonAndMoneyFollowTheTariff) {
  Problem problem = accuracy_and_energy();
  problem.tariff.pue.factor = 1.5;
  problem.tariff.intensity = {energy::RateTable{400.0}};
  problem.tariff.price = {energy::RateTable{0.2}, "EUR"};
  History history{problem};
  EnergyFigure drawn = joules(3.6e6);
  drawn.uncertainty = Joules{0.36e6};
  history.apply(OverheadBooked{Seconds{1}, drawn, joules(0.0)});
  EXPECT_NEAR(history.total_footprint().carbon->value, 600.0, 1e-9);
  EXPECT_NEAR(history.total_footprint().carbon->uncertainty, 60.0, 1e-9);
  EXPECT_NEAR(history.total_footprint().cost->value, 0.3, 1e-9);
  EXPECT_EQ(history.total_footprint().currency, "EUR");
}

/// 2026-11-21: 100 g/kWh from 10:00 to 11:00, 300 g/kWh from 11:00 to 12:00.
Problem carbon_by_the_hour() {
  const WallTime ten{std::chrono::sys_days{std::chrono::year{2026} / 11 / 21} +
                     std::chrono::hours{10}};
  const std::chrono::hours hour{1};
  Problem problem = accuracy_and_energy();
  problem.objectives[1].measure = {MeasureKind::Carbon, ""};
  problem.tariff.intensity = {
      energy::RateTable::timed({{ten, ten + hour, 100.0}, {ten + hour, ten + 2 * hour, 300.0}})};
  return problem;
}

WallTime on_that_day(int minutes) {
  return WallTime{std::chrono::sys_days{std::chrono::year{2026} / 11 / 21} +
                  std::chrono::minutes{minutes}};
}

/// A report of 1 kWh, drawn over an hour.
Reported hour_of_work(double step) {
  Reported event;
  event.trial = TrialId{0};
  event.step = step;
  event.duration = Seconds{3600};
  event.energy = joules(3.6e6);
  event.metrics = {{"accuracy", 0.5}};
  return event;
}

History with_one_trial_of(const Problem& problem) {
  History history{problem};
  Rng rng(1);
  history.apply(
      TrialCreated{TrialId{0}, Purpose::Search, Origin::Default, *problem.space.sample(rng)});
  history.apply(Assigned{{TrialId{0}, 0.0, 1.0, 0, 0, Stage::Exploration, std::nullopt}});
  return history;
}

TEST(History, WeighsEveryWindowWithTheIntensityOfItsOwnTime) {
  History history = with_one_trial_of(carbon_by_the_hour());
  history.apply(hour_of_work(1.0), on_that_day(11 * 60));       // all of it at 100 g
  history.apply(hour_of_work(2.0), on_that_day(11 * 60 + 30));  // one half at 100, one at 300 g
  const Trial& trial = history.trial(TrialId{0});
  const Measure carbon{MeasureKind::Carbon, ""};
  EXPECT_NEAR(*history.value_at(trial, carbon, 1.0), 100.0, 1e-9);
  EXPECT_NEAR(*history.value_at(trial, carbon, 2.0), 300.0, 1e-9);
  EXPECT_NEAR(history.losses(trial)->at(1), 300.0, 1e-9);
  history.apply(OverheadBooked{Seconds{3600}, joules(1.8e6), joules(1.8e6)}, on_that_day(12 * 60));
  EXPECT_NEAR(history.total_footprint().carbon->value, 300.0 + 300.0, 1e-9);
  EXPECT_TRUE(history.total_footprint().carbon->is_whole());
}

TEST(History, DoesNotKnowTheCarbonOfATrialThatRanBeyondTheTable) {
  History history = with_one_trial_of(carbon_by_the_hour());
  history.apply(hour_of_work(1.0), on_that_day(12 * 60));
  history.apply(hour_of_work(2.0), on_that_day(12 * 60 + 30));
  const Trial& trial = history.trial(TrialId{0});
  const Measure carbon{MeasureKind::Carbon, ""};
  EXPECT_NEAR(*history.value_at(trial, carbon, 1.0), 300.0, 1e-9);
  EXPECT_EQ(history.value_at(trial, carbon, 2.0), std::nullopt);
  EXPECT_EQ(history.losses(trial), std::nullopt);
  const energy::Amount total = *history.total_footprint().carbon;
  EXPECT_NEAR(total.value, 450.0, 1e-9);
  EXPECT_EQ(total.without_rate, to_microjoules(Joules{1.8e6}));
  EXPECT_NEAR(history.carbon_spent(), 600.0, 1e-9) << "budgets take the highest rate for the rest";
}

TEST(History, KeepsTheCarbonOfKnownEnergyForBudgetsWhenSomeEnergyIsMissing) {
  History history = with_one_trial_of(carbon_by_the_hour());
  history.apply(hour_of_work(1.0), on_that_day(11 * 60));
  Reported unmetered = hour_of_work(2.0);
  unmetered.energy = missing_energy();
  history.apply(unmetered, on_that_day(12 * 60));
  EXPECT_EQ(history.total_footprint().carbon, std::nullopt);
  EXPECT_NEAR(history.carbon_spent(), 100.0, 1e-9);
}

TEST(Measure, TextNamesQuantitiesAndPhases) {
  EXPECT_EQ(measure_from_text("energy"), (Measure{MeasureKind::Energy, ""}));
  EXPECT_EQ(measure_from_text("energy.train"), (Measure{MeasureKind::Energy, "train"}));
  EXPECT_EQ(measure_from_text("samples_per_joule"),
            (Measure{MeasureKind::Metric, "samples_per_joule"}));
  EXPECT_EQ(measure_from_text("val_accuracy"), (Measure{MeasureKind::Metric, "val_accuracy"}));
  EXPECT_EQ(to_text(measure_from_text("joules_per_sample.train")), "joules_per_sample.train");
}

TEST(Problem, JsonKeepsEverything) {
  Problem problem = accuracy_and_energy();
  problem.tariff.pue = {1.2, "a page"};
  problem.tariff.intensity = {energy::RateTable{381.0}, "DEU", 2023, "a table",
                              energy::CarbonKind{}};
  problem.tariff.price = {energy::RateTable{0.3}, "EUR", "a letter"};
  problem.tariff.embodied = {1e6, Seconds{3.6e7}, 0.5, "a data sheet"};
  const Problem read = must(problem_from_json(to_json(problem)));
  EXPECT_EQ(to_json(read), to_json(problem));
  EXPECT_EQ(read.tariff, problem.tariff);
}

TEST(Problem, JsonKeepsRatesThatChangeWithTime) {
  Problem problem = carbon_by_the_hour();
  problem.tariff.price = {
      energy::RateTable::weekly({{0, 420, 0.1}, {420, 10080, 0.3}}, std::chrono::minutes{-90}),
      "USD", "a letter"};
  EXPECT_EQ(must(problem_from_json(to_json(problem))).tariff, problem.tariff);
}

TEST(Problem, ReadsTariffsOfEarlierLogs) {
  nlohmann::json json = to_json(accuracy_and_energy());
  json["tariff"] = {{"pue", 1.5},
                    {"grams_per_kwh", 381.0},
                    {"zone", "DEU"},
                    {"intensity_year", 2023},
                    {"intensity_source", "a table"},
                    {"price_per_kwh", 0.3},
                    {"currency", "EUR"}};
  const Tariff tariff = must(problem_from_json(json)).tariff;
  EXPECT_EQ(tariff.pue.factor, 1.5);
  EXPECT_EQ(tariff.intensity->rate.constant(), 381.0);
  EXPECT_EQ(tariff.intensity->year, 2023);
  EXPECT_EQ(tariff.intensity->zone, "DEU");
  EXPECT_EQ(tariff.price->rate.constant(), 0.3);
  EXPECT_EQ(currency_of(tariff), "EUR");
}

TEST(Problem, DifferenceNamesTheKey) {
  Problem other = accuracy_and_energy();
  EXPECT_EQ(difference(accuracy_and_energy(), other), std::nullopt);
  other.resource.max = 5.0;
  EXPECT_THAT(*difference(accuracy_and_energy(), other), HasSubstr("`resource` differs"));
}

}  // namespace wattune::trial
