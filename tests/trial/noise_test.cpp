#include "wattune/trial/noise.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "support/fake_meter.hpp"
#include "support/fake_proc.hpp"
#include "support/problems.hpp"
#include "wattune/base/random.hpp"
#include "wattune/energy/accountant.hpp"

namespace wattune::trial {
namespace {

const Measure kEnergy{MeasureKind::Energy, ""};
const Measure kAccuracy{MeasureKind::Metric, "accuracy"};

/// A study of complete trainings of 10 s each, on channels that count every 0.12 s.
class NoiseOfStudy : public ::testing::Test {
 protected:
  NoiseOfStudy() : history_(problem()) {
    session(R"({"channels": [{"id": "a", "refresh_s": 0.001}, {"id": "b", "refresh_s": 0.12}]})");
  }
  static Problem problem() {
    Problem problem =
        accuracy_problem({float_parameter("x", 0.0, 1.0)}, {ResourceUnit::Epochs, 1.0, 1.0});
    problem.tariff.intensity = energy::CarbonIntensity{energy::RateTable{360.0}};
    return problem;
  }
  void session(const std::string& environment) { history_.apply(SessionStarted{environment}); }

  TrialId begin(Purpose purpose = Purpose::Search, std::optional<Repeat> repeat = std::nullopt) {
    const TrialId id = history_.next_trial_id();
    history_.apply(TrialCreated{id, purpose, Origin::Sampler, space::Configuration({0.5}), repeat});
    history_.apply(Assigned{{id, 0.0, 1.0, 0, 0, Stage::Exploration, {}}});
    return id;
  }
  void end(TrialId id, double joules, double accuracy = 0.9) {
    EnergyFigure energy;
    energy.dynamic = to_microjoules(Joules{joules});
    energy.uncertainty = Joules{0.2 * joules};
    history_.apply(Reported{id, 1.0, 0, Seconds{10}, energy, {{"accuracy", accuracy}}});
    history_.apply(AssignmentEnded{id, Outcome::Completed, "", {}, {}});
  }
  TrialId training(double joules, double accuracy = 0.9) {
    const TrialId id = begin();
    end(id, joules, accuracy);
    return id;
  }
  TrialId again(TrialId of, int number, double joules, double accuracy = 0.9) {
    const TrialId id = begin(Purpose::Finalist, Repeat{of, static_cast<std::uint16_t>(number)});
    end(id, joules, accuracy);
    return id;
  }
  [[nodiscard]] EnergyNoise noise_of(TrialId id) const {
    return NoiseModel(history_).energy_noise(history_.trial(id)).value();
  }

  History history_;
};

}  // namespace

TEST_F(NoiseOfStudy, TheEdgesAreOneStepOfTheSlowestCounterEach) {
  const TrialId id = training(1000.0);
  // 100 W over 0.12 s are 12 J; two even errors over 12 J have a variance of 2 * 144 / 12 = 24 J^2.
  EXPECT_NEAR(noise_of(id).edge.value(), std::sqrt(24.0), 1e-9);
  EXPECT_EQ(noise_of(id).attribution, Joules{});
  EXPECT_EQ(noise_of(id).between_run, Joules{});
}

TEST_F(NoiseOfStudy, TheGainCountsAcrossDevicesAndNotWithinOne) {
  const TrialId id = training(1000.0);
  const NoiseModel model(history_);
  const Trial& trial = history_.trial(id);
  // Stated are 200 J at 95 %: a standard deviation of 100 J, of which the edges are part.
  EXPECT_NEAR(model.variance_of(trial, kEnergy).value(), 24.0, 1e-9);
  EXPECT_NEAR(model.variance_of(trial, kEnergy, Comparison::AcrossDevices).value(), 10'000.0, 1e-6);
}

TEST_F(NoiseOfStudy, ATrialThatHadCompanyIsLessSureThanOneAlone) {
  const TrialId left = begin();
  const TrialId right = begin();
  end(left, 1000.0);
  end(right, 1000.0);

  // 10 % of half of the machine's energy, as half the width of a 95 % interval.
  EXPECT_NEAR(noise_of(left).attribution.value(), 50.0, 1e-9);
  EXPECT_NEAR(noise_of(right).attribution.value(), 50.0, 1e-9);
  EXPECT_NEAR(variance(noise_of(left), Comparison::WithinOneDevice), 24.0 + 2'500.0, 1e-6);
}

TEST_F(NoiseOfStudy, ATrialThatTookMostOfTheMachineIsSurerThanItsNeighbour) {
  const auto beside = [&](double node_joules) {
    const TrialId id = begin();
    EnergyFigure node;
    node.dynamic = to_microjoules(Joules{node_joules});
    history_.apply(AssignmentMetered{id, node, {}, {}});
    end(id, 1000.0);
    return noise_of(id).attribution.value();
  };
  EXPECT_NEAR(beside(1000.0), 0.0, 1e-9);
  EXPECT_NEAR(beside(1250.0), 1000.0 * 0.2 * 0.2 / 2.0, 1e-9);
  EXPECT_NEAR(beside(5000.0), 1000.0 * 0.2 * 0.8 / 2.0, 1e-9);
}

namespace {

/// Two programs at once on one machine, metered by the real books: what one of them is charged, and
/// what it truly drew. Neither their joules per second of CPU time nor the meter's gain are known.
struct SharedRun {
  explicit SharedRun(Rng& rng) {
    fake::MeterScript script;
    script.channel.id = "package";
    script.channel.gain_uncertainty = 0.05;
    script.channel.refresh = Seconds{0.12};
    fake::Proc proc{4};
    ManualClock clock;
    energy::AccountantOptions options;
    options.num_cores = 4.0;
    options.proc_root = proc.root();
    options.engine_cpu_time = [] { return Seconds{0.0}; };
    std::vector<std::unique_ptr<energy::Meter>> meters;
    meters.push_back(std::make_unique<fake::ScriptedMeter>(script));
    energy::EnergyAccountant books(std::move(meters), options, clock.now());
    const auto own = books.mark(books.open({2.0, {}}));
    const auto other = books.mark(books.open({2.0, {}}));

    // Half widths of 95 % intervals: 5 % gain, 20 % between two programs.
    constexpr double kNormal = 1.96;
    const double gain = 1.0 + 0.05 / kNormal * rng.normal();
    const double apart = 0.20 / kNormal * rng.normal();
    const double own_cpu = std::round(rng.uniform(4.0, 16.0));
    const double other_cpu = 20.0 - own_cpu;
    const double own_joules = 50.0 * (1.0 + apart / 2.0) * own_cpu;
    const double other_joules = 50.0 * (1.0 - apart / 2.0) * other_cpu;
    proc.set_ticks({.user = 2000});
    script.total += to_microjoules(Joules{(own_joules + other_joules) * gain});
    clock.advance(Seconds{10.0});
    books.tick(clock.now(),
               {{{own.account, Seconds{own_cpu}}, {other.account, Seconds{other_cpu}}}});
    charged = books.since(own);
    node = books.node_since(own);
    truth = own_joules;
    truth_as_metered = own_joules * gain;
  }
  EnergyFigure charged;
  EnergyFigure node;
  double truth;
  double truth_as_metered;  ///< What other trials of the device are compared with.
};

}  // namespace

TEST_F(NoiseOfStudy, AnIntervalMadeOfItHoldsTheTruthAsOftenAsItSaysAndNoOftener) {
  constexpr int kRuns = 1500;
  Rng rng(7);
  std::vector<SharedRun> runs;
  for (int i = 0; i < kRuns; ++i) {
    const SharedRun& run = runs.emplace_back(rng);
    const TrialId id = begin();
    history_.apply(Reported{id, 1.0, 0, Seconds{10}, run.charged, {{"accuracy", 0.9}}});
    history_.apply(AssignmentMetered{id, run.node, {}, {}});
    history_.apply(AssignmentEnded{id, Outcome::Completed, "", {}, {}});
  }
  const NoiseModel model(history_);
  int num_inside = 0;
  int num_inside_across = 0;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const Trial& trial = history_.trial(TrialId{static_cast<std::uint32_t>(i)});
    const auto is_inside = [&](double truth, Comparison comparison) {
      const double half = 1.96 * std::sqrt(model.variance_of(trial, kEnergy, comparison).value());
      return std::abs(runs[i].charged.total().joules().value() - truth) <= half ? 1 : 0;
    };
    num_inside += is_inside(runs[i].truth_as_metered, Comparison::WithinOneDevice);
    num_inside_across += is_inside(runs[i].truth, Comparison::AcrossDevices);
  }
  // Counted twice, or as 10 % of everything, the split would make it 99 % and more.
  EXPECT_NEAR(num_inside / double{kRuns}, 0.955, 0.015);
  EXPECT_NEAR(num_inside_across / double{kRuns}, 0.96, 0.015);
}

TEST_F(NoiseOfStudy, TheSpreadBetweenRunsComesFromWhatWasMeasuredAgain) {
  const TrialId first = training(1000.0);
  const TrialId second = training(500.0);
  again(first, 0, 950.0, 0.90);
  again(first, 1, 1050.0, 0.92);
  again(second, 0, 475.0, 0.80);
  again(second, 1, 525.0, 0.80);

  // Relative to their means both pairs are +-5 %: 2 * 0.0025 for one degree of freedom each.
  const NoiseModel model(history_);
  const Trial& trial = history_.trial(first);
  const EnergyNoise noise = model.energy_noise(trial).value();
  EXPECT_NEAR(noise.between_run.value(), std::sqrt(0.005 * 1e6 - 24.0), 1e-6);
  EXPECT_NEAR(model.variance_of(trial, kEnergy).value(), 5'000.0, 1e-6);
  // Accuracies: 0.0002 and 0 for one degree each.
  EXPECT_NEAR(model.variance_of(trial, kAccuracy).value(), 0.0001, 1e-12);
}

TEST_F(NoiseOfStudy, RepeatsThatWereInterruptedDoNotCount) {
  const TrialId first = training(1000.0);
  again(first, 0, 1000.0);
  const TrialId cut = begin(Purpose::Finalist, Repeat{first, 1});
  history_.apply(AssignmentEnded{cut, Outcome::Lost, "", {}, {}});
  history_.apply(Assigned{{cut, 0.0, 1.0, 0, 0, Stage::Finalist, {}}});
  end(cut, 1900.0);

  EXPECT_EQ(noise_of(first).between_run, Joules{});
  EXPECT_EQ(NoiseModel(history_).variance_of(history_.trial(first), kAccuracy), std::nullopt);
}

TEST_F(NoiseOfStudy, CarbonIsAsSureAsTheEnergyItIsMadeOf) {
  const TrialId id = training(1000.0);
  const NoiseModel model(history_);
  // 360 g/kWh are 1e-4 g/J.
  EXPECT_NEAR(model.variance_of(history_.trial(id), {MeasureKind::Carbon, ""}).value(), 24.0e-8,
              1e-15);
}

TEST_F(NoiseOfStudy, WhatIsNotKnownIsAbsent) {
  const TrialId id = training(1000.0);
  EXPECT_EQ(NoiseModel(history_).variance_of(history_.trial(id), kAccuracy), std::nullopt);
  EXPECT_EQ(NoiseModel(history_).variance_of(history_.trial(id), {MeasureKind::Energy, "train"}),
            std::nullopt);
  for (const char* environment : {"{}", R"({"channels": [{"id": "a"}]})", R"({"channels": []})"}) {
    session(environment);
    EXPECT_EQ(NoiseModel(history_).energy_noise(history_.trial(id)), std::nullopt) << environment;
  }
}

}  // namespace wattune::trial
