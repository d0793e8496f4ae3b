#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "support/must.hpp"
#include "wattune/energy/meter.hpp"

namespace wattune::contracts {

/// A machine with one meter to test and the levers that move what it reads.
class MeterBench {
 public:
  virtual ~MeterBench() = default;
  /// Every meter that the back end finds on this machine; at least two where it can have two.
  [[nodiscard]] virtual std::vector<std::unique_ptr<energy::Meter>> open(MonotonicTime now) = 0;
  /// The first meter's device draws about so much.
  virtual void draw(Joules energy) = 0;
  /// From now on reads of the first meter fail, or work again.
  virtual void set_broken(bool is_broken) = 0;
};

using MakeMeterBench = std::function<std::unique_ptr<MeterBench>()>;

/// What every meter promises; instantiate with a factory per implementation.
class MeterContract : public testing::TestWithParam<MakeMeterBench> {
 protected:
  void SetUp() override {
    bench = GetParam()();
    clock.advance(Seconds{1000.0});
    meters = bench->open(clock.now());
    ASSERT_FALSE(meters.empty());
  }
  energy::Meter& meter() { return *meters.front(); }
  Microjoules read() { return must(meter().read(clock.now())).total; }

  std::unique_ptr<MeterBench> bench;
  ManualClock clock;
  std::vector<std::unique_ptr<energy::Meter>> meters;
};

TEST_P(MeterContract, StartsAtNothing) {
  EXPECT_EQ(read(), Microjoules{0});
}

TEST_P(MeterContract, NeverGoesDown) {
  Microjoules before = read();
  for (const double energy : {1.0, 0.0, 30.0, 0.5}) {
    bench->draw(Joules{energy});
    clock.advance(Seconds{1.0});
    const Microjoules now = read();
    EXPECT_GE(now, before);
    before = now;
  }
}

TEST_P(MeterContract, ShowsThatEnergyWasDrawn) {
  const Microjoules before = read();
  bench->draw(Joules{20.0});
  clock.advance(Seconds{1.0});
  EXPECT_GT(read(), before);
}

TEST_P(MeterContract, ShowsNothingNewAtTheSameMoment) {
  bench->draw(Joules{20.0});
  clock.advance(Seconds{1.0});
  EXPECT_EQ(read(), read());
}

TEST_P(MeterContract, SaysWhenItWasRead) {
  clock.advance(Seconds{0.25});
  EXPECT_EQ(must(meter().read(clock.now())).read_at, clock.now());
}

TEST_P(MeterContract, SaysSoWhenAReadFails) {
  bench->set_broken(true);
  clock.advance(Seconds{1.0});
  const auto reading = meter().read(clock.now());
  ASSERT_FALSE(reading.has_value());
  EXPECT_EQ(reading.error().kind, ErrorKind::Transient);
  EXPECT_FALSE(reading.error().message.empty());
}

TEST_P(MeterContract, LosesNoEnergyWhenAReadFails) {
  const auto total_after = [&](bool fails) {
    const auto other = GetParam()();
    ManualClock time;
    auto opened = other->open(time.now());
    for (int second = 0; second < 3; ++second) {
      other->draw(Joules{20.0});
      other->set_broken(fails && second == 1);
      time.advance(Seconds{1.0});
      static_cast<void>(opened.front()->read(time.now()));
    }
    return must(opened.front()->read(time.now())).total;
  };
  EXPECT_EQ(total_after(true), total_after(false));
}

TEST_P(MeterContract, DescribesItsChannel) {
  const energy::Channel& channel = meter().channel();
  EXPECT_FALSE(channel.source.empty());
  EXPECT_NE(channel.provenance, Provenance::Missing);
  EXPECT_GT(channel.gain_uncertainty, 0.0);
  EXPECT_LE(channel.gain_uncertainty, 1.0);
  EXPECT_GT(channel.refresh, Seconds{0.0});
  EXPECT_EQ(channel.device_uuid.has_value(), energy::is_gpu(channel.kind));
  EXPECT_GE(meter().idle_power().value_or(Watts{0.0}), Watts{0.0});
}

TEST_P(MeterContract, SaysHowOftenItMustBeRead) {
  EXPECT_GT(meter().longest_safe_gap(), Seconds{1.0});
}

TEST_P(MeterContract, GivesEveryMeterAnIdOfItsOwn) {
  std::set<std::string> ids;
  for (const auto& each : meters) {
    EXPECT_FALSE(each->channel().id.empty());
    EXPECT_TRUE(ids.insert(each->channel().id).second) << each->channel().id;
  }
}

}  // namespace wattune::contracts
