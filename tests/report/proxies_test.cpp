#include "wattune/report/proxies.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "support/spaces.hpp"

namespace wattune::report {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct Run {
  double energy_j = 0.0;
  double accuracy = 0.0;
  double num_parameters = 0.0;
  double duration_s = 1.0;
  double num_samples = 100.0;
};

class ProxyStudy {
 public:
  explicit ProxyStudy(Provenance provenance = Provenance::Measured,
                      trial::Direction direction = trial::Direction::Maximize)
      : history_({"test",
                  1,
                  fake::unit_cube(1),
                  {{{trial::MeasureKind::Metric, "accuracy"}, direction}},
                  {},
                  {trial::ResourceUnit::Epochs, 1.0, 1.0},
                  {},
                  "test",
                  "true"}),
        provenance_(provenance) {}

  void add(const Run& run, trial::Outcome outcome = trial::Outcome::Completed) {
    const TrialId id = history_.next_trial_id();
    history_.apply(trial::TrialCreated{id, trial::Purpose::Search, trial::Origin::Sampler,
                                       history_.problem().space.from_unit(std::array{0.5})});
    history_.apply(trial::Assigned{{id, 0.0, 1.0, 0, 0, trial::Stage::Exploration, std::nullopt}});
    history_.apply(trial::InfoGiven{id, {{"parameters", run.num_parameters}}});
    const auto energy = Microjoules{static_cast<std::int64_t>(run.energy_j * 1e6)};
    history_.apply(trial::Reported{id,
                                   1.0,
                                   run.num_samples,
                                   Seconds{run.duration_s},
                                   {{}, energy, {}, provenance_},
                                   {{"accuracy", run.accuracy}, {"error", 1.0 - run.accuracy}}});
    history_.apply(trial::AssignmentEnded{id, outcome, {}, {}, {}});
  }

  [[nodiscard]] const trial::History& history() const { return history_; }

 private:
  trial::History history_;
  Provenance provenance_;
};

const Proxy* find(const ProxyReport& report, const std::string& name) {
  const auto found = std::ranges::find(report.proxies, name, &Proxy::name);
  return found == report.proxies.end() ? nullptr : &*found;
}

TEST(Proxies, AProxyThatGoesWithTheEnergyStandsIn) {
  ProxyStudy study;
  for (int i = 1; i <= 12; ++i) study.add({10.0 * i, 0.05 * i, 100.0 * i * i, 2.0 * i});
  const auto report = proxies(study.history());
  const Proxy* parameters = find(report, "parameters");
  ASSERT_NE(parameters, nullptr);
  EXPECT_DOUBLE_EQ(parameters->spearman->value, 1.0);
  EXPECT_NEAR(parameters->pearson_of_logs->value, 1.0, 1e-9);
  EXPECT_THAT(parameters->warnings, IsEmpty());
  EXPECT_EQ(parameters->points.size(), 12U);
  EXPECT_EQ(parameters->points[2].energy_j, 30.0);
  EXPECT_EQ(parameters->points[2].proxy, 900.0);
  EXPECT_THAT(find(report, "duration")->warnings, IsEmpty());
  EXPECT_EQ(report.num_trials, 12U);
}

TEST(Proxies, NamesTheTwoTrialsWhereChoosingByItCostsMore) {
  ProxyStudy study;
  for (int i = 1; i <= 12; ++i) study.add({10.0 * i, 0.05 * i, 100.0 * i});
  // As good as the best and smaller than it, but at twice the energy: trial 12.
  study.add({240.0, 0.6, 1150.0});
  const Proxy parameters = *find(proxies(study.history()), "parameters");
  ASSERT_TRUE(parameters.misled);
  EXPECT_EQ(parameters.misled->chosen, TrialId{12});
  EXPECT_EQ(parameters.misled->cheapest, TrialId{11});
  EXPECT_DOUBLE_EQ(parameters.misled->excess, 1.0);
  EXPECT_DOUBLE_EQ(parameters.misled->at_quality.value(), 0.6);
  EXPECT_GT(parameters.spearman->value, 0.9) << "the correlation alone does not show it";
  EXPECT_THAT(parameters.warnings,
              ElementsAre("of trials with accuracy of 0.6 or more, the least parameters chooses "
                          "trial 12 (240 J), but trial 11 draws 120 J: 100 % more"));
}

TEST(Proxies, ATenthMoreIsNoWarning) {
  ProxyStudy study;
  for (int i = 1; i <= 12; ++i) study.add({10.0 * i, 0.05 * i, 100.0 * i});
  study.add({131.0, 0.6, 1150.0});
  const Proxy parameters = *find(proxies(study.history()), "parameters");
  EXPECT_FALSE(parameters.misled);
}

TEST(Proxies, WarnsOfAWeakCorrelation) {
  ProxyStudy study;
  for (int i = 1; i <= 12; ++i) study.add({10.0 * i, 0.5, 1.0 + (i * 5) % 13});
  const Proxy parameters = *find(proxies(study.history()), "parameters");
  EXPECT_LT(std::abs(parameters.spearman->value), 0.7);
  EXPECT_THAT(parameters.warnings,
              Contains(HasSubstr("tells little about the order of energies: rank correlation")));
}

TEST(Proxies, OneThatFallsAsTheEnergyRisesIsReadTheOtherWayRound) {
  ProxyStudy study;
  for (int i = 1; i <= 12; ++i) study.add({10.0 * i, 0.05 * i, 1000.0 / i});
  const Proxy parameters = *find(proxies(study.history()), "parameters");
  EXPECT_DOUBLE_EQ(parameters.spearman->value, -1.0);
  EXPECT_THAT(parameters.warnings, IsEmpty());
}

TEST(Proxies, FollowTheDirectionOfTheQuality) {
  ProxyStudy study{Provenance::Measured, trial::Direction::Minimize};
  // Good is low now: the best, 0.05, is had for 10 J or, smaller, for 40 J.
  for (int i = 1; i <= 12; ++i) study.add({10.0 * i, 0.05 * i, 100.0 * i});
  study.add({40.0, 0.05, 50.0});
  const Proxy parameters = *find(proxies(study.history()), "parameters");
  ASSERT_TRUE(parameters.misled);
  EXPECT_EQ(parameters.misled->chosen, TrialId{12});
  EXPECT_EQ(parameters.misled->cheapest, TrialId{0});
  EXPECT_THAT(parameters.warnings, Contains(HasSubstr("0.05 or less")));
}

TEST(Proxies, LeavesOutFailedTrialsAndUnknownEnergy) {
  ProxyStudy study;
  for (int i = 1; i <= 12; ++i) study.add({10.0 * i, 0.05 * i, 100.0 * i});
  study.add({1.0, 0.9, 9000.0}, trial::Outcome::FailedExit);
  const auto report = proxies(study.history());
  EXPECT_EQ(report.num_trials, 12U);
  EXPECT_DOUBLE_EQ(find(report, "parameters")->spearman->value, 1.0);
  EXPECT_THAT(report.notes, Contains("failed trials are left out: 1"));

  ProxyStudy blind{Provenance::Missing};
  for (int i = 1; i <= 12; ++i) blind.add({0.0, 0.05 * i, 100.0 * i});
  const auto nothing = proxies(blind.history());
  EXPECT_EQ(nothing.num_trials, 0U);
  EXPECT_THAT(nothing.proxies, IsEmpty());
  EXPECT_THAT(nothing.notes, Contains(HasSubstr("too few trials: the energy is known of 0")));
}

TEST(Proxies, SaysThatModelledEnergyFollowsTheTimeByConstruction) {
  ProxyStudy study{Provenance::Modelled};
  for (int i = 1; i <= 12; ++i) study.add({10.0 * i, 0.05 * i, 100.0 * i, 1.0 * i});
  EXPECT_THAT(proxies(study.history()).notes,
              Contains(HasSubstr("the energy of 12 of 12 trials is modelled, not measured")));
}

TEST(Proxies, PartsOfABatchMakeNoProxyOfTheSamples) {
  ProxyStudy study;
  for (int i = 1; i <= 12; ++i) study.add({10.0 * i, 0.05 * i, 100.0 * i, 1.0, 100.0 + i % 4});
  EXPECT_EQ(find(proxies(study.history()), "samples"), nullptr);
  EXPECT_NE(find(proxies(study.history(), {"samples"}), "samples"), nullptr) << "unless asked for";
}

TEST(Proxies, TakesMetricsByNameAndNamesWhatDoesNotVary) {
  ProxyStudy study;
  for (int i = 1; i <= 12; ++i) study.add({10.0 * i, 0.05 * i, 100.0 * i});
  EXPECT_THAT(known_proxies(study.history()),
              ElementsAre("parameters", "duration", "samples", "accuracy", "error"));
  const auto report = proxies(study.history(), {"error", "samples"});
  ASSERT_EQ(report.proxies.size(), 1U);
  EXPECT_DOUBLE_EQ(report.proxies[0].spearman->value, -1.0);
  EXPECT_THAT(report.notes,
              Contains("about the same in every trial, or known of fewer than 4: samples"));
}

}  // namespace
}  // namespace wattune::report
