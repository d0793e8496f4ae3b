#include "wattune/energy/counter.hpp"

#include <gtest/gtest.h>

#include "wattune/base/random.hpp"

namespace wattune::energy {
namespace {

/// A counter of 100 J range and 10 W, moved one second at a time.
class Bench {
 public:
  explicit Bench(std::optional<std::uint64_t> modulus = 100'000'000)
      : counter_({modulus, Watts{10.0}, Seconds{0.001}}) {}

  CounterStep see(double raw_joules, double seconds = 1.0, double slept = 0.0) {
    clock_.advance(Seconds{seconds});
    return counter_.observe(static_cast<std::uint64_t>(raw_joules * 1e6 + 0.5), clock_.now(),
                            Seconds{slept});
  }
  double total() const { return counter_.total().joules().value(); }
  const EnergyCounter& counter() const { return counter_; }

 private:
  EnergyCounter counter_;
  ManualClock clock_;
};

}  // namespace

TEST(EnergyCounter, CountsFromTheFirstReading) {
  Bench bench;
  EXPECT_EQ(bench.see(40.0), CounterStep::First);
  EXPECT_EQ(bench.see(48.0), CounterStep::Counted);
  EXPECT_DOUBLE_EQ(bench.total(), 8.0);
}

TEST(EnergyCounter, CountsThroughATurnToTheMicrojoule) {
  ManualClock clock;
  EnergyCounter counter{{std::uint64_t{1000}, Watts{1.0}, Seconds{1e-4}}};
  counter.observe(998, clock.now());
  clock.advance(Seconds{1e-4});
  EXPECT_EQ(counter.observe(3, clock.now()), CounterStep::Wrapped);
  EXPECT_EQ(counter.total(), Microjoules{5});  // 998, 999, 0, 1, 2, 3
}

TEST(EnergyCounter, AddsUpTicksThatAreNoWholeMicrojouleWithoutLosingAny) {
  // 2^-32 J, as the perf counters have it.
  EnergyCounter counter{{std::nullopt, Watts{1.0}, Seconds{1.0}, {1'000'000, 1ULL << 32}}};
  ManualClock clock;
  std::uint64_t raw = 5;
  counter.observe(raw, clock.now());
  for (int i = 0; i < 4096; ++i) {
    clock.advance(Seconds{0.001});
    counter.observe(raw += 1'048'577, clock.now());
  }
  EXPECT_EQ(counter.total(), Microjoules{1'000'000});  // rounding each step would lose 576
}

// Pitfall 5
TEST(EnergyCounter, DoesNotTakeARestartForATurn) {
  Bench bench;
  bench.see(30.0);
  bench.see(36.0);                                    // 6 W
  EXPECT_EQ(bench.see(1.0), CounterStep::Held);       // a turn would need 65 J in 1 s
  EXPECT_EQ(bench.see(5.0), CounterStep::Restarted);  // 4 W
  EXPECT_DOUBLE_EQ(bench.total(), 6.0 + 5.0 + 4.0);   // the hole: 1 s at the mean of 6 W and 4 W
}

TEST(EnergyCounter, FillsTheHoleOfARestartWithAtLeastWhatTheCounterShows) {
  Bench bench;
  bench.see(50.0);
  bench.see(51.0);
  bench.see(9.0);
  EXPECT_EQ(bench.see(10.0), CounterStep::Restarted);
  EXPECT_DOUBLE_EQ(bench.total(), 1.0 + 9.0 + 1.0);  // not 1 J of 1 W
}

TEST(EnergyCounter, SaysHowUnsureTheFillingOfAHoleIs) {
  Bench bench;
  bench.see(30.0);
  bench.see(36.0);  // 6 W
  bench.see(1.0);
  bench.see(5.0);                                                      // 4 W
  EXPECT_DOUBLE_EQ(bench.counter().uncertainty().value(), 2.5 + 1.0);  // half of 5 W, half of 2 W
  bench.see(10.0);
  EXPECT_EQ(bench.counter().uncertainty(), Joules{});
}

TEST(EnergyCounter, WaitsForAHeldReadingToMoveOnBeforeItBelievesInARestart) {
  Bench bench;
  bench.see(30.0);
  bench.see(36.0);
  bench.see(0.0);
  EXPECT_EQ(bench.see(0.0), CounterStep::Held);
  EXPECT_EQ(bench.see(54.0), CounterStep::Recovered);
  EXPECT_DOUBLE_EQ(bench.total(), 24.0);
}

// Pitfall 6
TEST(EnergyCounter, DoesNotBookALifetimeWhenAGlitchThatMovedIsOver) {
  Bench bench;
  bench.see(60.0);
  bench.see(66.0);
  EXPECT_EQ(bench.see(0.001), CounterStep::Held);
  EXPECT_EQ(bench.see(0.002), CounterStep::Restarted);  // it looked like a fresh start
  EXPECT_EQ(bench.see(84.0), CounterStep::Recovered);
  EXPECT_DOUBLE_EQ(bench.total(), 24.0);
}

TEST(EnergyCounter, TakesATurnBackThatWasAGlitch) {
  Bench bench;
  bench.see(90.0);
  bench.see(95.0);
  EXPECT_EQ(bench.see(0.5), CounterStep::Wrapped);  // 5.5 W: nothing to see
  EXPECT_EQ(bench.see(98.0), CounterStep::Recovered);
  EXPECT_DOUBLE_EQ(bench.total(), 5.5 + 5.0);  // 8 J in truth; what was booked stays
}

// Pitfall 6
TEST(EnergyCounter, LosesNothingToAGlitch) {
  Bench bench;
  bench.see(30.0);
  bench.see(36.0);
  EXPECT_EQ(bench.see(0.0), CounterStep::Held);
  EXPECT_DOUBLE_EQ(bench.total(), 6.0);
  EXPECT_EQ(bench.see(48.0), CounterStep::Recovered);
  EXPECT_DOUBLE_EQ(bench.total(), 18.0);
}

TEST(EnergyCounter, DoesNotBelieveAJumpUpwards) {
  Bench bench;
  bench.see(30.0);
  EXPECT_EQ(bench.see(80.0), CounterStep::Held);
  EXPECT_EQ(bench.see(42.0), CounterStep::Recovered);
  EXPECT_DOUBLE_EQ(bench.total(), 12.0);
}

TEST(EnergyCounter, WaitsWhileReadingsMakeNoSense) {
  Bench bench;
  bench.see(10.0);
  EXPECT_EQ(bench.see(90.0), CounterStep::Held);
  EXPECT_EQ(bench.see(60.0), CounterStep::Held);
  EXPECT_DOUBLE_EQ(bench.total(), 0.0);
}

TEST(EnergyCounter, KeepsTheEnergyOfReadsThatNeverCame) {
  Bench bench;
  bench.see(10.0);
  EXPECT_EQ(bench.see(30.0, 4.0), CounterStep::Counted);
  EXPECT_DOUBLE_EQ(bench.total(), 20.0);
}

// Pitfall 3
TEST(EnergyCounter, GuessesTheTurnsOfALongSilenceFromThePowerAroundIt) {
  Bench bench;
  bench.see(0.0);
  bench.see(4.0);                                      // 4 W
  EXPECT_EQ(bench.see(9.0, 41.0), CounterStep::Held);  // the next reading tells the power after
  EXPECT_EQ(bench.see(15.0), CounterStep::Guessed);    // 6 W: 205 J expected, 5 J and two turns
  EXPECT_DOUBLE_EQ(bench.total(), 4.0 + 205.0 + 6.0);
}

TEST(EnergyCounter, IsAsUnsureOfASilenceAsTheTurnsThatAreLikelyToo) {
  const auto uncertainty_after = [](double silence) {
    Bench bench;
    bench.see(0.0);
    for (int i = 1; i <= 10; ++i) bench.see(2.0 * i);  // 2 W
    bench.see(20.0 + 2.0 * silence, silence);
    EXPECT_EQ(bench.see(22.0 + 2.0 * silence), CounterStep::Guessed);
    return bench.counter().uncertainty().value();
  };
  EXPECT_DOUBLE_EQ(uncertainty_after(12.0), 0.0);  // a turn more or less: 4 times the power
  EXPECT_DOUBLE_EQ(uncertainty_after(35.0), 0.0);  // 70 J, or none, or 170 J: 2.4 times
}

// Pitfall 5
TEST(EnergyCounter, CountsThroughASleepInWhichTheCounterWentOn) {
  Bench bench;
  bench.see(10.0);
  bench.see(15.0);
  EXPECT_EQ(bench.see(40.0, 1.0, 200.0), CounterStep::Slept);  // 5 J awake, 20 J asleep
  EXPECT_DOUBLE_EQ(bench.total(), 30.0);
}

// Pitfall 5
TEST(EnergyCounter, TakesALowReadingAfterASleepForARestart) {
  Bench bench;
  bench.see(90.0);
  bench.see(95.0);                                           // 5 W
  EXPECT_EQ(bench.see(4.0, 2.0, 100.0), CounterStep::Held);  // not for a turn of 9 J
  EXPECT_EQ(bench.see(9.0, 1.0, 100.0), CounterStep::Restarted);
  EXPECT_DOUBLE_EQ(bench.total(), 5.0 + 2.0 * 5.0 + 5.0);  // the time awake at 5 W
}

// Pitfall 4
TEST(EnergyCounter, IsNeverNegativeWhereTheEndOfItsRangeIsUnknown) {
  Bench bench{std::nullopt};
  bench.see(95.0);
  bench.see(99.0);
  EXPECT_EQ(bench.see(3.0), CounterStep::Held);
  EXPECT_DOUBLE_EQ(bench.total(), 4.0);
  EXPECT_EQ(bench.see(7.0), CounterStep::Restarted);
  EXPECT_DOUBLE_EQ(bench.total(), 12.0);
}

// Pitfall 2
TEST(EnergyCounter, BooksWhatWasDrawnWhileReadsFailedAndNothingTwice) {
  Bench bench;
  bench.see(10.0);
  bench.see(15.0);
  EXPECT_EQ(bench.see(30.0, 3.0), CounterStep::Counted);  // two reads in between failed
  EXPECT_EQ(bench.see(35.0), CounterStep::Counted);
  EXPECT_DOUBLE_EQ(bench.total(), 25.0);
}

// Pitfall 14
TEST(EnergyCounter, AddsADayOfSmallStepsUpToTheMicrojoule) {
  EnergyCounter counter{{std::uint64_t{262'143'328'851}, Watts{400.0}, Seconds{0.001}}};
  ManualClock clock;
  std::uint64_t truth = 5;
  counter.observe(truth, clock.now());
  for (int second = 0; second < 86'400; ++second) {
    clock.advance(Seconds{1.0});
    truth += 300'000'001;  // 300 W: 98 turns a day
    counter.observe(truth % 262'143'328'851, clock.now());
  }
  EXPECT_EQ(counter.total().count(), 86'400LL * 300'000'001LL);
}

// Pitfall 16
TEST(EnergyCounter, CountsAStepFromWhenTheCounterLastMoved) {
  Bench bench;
  bench.see(10.0);
  bench.see(18.0);
  EXPECT_EQ(bench.see(18.0, 1.0), CounterStep::Counted);
  EXPECT_EQ(bench.see(18.0, 1.0), CounterStep::Counted);
  EXPECT_EQ(bench.see(42.0, 1.0), CounterStep::Counted);  // 24 J in 3 s, not in 1 s
  EXPECT_DOUBLE_EQ(bench.total(), 32.0);
}

TEST(EnergyCounter, MayNeverTurn) {
  Bench bench{std::nullopt};
  bench.see(30.0);
  bench.see(36.0);
  EXPECT_EQ(bench.see(0.5), CounterStep::Held);
  EXPECT_EQ(bench.see(6.5), CounterStep::Restarted);
  EXPECT_DOUBLE_EQ(bench.total(), 18.0);
  EXPECT_FALSE(bench.counter().longest_safe_gap());
}

TEST(EnergyCounter, MustBeReadTwiceInTheTimeOfATurn) {
  EXPECT_DOUBLE_EQ(Bench{}.counter().longest_safe_gap()->value(), 5.0);
}

TEST(EnergyCounter, AgreesWithTheTruthThroughTurnsGlitchesAndMissedReads) {
  Rng rng{42};
  for (int trace = 0; trace < 300; ++trace) {
    const std::uint64_t modulus = 100'000'000;
    EnergyCounter counter{{modulus, Watts{10.0}, Seconds{0.001}}};
    ManualClock clock;
    std::uint64_t truth = rng.index(modulus);
    const std::uint64_t start = truth;
    Microjoules before;
    counter.observe(truth % modulus, clock.now());
    bool had_glitch = false;
    bool has_missed = false;
    for (int i = 0; i < 50; ++i) {
      const double length = rng.uniform(0.01, 0.9);
      clock.advance(Seconds{length});
      truth += static_cast<std::uint64_t>(rng.uniform(0.0, 10.0) * length * 1e6);
      has_missed = !has_missed && rng.uniform() < 0.2;
      if (has_missed) continue;
      // To a value that no power explains within three steps; never twice in a row.
      const std::uint64_t far = (truth + 50'000'000) % modulus;
      had_glitch = !had_glitch && rng.uniform() < 0.1 && i + 1 < 50;
      counter.observe(had_glitch ? far : truth % modulus, clock.now());
      ASSERT_GE(counter.total(), before);
      before = counter.total();
    }
    clock.advance(Seconds{0.1});
    counter.observe(truth % modulus, clock.now());
    ASSERT_EQ(counter.total().count(), static_cast<std::int64_t>(truth - start)) << trace;
  }
}

}  // namespace wattune::energy
