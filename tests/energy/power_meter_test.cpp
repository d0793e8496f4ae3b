#include "energy/power_meter.hpp"

#include <gtest/gtest.h>

#include "support/must.hpp"

namespace wattune::energy {
namespace {

struct Bench {
  Result<Watts> power = Watts{100.0};
  ManualClock clock;
  PowerMeter meter{Channel{.id = "sensor", .refresh = Seconds{0.1}}, Watts{500.0},
                   [this] { return power; }};

  double read_after(double seconds, double watts) {
    clock.advance(Seconds{seconds});
    power = Watts{watts};
    return must(meter.read(clock.now())).total.joules().value();
  }
};

TEST(PowerMeter, CountsEqualReadingsLikeAnyOthers) {
  Bench bench;
  EXPECT_EQ(bench.read_after(0.0, 100.0), 0.0);
  EXPECT_DOUBLE_EQ(bench.read_after(1.0, 100.0), 100.0);
  EXPECT_DOUBLE_EQ(bench.read_after(1.0, 100.0), 200.0);
}

TEST(PowerMeter, TakesPowerToChangeEvenlyBetweenReadings) {
  Bench bench;
  bench.read_after(0.0, 100.0);
  EXPECT_DOUBLE_EQ(bench.read_after(2.0, 300.0), 400.0);
}

TEST(PowerMeter, AddsUpMillionsOfStepsWithoutDrift) {
  Bench bench;
  bench.read_after(0.0, 0.000003);
  double total = 0.0;
  for (int i = 0; i < 1'000'000; ++i) total = bench.read_after(0.001, 0.000003);
  EXPECT_DOUBLE_EQ(total, 0.003);
}

TEST(PowerMeter, BridgesAFailedRead) {
  Bench bench;
  bench.read_after(0.0, 100.0);
  bench.power = fail(ErrorKind::Transient, "busy");
  bench.clock.advance(Seconds{1.0});
  EXPECT_FALSE(bench.meter.read(bench.clock.now()).has_value());
  EXPECT_DOUBLE_EQ(bench.read_after(1.0, 100.0), 200.0);
}

TEST(PowerMeter, DoesNotBelieveWhatTheDeviceCannotDraw) {
  Bench bench;
  bench.read_after(0.0, 100.0);
  for (const double impossible : {-1.0, 501.0, 1e9}) {
    bench.clock.advance(Seconds{1.0});
    bench.power = Watts{impossible};
    EXPECT_FALSE(bench.meter.read(bench.clock.now()).has_value()) << impossible;
  }
  EXPECT_DOUBLE_EQ(bench.read_after(1.0, 100.0), 400.0);
}

TEST(PowerMeter, MarksAStepOverALongSilenceAsEstimated) {
  Bench bench;
  bench.read_after(0.0, 100.0);
  bench.clock.advance(Seconds{9.0});
  EXPECT_FALSE(must(bench.meter.read(bench.clock.now())).estimated);
  bench.clock.advance(Seconds{11.0});
  bench.power = Watts{300.0};
  const Reading bridged = must(bench.meter.read(bench.clock.now()));
  EXPECT_TRUE(bridged.estimated);
  // Half of the mean of 200 W and half of the difference of 200 W, for 11 s.
  EXPECT_NEAR(bridged.uncertainty.value(), 200.0 * 11.0, 1e-9);
  bench.clock.advance(Seconds{1.0});
  EXPECT_EQ(must(bench.meter.read(bench.clock.now())).uncertainty, Joules{});
}

}  // namespace
}  // namespace wattune::energy
