#include "energy/failover_meter.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "energy/counter_meter.hpp"
#include "energy/power_meter.hpp"
#include "support/fake_nvml.hpp"
#include "support/must.hpp"
#include "support/power_simulator.hpp"
#include "wattune/energy/accountant.hpp"
#include "wattune/energy/node_sampler.hpp"
#include "wattune/energy/nvml.hpp"

namespace wattune::energy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr MonotonicTime kStart{std::chrono::seconds{100}};

MonotonicTime at(double seconds) {
  return after(kStart, Seconds{seconds});
}

Channel channel_of(Provenance provenance, double gain, std::string source) {
  Channel channel;
  channel.id = "rapl:package-0";
  channel.provenance = provenance;
  channel.gain_uncertainty = gain;
  channel.refresh = Seconds{0.001};
  channel.source = std::move(source);
  return channel;
}

/// True power of a machine, read by a counter that may stick or fail, and by a power sensor.
class Failover : public testing::Test {
 protected:
  Failover() {
    power.append(30.0, 100.0, 100.0);
    power.append(30.0, 60.0, 60.0);
    power.append(600.0, 100.0, 100.0);
  }

  std::unique_ptr<Meter> counter() {
    const CounterLimits limits{std::nullopt, Watts{400.0}, Seconds{0.001}};
    return std::make_unique<CounterMeter>(
        channel_of(Provenance::Measured, 0.05, "counter"), limits,
        [this]() -> Result<std::uint64_t> {
          if (now >= fails_from) return fail(ErrorKind::Transient, "no answer");
          if (now >= gone_from) return fail(ErrorKind::Ended, "gone");
          return static_cast<std::uint64_t>(power.joules(std::min(now, sticks_from)) * 1e6);
        },
        CounterClocks{[] { return Seconds{}; }, [] { return MonotonicTime{}; }});
  }
  OpenFallback sensor() {
    return [this](MonotonicTime) -> Result<std::unique_ptr<Meter>> {
      ++num_opened;
      return std::make_unique<PowerMeter>(
          channel_of(Provenance::Integrated, 0.10, "sensor"), Watts{400.0},
          [this]() -> Result<Watts> { return Watts{power.watts(now)}; });
    };
  }
  static OpenFallback nothing() {
    return [](MonotonicTime) -> Result<std::unique_ptr<Meter>> {
      return fail(ErrorKind::NotFound, "not there");
    };
  }
  std::unique_ptr<Meter> meter() {
    return std::make_unique<FailoverMeter>(counter(), std::vector{nothing(), sensor()});
  }

  /// Ticks twice a second up to a moment.
  void run_until(EnergyAccountant& accountant, double end) {
    while (now < end) {
      now = std::min(end, now + 0.5);
      accountant.tick(at(now), {});
    }
  }

  fake::TruePower power;
  double now = 0.0;
  double sticks_from = 1e9;
  double fails_from = 1e9;
  double gone_from = 1e9;
  int num_opened = 0;
};

EnergyAccountant accountant_of(std::unique_ptr<Meter> meter) {
  std::vector<std::unique_ptr<Meter>> meters;
  meters.push_back(std::move(meter));
  AccountantOptions options;
  options.engine_cpu_time = [] { return Seconds{}; };
  return EnergyAccountant(std::move(meters), options, at(0.0));
}

TEST_F(Failover, NeverHappensToACounterThatWorks) {
  EnergyAccountant accountant = accountant_of(meter());
  run_until(accountant, 200.0);
  EXPECT_EQ(num_opened, 0);
  EXPECT_THAT(accountant.take_notes(), IsEmpty());
  EXPECT_EQ(accountant.metered().provenance, Provenance::Measured);
}

TEST_F(Failover, WaitsForAFailureThatPasses) {
  EnergyAccountant accountant = accountant_of(meter());
  run_until(accountant, 20.0);
  fails_from = 20.0;
  run_until(accountant, 29.0);
  fails_from = 1e9;
  run_until(accountant, 40.0);
  EXPECT_EQ(num_opened, 0);
  EXPECT_NEAR(accountant.metered().total().joules().value(), power.joules(40.0), 0.01);
}

TEST_F(Failover, GoesOnWithTheNextSourceWhereTheCounterSticks) {
  EnergyAccountant accountant = accountant_of(meter());
  run_until(accountant, 25.0);
  EXPECT_EQ(accountant.metered().provenance, Provenance::Measured);
  sticks_from = 25.0;
  run_until(accountant, 100.0);

  EXPECT_EQ(num_opened, 1);
  EXPECT_THAT(
      accountant.take_notes(),
      ElementsAre("rapl:package-0: its source failed and another is read: integrated, ± 10 %"));
}

TEST_F(Failover, StatesHowUnsureWhatLiesBetweenTheSourcesIs) {
  EnergyAccountant accountant = accountant_of(meter());
  run_until(accountant, 22.0);
  sticks_from = 22.0;  // 8 s before the power changes
  const auto mark = accountant.mark(accountant.rest());
  run_until(accountant, 100.0);
  const EnergyFigure figure = accountant.since(mark);
  const double truth = power.joules(100.0) - power.joules(22.0);
  const double error = std::abs(figure.total().joules().value() - truth);
  EXPECT_EQ(figure.provenance, Provenance::Modelled);
  EXPECT_GT(error, 50.0);  // the guess is not by chance right
  EXPECT_LT(error, figure.uncertainty.value());
  EXPECT_LT(figure.uncertainty.value(), 0.25 * truth);

  const auto later = accountant.mark(accountant.rest());
  run_until(accountant, 200.0);
  const EnergyFigure fresh = accountant.since(later);
  EXPECT_EQ(fresh.provenance, Provenance::Integrated);
  EXPECT_NEAR(fresh.total().joules().value(), power.joules(200.0) - power.joules(100.0), 1.0);
  EXPECT_GE(fresh.uncertainty.value(), 0.10 * fresh.total().joules().value());
}

TEST_F(Failover, DoesNotWaitForADeviceThatHasGone) {
  EnergyAccountant accountant = accountant_of(meter());
  run_until(accountant, 20.0);
  gone_from = 20.0;
  run_until(accountant, 25.0);
  EXPECT_EQ(num_opened, 1);
  const EnergyFigure figure = accountant.metered();
  EXPECT_FALSE(figure.is_missing());
  EXPECT_NEAR(figure.total().joules().value(), power.joules(25.0), figure.uncertainty.value());
}

TEST_F(Failover, FillsTheHoleWithThePowerOfTheNewSourceWhereTheOldOneToldNone) {
  fails_from = 0.0;
  EnergyAccountant accountant = accountant_of(meter());
  run_until(accountant, 20.0);
  const EnergyFigure figure = accountant.metered();
  EXPECT_NEAR(figure.total().joules().value(), power.joules(20.0), figure.uncertainty.value());
  EXPECT_GE(figure.uncertainty.value(), 900.0);
}

TEST_F(Failover, WaitsUntilTheNewSourceHasShownItsPower) {
  const OpenFallback coarse = [this](MonotonicTime) -> Result<std::unique_ptr<Meter>> {
    const CounterLimits limits{std::nullopt, Watts{400.0}, Seconds{2.0}};
    Channel channel = channel_of(Provenance::Measured, 0.05, "coarse counter");
    channel.refresh = limits.refresh;
    return std::make_unique<CounterMeter>(
        channel, limits,
        [this]() -> Result<std::uint64_t> {
          return static_cast<std::uint64_t>(power.joules(std::floor(now / 2.0) * 2.0) * 1e6);
        },
        CounterClocks{[] { return Seconds{}; }, [] { return MonotonicTime{}; }});
  };
  EnergyAccountant accountant =
      accountant_of(std::make_unique<FailoverMeter>(counter(), std::vector{coarse}));
  run_until(accountant, 5.0);
  sticks_from = 5.0;
  run_until(accountant, 29.0);
  EXPECT_NEAR(accountant.metered().total().joules().value(), power.joules(28.0), 150.0);
}

TEST_F(Failover, TellsTheFailureWhereNoOtherSourceWorks) {
  EnergyAccountant accountant =
      accountant_of(std::make_unique<FailoverMeter>(counter(), std::vector{nothing(), nothing()}));
  run_until(accountant, 20.0);
  gone_from = 20.0;
  run_until(accountant, 40.0);
  EXPECT_TRUE(accountant.metered().is_missing());
}

TEST_F(Failover, IsSeenThroughTheSamplerAndReadAsOftenAsTheNewSourceWants) {
  ManualClock clock;
  std::vector<std::unique_ptr<Meter>> meters;
  meters.push_back(meter());
  NodeSamplerOptions options;
  options.has_thread = false;
  options.suspended_time = [] { return Seconds{}; };
  NodeSampler sampler(std::move(meters), clock, options);
  auto views = sampler.views();
  const auto read = [&](double step) {
    now += step;
    clock.advance(Seconds{step});
    return views[0]->read(clock.now());
  };
  EXPECT_EQ(must(read(1.0)).fallback, std::nullopt);
  gone_from = now;
  EXPECT_FALSE(read(1.0));
  const Reading reading = must(read(1.0));
  EXPECT_EQ(reading.fallback, (FallbackSource{Provenance::Integrated, 0.10}));
  EXPECT_TRUE(reading.estimated);
  EXPECT_GT(reading.uncertainty.value(), 0.0);
  EXPECT_NEAR(reading.total.joules().value(), power.joules(now), 1.0);

  clock.advance(Seconds{1.0});
  now += 1.0;
  EXPECT_LT(elapsed(clock.now(), sampler.poll()), Seconds{0.01});
}

TEST(NvmlFailover, IntegratesPowerWhereTheCounterOfABoardFreezes) {
  fake::NvmlScenario scenario;
  scenario.add_gpu("GPU-a");
  scenario.draw(0, Watts{300.0});
  const Nvml nvml = must(Nvml::open(
      {.library = fake::NvmlScenario::library(), .wait = scenario.wait(), .watch = Seconds{0.5}}));
  OpenedMeters opened = nvml.open_meters(scenario.clock());
  ASSERT_EQ(opened.meters.size(), 1u);
  Meter& board = *opened.meters[0];
  const auto read_for = [&](double seconds) {
    Result<Reading> reading = fail(ErrorKind::Transient, "");
    for (double t = 0.0; t < seconds; t += 0.5) {
      scenario.advance(Seconds{0.5});
      reading = board.read(scenario.clock().now());
    }
    return reading;
  };
  const Joules before = must(read_for(10.0)).total.joules();
  EXPECT_EQ(board.channel().provenance, Provenance::Measured);

  scenario.set("energy_result0", "999");
  const Reading later = must(read_for(30.0));
  EXPECT_EQ(board.channel().provenance, Provenance::Integrated);
  EXPECT_THAT(board.channel().source, HasSubstr("energy counter"));
  EXPECT_THAT(board.channel().source, HasSubstr("then instant power"));
  ASSERT_TRUE(later.fallback);
  EXPECT_NEAR((later.total.joules() - before).value(), 9000.0, 200.0);
}

}  // namespace
}  // namespace wattune::energy
