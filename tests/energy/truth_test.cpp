// Random machines whose every joule is known (tests/support/simulated_trace.hpp), metered the way
// Wattune meters. The seeds are fixed, so nothing here can fail by chance; bench-meter plays many
// more.

#include <gtest/gtest.h>

#include <cmath>

#include "support/fake_powercap.hpp"
#include "support/simulated_trace.hpp"

namespace wattune::energy {
namespace {

constexpr std::uint64_t kTracesPerTrouble = 100;

struct Coverage {
  int num_traces = 0;
  int num_inside = 0;
  std::vector<double> ratios;  ///< Error over the stated half width.

  void add(const fake::TraceResult& result) {
    const double error = std::abs(result.window.total().joules().value() - result.true_joules);
    ++num_traces;
    num_inside += error <= result.window.uncertainty.value() ? 1 : 0;
    ratios.push_back(error / result.window.uncertainty.value());
  }
  [[nodiscard]] double share() const { return static_cast<double>(num_inside) / num_traces; }
  /// How many times wider the intervals are than what would cover 95 % exactly.
  [[nodiscard]] double width() {
    std::ranges::sort(ratios);
    return 1.0 / ratios[ratios.size() * 95 / 100];
  }
};

Coverage coverage(bool has_gain_error) {
  Coverage sum;
  for (const auto& [trouble, name] : fake::kTroubles) {
    if (trouble == fake::Trouble::Freeze) continue;
    for (std::uint64_t seed = 0; seed < kTracesPerTrouble; ++seed) {
      fake::Trace trace = fake::make_trace({seed, trouble, has_gain_error, false});
      sum.add(fake::play(trace));
    }
  }
  return sum;
}

}  // namespace

// Pitfalls 2, 3, 5, 6, 16, 17
TEST(Truth, LiesInsideTheStatedIntervalInNineteenTracesOfTwenty) {
  for (const bool has_gain_error : {false, true}) {
    Coverage sum = coverage(has_gain_error);
    EXPECT_GE(sum.share(), 0.95) << has_gain_error;
    EXPECT_LE(sum.width(), 2.0) << has_gain_error;
    RecordProperty(has_gain_error ? "coverage" : "coverage_without_gain",
                   std::to_string(sum.share()));
  }
}

TEST(Truth, TotalsNeverGoDownAndNoWindowIsNegative) {
  for (const auto& [trouble, name] : fake::kTroubles) {
    for (std::uint64_t seed = 1000; seed < 1030; ++seed) {
      fake::Trace trace = fake::make_trace({seed, trouble, true, false});
      const fake::TraceResult result = fake::play(trace);
      ASSERT_EQ(result.num_negative, 0U) << name << " " << seed;
      for (const EnergyFigure& figure : result.by_channel) {
        ASSERT_GE(figure.idle, Microjoules{0}) << name << " " << seed;
        ASSERT_GE(figure.dynamic, Microjoules{0}) << name << " " << seed;
      }
    }
  }
}

TEST(Truth, TwoHalvesOfAWindowAddUpToTheWholeInEveryTrouble) {
  for (const auto& [trouble, name] : fake::kTroubles) {
    for (std::uint64_t seed = 2000; seed < 2020; ++seed) {
      fake::Trace trace = fake::make_trace({seed, trouble, true, false});
      const double middle = trace.ticks[trace.ticks.size() / 2];
      std::vector<EnergyAccountant::Mark> marks;
      std::vector<EnergyFigure> halves;
      const fake::TraceResult result = fake::play(trace, [&](EnergyAccountant& books, double tick) {
        if (tick == trace.from || tick == middle) marks.push_back(books.mark(books.rest()));
        if (tick == middle) halves.push_back(books.since(marks.front()));
        if (tick == trace.to) halves.push_back(books.since(marks.back()));
      });
      if (middle <= trace.from || middle >= trace.to) continue;
      ASSERT_EQ(halves.size(), 2U);
      ASSERT_EQ(halves[0].idle + halves[1].idle, result.window.idle) << name << " " << seed;
      ASSERT_EQ(halves[0].dynamic + halves[1].dynamic, result.window.dynamic) << name;
    }
  }
}

TEST(Truth, TrialsAndTheRestAddUpToTheMeterExactlyInEveryTrouble) {
  for (const auto& [trouble, name] : fake::kTroubles) {
    for (std::uint64_t seed = 3000; seed < 3020; ++seed) {
      fake::Trace trace = fake::make_trace({seed, trouble, true, false});
      ASSERT_EQ(fake::conservation_error(trace), Microjoules{0}) << name << " " << seed;
    }
  }
}

TEST(Truth, TrialsGetTheSameInWhateverOrderTheyAreOpened) {
  for (std::uint64_t seed = 4000; seed < 4040; ++seed) {
    fake::Trace trace = fake::make_trace({seed, fake::Trouble::Everything, true, false});
    const std::vector<Microjoules> plain = fake::play_with_trials(trace, {0, 1, 2}).trials;
    const std::vector<Microjoules> turned = fake::play_with_trials(trace, {2, 0, 1}).trials;
    for (std::size_t i = 0; i < plain.size(); ++i) ASSERT_EQ(plain[i], turned[i]) << seed;
  }
}

// Pitfalls 7, 9
TEST(Truth, IsNotDoubledByMirroredDiesOrByThePlatformAroundThem) {
  for (std::uint64_t seed = 7000; seed < 7010; ++seed) {
    Rng rng(seed);
    fake::TruePower package;
    fake::TruePower memory;
    while (package.end() < 130.0) fake::append_stretch(package, rng, 10.0, 20.0, 280.0);
    while (memory.end() < 130.0) fake::append_stretch(memory, rng, 10.0, 2.0, 40.0);
    fake::Powercap powercap;
    constexpr std::uint64_t kRange = 20'000'000'000;  // turns in 71 s or more
    powercap.add("intel-rapl:0", {.name = "package-0-die-0", .range_uj = kRange});
    powercap.add("intel-rapl:0/intel-rapl:0:0", {.name = "dram", .range_uj = kRange});
    powercap.add("intel-rapl:1", {.name = "package-0-die-1", .range_uj = kRange});
    powercap.add("intel-rapl:2", {.name = "psys"});
    OpenedMeters opened = powercap.open();
    ASSERT_EQ(opened.meters.size(), 2U);
    const AccountantOptions options{1.0, "/nowhere", [] { return Seconds{0.0}; }};
    EnergyAccountant books{std::move(opened.meters), options, powercap.clock().now()};

    Microjoules drawn;
    for (double at = 1.0; at <= 120.0; at += 1.0) {
      const auto step = [&](const fake::TruePower& power) {
        return to_microjoules(Joules{power.joules(at) - power.joules(at - 1.0)});
      };
      const auto cores = static_cast<std::uint64_t>(step(package).count());
      const auto dram = static_cast<std::uint64_t>(step(memory).count());
      powercap.draw("intel-rapl:0", cores);
      powercap.draw("intel-rapl:1", cores);
      powercap.draw("intel-rapl:0/intel-rapl:0:0", dram);
      powercap.draw("intel-rapl:2", cores + dram + 20'000'000);
      drawn += step(package) + step(memory);
      powercap.clock().advance(Seconds{1.0});
      books.tick(powercap.clock().now(), {});
    }
    ASSERT_EQ(books.metered().total(), drawn) << seed;
  }
}

// Pitfall 17
TEST(Truth, AWindowBetweenTwoTicksHasEnergy) {
  for (std::uint64_t seed = 5000; seed < 5050; ++seed) {
    fake::Trace trace = fake::make_trace({seed, fake::Trouble::None, false, false});
    if (trace.to - trace.from > 60.0) continue;  // long enough for a turn
    std::erase_if(trace.ticks, [&](double tick) { return tick > trace.from && tick < trace.to; });
    EXPECT_GT(fake::play(trace).window.total(), Microjoules{0});
  }
}

// Pitfall 30
TEST(Truth, AWindowOfTenMillisecondsIsNotStretchedToASecond) {
  for (std::uint64_t seed = 6000; seed < 6100; ++seed) {
    fake::Trace trace = fake::make_trace({seed, fake::Trouble::None, false, false});
    std::erase_if(trace.ticks, [&](double tick) { return tick >= trace.to; });
    trace.to = trace.from + 0.01;
    std::erase_if(trace.ticks, [&](double tick) { return tick > trace.from; });
    trace.ticks.push_back(trace.to);
    const fake::TraceResult result = fake::play(trace);
    const double error = std::abs(result.window.total().joules().value() - result.true_joules);
    double most = 0.0;  // of 10 ms and of two steps of every counter
    for (const auto& each : trace.channels) {
      most += each.nature.most_watts * (0.01 + 2.5 * each.nature.refresh);
    }
    ASSERT_LE(error, most) << seed;
    ASSERT_GT(result.window.uncertainty, Joules{0.0});
  }
}

}  // namespace wattune::energy
