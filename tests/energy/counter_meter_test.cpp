#include "energy/counter_meter.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <time.h>

#include <deque>

#include "support/must.hpp"

namespace wattune::energy {
namespace {

using testing::HasSubstr;

/// A meter on a counter of which a test says what every read gives; the last answer stays.
class Bench {
 public:
  explicit Bench(Seconds refresh = Seconds{0.001}) {
    Channel channel;
    channel.id = "test:counter";
    channel.refresh = refresh;
    const CounterLimits limits{10'000'000'000, Watts{10.0}, refresh};
    CounterClocks clocks;
    clocks.slept = [this] { return slept; };
    clocks.now = [this] { return clock.now(); };
    meter.emplace(
        channel, limits,
        [this]() -> Result<std::uint64_t> {
          ++num_reads;
          clock.advance(read_time);
          const std::optional<double> joules = answers.front();
          if (answers.size() > 1) answers.pop_front();
          if (!joules) return fail(ErrorKind::Transient, "no answer");
          return static_cast<std::uint64_t>(*joules * 1e6 + 0.5);
        },
        clocks);
  }

  Result<Reading> see(std::deque<std::optional<double>> next, double seconds = 1.0) {
    answers = std::move(next);
    clock.advance(Seconds{seconds});
    return meter->read(clock.now());
  }

  ManualClock clock;
  Seconds slept;
  Seconds read_time;
  std::deque<std::optional<double>> answers;
  std::optional<CounterMeter> meter;
  int num_reads = 0;
};

}  // namespace

// Pitfall 2
TEST(CounterMeter, DoesNotTakeAFailedReadForNothing) {
  Bench bench;
  must(bench.see({9985.0}));
  must(bench.see({9990.0}));
  // Near the end of the range a 0 would pass for a turn.
  EXPECT_EQ(bench.see({std::nullopt}).error().kind, ErrorKind::Transient);
  const Reading reading = must(bench.see({9998.0}));
  EXPECT_EQ(reading.total, Microjoules{13'000'000});
  EXPECT_FALSE(reading.estimated);
}

TEST(CounterMeter, AsksOnceMoreWhenAReadFailsOrCannotBeBelieved) {
  Bench bench;
  must(bench.see({10.0}));
  EXPECT_EQ(must(bench.see({std::nullopt, 15.0})).total, Microjoules{5'000'000});
  EXPECT_EQ(must(bench.see({0.0, 20.0})).total, Microjoules{10'000'000});
  EXPECT_EQ(bench.num_reads, 5);
}

TEST(CounterMeter, SaysWhatItGuessedAndHowSurely) {
  Bench bench;
  must(bench.see({10.0}));
  must(bench.see({14.0}));
  EXPECT_THAT(bench.see({1.0}).error().message, HasSubstr("cannot be true yet"));
  const Reading reading = must(bench.see({5.0}));
  EXPECT_TRUE(reading.estimated);
  EXPECT_EQ(reading.total, Microjoules{12'000'000});
  EXPECT_EQ(reading.uncertainty, Joules{2.0});
}

TEST(CounterMeter, CallsAWindowWithASleepInItAnEstimate) {
  Bench bench;
  must(bench.see({10.0}));
  must(bench.see({14.0}));
  bench.slept = Seconds{3600.0};
  const Reading reading = must(bench.see({60.0}));  // 46 J: far more than 10 W in a second
  EXPECT_TRUE(reading.estimated);
  EXPECT_EQ(reading.total, Microjoules{50'000'000});
  EXPECT_FALSE(must(bench.see({64.0})).estimated);
}

// Pitfall 15
TEST(CounterMeter, GoesByMonotonicTimeAndTimeInSuspendAndByNoOther) {
  const Seconds slept = time_in_suspend();
  EXPECT_GE(slept, Seconds{-1e-3});
  EXPECT_NEAR(time_in_suspend().value(), slept.value(), 0.05);
  timespec since_boot{};
  ASSERT_EQ(::clock_gettime(CLOCK_BOOTTIME, &since_boot), 0);
  EXPECT_LE(slept.value(), static_cast<double>(since_boot.tv_sec) + 1.0);
}

TEST(CounterMeter, SaysHowLongAReadTook) {
  Bench bench;
  bench.read_time = Seconds{0.03};
  EXPECT_NEAR(must(bench.see({10.0})).took.value(), 0.03, 1e-9);
}

TEST(CounterMeter, IsStaleWhenTheCounterHasNotMovedForFiftyOfItsSteps) {
  Bench fast;
  must(fast.see({10.0}));
  EXPECT_TRUE(fast.see({10.0}, 10.0));
  EXPECT_THAT(fast.see({10.0}, 0.1).error().message, HasSubstr("stood still"));

  Bench slow{Seconds{1.0}};
  must(slow.see({10.0}));
  EXPECT_TRUE(slow.see({10.0}, 50.0));
  EXPECT_FALSE(slow.see({10.0}, 0.1));
}

TEST(CounterMeter, BooksWhatAFrozenCounterShowsWhenItMovesAgain) {
  Bench bench;
  must(bench.see({10.0}));
  must(bench.see({14.0}));
  EXPECT_TRUE(bench.see({14.0}, 5.0));
  EXPECT_EQ(must(bench.see({46.0}, 3.0)).total, Microjoules{36'000'000});
}

TEST(CounterMeter, MustBeReadTwiceInTheTimeOfATurn) {
  EXPECT_DOUBLE_EQ(Bench().meter->longest_safe_gap().value(), 500.0);
}

}  // namespace wattune::energy
