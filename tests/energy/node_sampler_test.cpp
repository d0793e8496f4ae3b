#include "wattune/energy/node_sampler.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <latch>
#include <mutex>
#include <new>
#include <thread>

#include "support/fake_meter.hpp"
#include "support/fake_proc.hpp"
#include "support/must.hpp"
#include "support/steady_meter.hpp"
#include "wattune/energy/accountant.hpp"

namespace {

std::atomic<bool> counts_allocations{false};
std::atomic<int> num_allocations{0};

}  // namespace

// Not inlined: the compiler would see that memory of one goes to the other of malloc and delete.
[[gnu::noinline]] void* operator new(std::size_t size) {
  if (counts_allocations) ++num_allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  if (counts_allocations) ++num_allocations;
  return std::malloc(size);
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace wattune::energy {
namespace {

Channel package(const std::string& id = "package") {
  Channel channel;
  channel.id = id;
  channel.refresh = Seconds{0.001};
  return channel;
}

Channel gpu(const std::string& uuid, Seconds refresh = Seconds{0.05}) {
  Channel channel;
  channel.id = "nvml:" + uuid;
  channel.kind = ChannelKind::Gpu;
  channel.device_uuid = uuid;
  channel.refresh = refresh;
  return channel;
}

/// A meter that does what a test tells it to.
class ToldMeter final : public Meter {
 public:
  using Read = std::function<Result<Reading>(MonotonicTime now)>;
  ToldMeter(Channel channel, Read read) : channel_(std::move(channel)), read_(std::move(read)) {}

  [[nodiscard]] const Channel& channel() const override { return channel_; }
  [[nodiscard]] Seconds longest_safe_gap() const override { return safe_gap; }
  [[nodiscard]] Seconds preferred_gap() const override { return preferred.value_or(safe_gap); }
  [[nodiscard]] std::optional<Watts> idle_power() const override { return std::nullopt; }
  [[nodiscard]] Result<Reading> read(MonotonicTime now) override { return read_(now); }

  Seconds safe_gap{60.0};
  std::optional<Seconds> preferred;

 private:
  Channel channel_;
  Read read_;
};

std::vector<std::unique_ptr<Meter>> list(std::unique_ptr<Meter> meter) {
  std::vector<std::unique_ptr<Meter>> meters;
  meters.push_back(std::move(meter));
  return meters;
}

std::unique_ptr<ToldMeter> told(ToldMeter::Read read, Channel channel = package()) {
  return std::make_unique<ToldMeter>(std::move(channel), std::move(read));
}

NodeSamplerOptions by_hand() {
  NodeSamplerOptions options;
  options.has_thread = false;
  options.suspended_time = [] { return Seconds{0.0}; };
  return options;
}

/// The moments at which a sampler without a thread reads a channel that nobody asks for.
std::vector<Seconds> gaps_of(std::unique_ptr<ToldMeter> (*make)(std::vector<MonotonicTime>&),
                             NodeSamplerOptions options, int count, bool is_viewed = false,
                             bool is_held = false) {
  ManualClock clock;
  std::vector<MonotonicTime> reads;
  NodeSampler sampler(list(make(reads)), clock, std::move(options));
  const auto views = is_viewed ? sampler.views() : std::vector<std::unique_ptr<Meter>>();
  std::optional<NodeSampler::Hold> hold;
  if (is_held) hold.emplace(sampler.hold_fast());
  static_cast<void>(sampler.poll());
  std::vector<Seconds> gaps;
  reads.clear();
  MonotonicTime last = clock.now();
  while (static_cast<int>(gaps.size()) < count) {
    clock.advance(elapsed(clock.now(), sampler.poll()));
    static_cast<void>(sampler.poll());
    if (reads.empty()) continue;
    gaps.push_back(elapsed(last, reads.back()));
    last = reads.back();
    reads.clear();
  }
  return gaps;
}

std::unique_ptr<ToldMeter> noting(std::vector<MonotonicTime>& reads) {
  return told([&reads](MonotonicTime now) {
    reads.push_back(now);
    return Reading{Microjoules{}, now};
  });
}

std::unique_ptr<ToldMeter> noting_urgently(std::vector<MonotonicTime>& reads) {
  auto meter = noting(reads);
  meter->safe_gap = Seconds{0.4};
  return meter;
}

std::unique_ptr<ToldMeter> noting_a_power_sensor(std::vector<MonotonicTime>& reads) {
  auto meter = noting(reads);
  meter->preferred = Seconds{0.05};
  return meter;
}

}  // namespace

TEST(NodeSampler, ReadsEverySecondAndNeverTwiceAfterTheSameTime) {
  const std::vector<Seconds> gaps = gaps_of(noting, by_hand(), 200);
  const auto [least, most] = std::ranges::minmax(gaps);
  EXPECT_GE(least, Seconds{0.9});
  EXPECT_LE(most, Seconds{1.1 + 1e-9});
  EXPECT_GT(most - least, Seconds{0.15});  // the whole of the jitter is used
  double sum = 0.0;
  for (const Seconds gap : gaps) sum += gap.value();
  EXPECT_NEAR(sum / 200.0, 1.0, 0.02);
}

TEST(NodeSampler, NeverLeavesAMeterAloneForLongerThanIsSafe) {
  for (const Seconds gap : gaps_of(noting_urgently, by_hand(), 100)) {
    EXPECT_LE(gap, Seconds{0.4 + 1e-9});
  }
  NodeSamplerOptions slow = by_hand();
  slow.period = Seconds{30.0};
  for (const Seconds gap : gaps_of(noting, slow, 50)) EXPECT_LE(gap, Seconds{30.0 + 1e-6});
}

TEST(NodeSampler, IsFastOnlyWhileSomebodyHoldsItFast) {
  for (const Seconds gap : gaps_of(noting, by_hand(), 50, false, true)) {
    EXPECT_LE(gap, Seconds{0.11 + 1e-9});
  }
  ManualClock clock;
  std::vector<MonotonicTime> reads;
  NodeSampler sampler(list(noting(reads)), clock, by_hand());
  { const auto hold = sampler.hold_fast(); }
  clock.advance(Seconds{2.0});
  static_cast<void>(sampler.poll());
  EXPECT_GE(elapsed(clock.now(), sampler.poll()), Seconds{0.9});
}

TEST(NodeSampler, ReadsAPowerSensorAsOftenAsItWantsWhileSomebodyWantsItsEnergy) {
  for (const Seconds gap : gaps_of(noting_a_power_sensor, by_hand(), 50, true)) {
    EXPECT_LE(gap, Seconds{0.055 + 1e-9});
  }
  for (const Seconds gap : gaps_of(noting_a_power_sensor, by_hand(), 50, false)) {
    EXPECT_GE(gap, Seconds{0.9});
  }
}

TEST(NodeSampler, RefusesAPeriodThatIsTooLongToBeSafe) {
  ManualClock clock;
  NodeSamplerOptions options = by_hand();
  options.period = Seconds{31.0};
  EXPECT_THROW(NodeSampler({}, clock, options), ConfigError);
}

TEST(NodeSampler, DatesAReadingToTheMiddleOfTheCall) {
  ManualClock clock;
  const auto read = [&clock](MonotonicTime now) {
    clock.advance(Seconds{0.010});
    return Reading{Microjoules{}, now};
  };
  NodeSampler sampler(list(told(read)), clock, by_hand());
  const auto views = sampler.views();
  clock.advance(Seconds{1.0});
  const MonotonicTime asked = clock.now();
  EXPECT_NEAR(elapsed(asked, must(views[0]->read(asked)).read_at).value(), 0.005, 1e-6);
}

TEST(NodeSampler, BelievesADeviceThatDatesItsReadingsItself) {
  ManualClock clock;
  clock.advance(Seconds{100.0});
  const auto read = [](MonotonicTime now) {
    return Reading{Microjoules{}, after(now, Seconds{-0.040})};
  };
  NodeSampler sampler(list(told(read)), clock, by_hand());
  const auto views = sampler.views();
  clock.advance(Seconds{1.0});
  const MonotonicTime asked = clock.now();
  EXPECT_NEAR(elapsed(asked, must(views[0]->read(asked)).read_at).value(), -0.040, 1e-6);
}

namespace {

/// Its time of day goes wrong by an hour with every look at it.
class SteppingClock final : public Clock {
 public:
  [[nodiscard]] MonotonicTime now() const override { return clock_.now(); }
  [[nodiscard]] WallTime wall_now() const override {
    return WallTime{std::chrono::hours(num_looks_-- % 7)};
  }
  void advance(Seconds step) { clock_.advance(step); }

 private:
  ManualClock clock_;
  mutable int num_looks_ = 1000;
};

}  // namespace

// Pitfall 15
TEST(NodeSampler, DoesNotCareWhatTimeOfDayItIs) {
  SteppingClock clock;
  const MonotonicTime opened = clock.now();
  NodeSampler sampler(list(std::make_unique<fake::SteadyMeter>(Watts{10.0}, Watts{4.0}, opened)),
                      clock, by_hand());
  const auto views = sampler.views();
  for (int second = 1; second <= 5; ++second) {
    clock.advance(Seconds{1.0});
    static_cast<void>(sampler.poll());
    const Reading reading = must(views[0]->read(clock.now()));
    EXPECT_EQ(reading.total, to_microjoules(Joules{10.0 * second}));
    EXPECT_EQ(elapsed(opened, reading.read_at), Seconds{static_cast<double>(second)});
  }
}

TEST(NodeSampler, ReadsCpuChannelsBeforeGpus) {
  ManualClock clock;
  std::string order;
  std::vector<std::unique_ptr<Meter>> meters;
  const auto noted = [&](const char* name) {
    return [&order, name](MonotonicTime now) {
      order += name;
      return Reading{Microjoules{}, now};
    };
  };
  meters.push_back(told(noted("G"), gpu("1")));
  meters.push_back(told(noted("c"), package()));
  NodeSampler sampler(std::move(meters), clock, by_hand());
  order.clear();
  clock.advance(Seconds{2.0});
  static_cast<void>(sampler.poll());
  EXPECT_EQ(order, "cG");
}

TEST(NodeSampler, MarksTheFirstReadingAfterTheMachineHasSlept) {
  ManualClock clock;
  Seconds slept{100.0};
  fake::MeterScript script;
  script.channel = package();
  NodeSamplerOptions options = by_hand();
  options.suspended_time = [&] { return slept; };
  NodeSampler sampler(list(std::make_unique<fake::ScriptedMeter>(script)), clock, options);
  const auto views = sampler.views();
  const auto is_estimated = [&] {
    clock.advance(Seconds{1.0});
    static_cast<void>(sampler.poll());
    return must(views[0]->read(clock.now())).estimated;
  };

  EXPECT_FALSE(is_estimated());
  slept += Seconds{3600.0};
  EXPECT_TRUE(is_estimated());
  EXPECT_FALSE(is_estimated());
  EXPECT_EQ(sampler.report().num_suspends, 1U);
  EXPECT_NEAR(sampler.report().suspended.value(), 3600.0, 1e-6);
}

TEST(NodeSampler, AllocatesNothingInItsLoop) {
  ManualClock clock;
  std::vector<fake::MeterScript> scripts(8);
  std::vector<std::unique_ptr<Meter>> meters;
  for (std::size_t i = 0; i < scripts.size(); ++i) {
    scripts[i].channel = i < 4 ? package(std::to_string(i)) : gpu(std::to_string(i));
    meters.push_back(std::make_unique<fake::ScriptedMeter>(scripts[i]));
  }
  NodeSampler sampler(std::move(meters), clock, by_hand());
  const auto views = sampler.views();

  num_allocations = 0;
  counts_allocations = true;
  for (int i = 0; i < 1000; ++i) {
    clock.advance(Seconds{0.5});
    static_cast<void>(sampler.poll());
    for (const auto& view : views) static_cast<void>(view->read(clock.now()));
  }
  counts_allocations = false;

  EXPECT_EQ(num_allocations, 0);
  EXPECT_GE(sampler.report().num_ticks, 400U);
}

namespace {

/// A GPU that draws 100 W and answers only while it is let to.
class StuckGpu {
 public:
  [[nodiscard]] std::unique_ptr<Meter> meter(const Clock& clock) {
    const MonotonicTime opened = clock.now();
    return told(
        [this, opened, &clock](MonotonicTime) {
          const std::lock_guard lock(mutex_);
          const MonotonicTime now = clock.now();
          return Reading{to_microjoules(Watts{100.0} * elapsed(opened, now)), now};
        },
        gpu("GPU-1", Seconds{0.02}));
  }
  [[nodiscard]] std::unique_lock<std::mutex> stick() { return std::unique_lock(mutex_); }

 private:
  std::mutex mutex_;
};

}  // namespace

// Pitfall 25
TEST(NodeSampler, HoldsNobodyUpForAGpuThatDoesNotAnswer) {
  const SystemClock clock;
  StuckGpu device;
  NodeSamplerOptions options;
  options.period = Seconds{0.005};
  NodeSampler sampler(list(device.meter(clock)), clock, options);
  const auto views = sampler.views();
  // The power is known once two readings lie five refreshes apart.
  while (sampler.ring().num_pushed() < 40) std::this_thread::yield();
  const Reading before = must(views[0]->read(clock.now()));

  auto stuck = device.stick();
  const MonotonicTime asked = clock.now();
  const Reading carried = must(views[0]->read(asked));
  const Seconds waited = elapsed(asked, clock.now());
  stuck.unlock();
  MonotonicTime again = clock.now();
  Reading answered = must(views[0]->read(again));
  while (answered.carried > Seconds{}) {
    again = clock.now();
    answered = must(views[0]->read(again));
  }

  EXPECT_LT(waited, Seconds{1.0});  // one refresh, 0.02 s, on a machine that may be busy
  EXPECT_GT(carried.carried, Seconds{});
  EXPECT_EQ(carried.read_at, asked);
  const Seconds length = elapsed(before.read_at, carried.read_at);
  EXPECT_NEAR((carried.total - before.total).joules().value(), 100.0 * length.value(), 1.0);
  EXPECT_GE(answered.total, carried.total);
  EXPECT_NEAR((answered.total - before.total).joules().value(),
              100.0 * elapsed(before.read_at, answered.read_at).value(), 1.0);
  EXPECT_GE(sampler.report().num_late_edges, 1U);
}

TEST(NodeSampler, SaysInTheUncertaintyThatAReadingWasCarriedOn) {
  fake::MeterScript script;
  script.channel = package();
  const auto uncertainty = [&](Seconds carried) {
    ManualClock clock;
    Microjoules total;
    const AccountantOptions options{1.0, "/nowhere", [] { return Seconds{0.0}; }};
    EnergyAccountant books(list(told([&](MonotonicTime now) {
                             return Reading{.total = total, .read_at = now, .carried = carried};
                           })),
                           options, clock.now());
    const auto mark = books.mark(books.rest());
    total = to_microjoules(Joules{100.0});
    clock.advance(Seconds{1.0});
    books.tick(clock.now(), {});
    return books.since(mark).uncertainty;
  };
  EXPECT_LT(uncertainty(Seconds{}), Seconds{0.2} * Watts{1.0});
  EXPECT_GE(uncertainty(Seconds{0.1}), Joules{10.0});
}

TEST(NodeSampler, RunsByItselfAndTellsWhatItCosts) {
  const SystemClock clock;
  NodeSamplerOptions options;
  options.period = Seconds{0.005};
  NodeSampler sampler(
      list(std::make_unique<fake::SteadyMeter>(Watts{10.0}, Watts{4.0}, clock.now())), clock,
      options);
  SampleRing::Cursor cursor;
  std::array<Sample, 64> into;
  while (sampler.ring().num_pushed() < 20) std::this_thread::yield();

  const std::size_t count = sampler.ring().read(cursor, into);
  const SamplerReport report = sampler.report();
  ASSERT_GE(count, 20U);
  for (std::size_t i = 1; i < count; ++i) {
    EXPECT_GE(into[i].total, into[i - 1].total);
    EXPECT_GT(into[i].at, into[i - 1].at);
  }
  EXPECT_GE(report.num_ticks, 20U);
  EXPECT_GT(report.cpu_time, Seconds{});
  EXPECT_LT(report.cpu_time, report.running);
  EXPECT_GT(report.longest_tick, Seconds{});
  EXPECT_TRUE(report.is_owner);
}

TEST(NodeSampler, GivesAThousandWindowsAtOnceWhatWasDrawnInThem) {
  constexpr int kThreads = 16;
  constexpr int kWindows = 64;  // of each thread
  const SystemClock clock;
  const MonotonicTime opened = clock.now();
  std::vector<std::unique_ptr<Meter>> meters;
  for (const char* id : {"a", "b"}) {
    meters.push_back(told(
        [&clock, opened](MonotonicTime) {
          const MonotonicTime now = clock.now();
          return Reading{to_microjoules(Watts{100.0} * elapsed(opened, now)), now};
        },
        package(id)));
  }
  meters.push_back(told(
      [&clock, opened](MonotonicTime) {
        const MonotonicTime now = clock.now();
        return Reading{to_microjoules(Watts{300.0} * elapsed(opened, now)), now};
      },
      gpu("GPU-1", Seconds{5.0})));
  NodeSamplerOptions options;
  options.period = Seconds{0.002};
  NodeSampler sampler(std::move(meters), clock, options);
  std::atomic<int> num_wrong{0};
  std::atomic<int> num_failed{0};
  std::latch all_open(kThreads);
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      // All windows of all threads are open before the first is closed.
      std::vector<std::vector<std::unique_ptr<Meter>>> windows;
      std::vector<std::vector<Reading>> starts;
      for (int k = 0; k < kWindows; ++k) {
        windows.push_back(sampler.views());
        const MonotonicTime now = clock.now();
        starts.emplace_back();
        for (const auto& view : windows.back()) starts.back().push_back(must(view->read(now)));
      }
      all_open.arrive_and_wait();
      for (int k = 0; k < kWindows; ++k) {
        const auto window = static_cast<std::size_t>(k);
        const MonotonicTime now = clock.now();
        for (std::size_t channel = 0; channel < 3; ++channel) {
          const auto end = windows[window][channel]->read(now);
          if (!end) {
            ++num_failed;
            continue;
          }
          const Reading& start = starts[window][channel];
          const double power = channel == 2 ? 300.0 : 100.0;
          const double length = elapsed(start.read_at, end->read_at).value();
          const double unsure = (end->carried + start.carried).value();
          const double drawn = (end->total - start.total).joules().value();
          if (std::abs(drawn - power * length) > power * unsure + 1e-5) ++num_wrong;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(num_wrong, 0);
  EXPECT_EQ(num_failed, 0);
}

// Pitfall 28
TEST(NodeSampler, HasEndedInAForkedChild) {
#if defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "the thread sanitizer does not follow a fork with threads";
#endif
  const SystemClock clock;
  auto sampler = std::make_unique<NodeSampler>(
      list(std::make_unique<fake::SteadyMeter>(Watts{10.0}, Watts{4.0}, clock.now())), clock);
  auto views = sampler->views();

  const pid_t child = ::fork();
  if (child == 0) {
    const auto reading = views[0]->read(clock.now());
    const bool has_ended = !reading && reading.error().kind == ErrorKind::Ended;
    views.clear();
    sampler.reset();  // must not wait for a thread that is not there
    ::_exit(has_ended ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(views[0]->read(clock.now()).has_value());
}

// Pitfall 28
TEST(NodeSampler, OpensNothingThatAProgramStartedLaterWouldInherit) {
  const SystemClock clock;
  const auto open_files = [] {
    std::vector<int> numbers;
    for (int number = 0; number < 256; ++number) {
      if (::fcntl(number, F_GETFD) >= 0) numbers.push_back(number);
    }
    return numbers;
  };
  const std::vector<int> before = open_files();
  const TemporaryFolder folder;
  NodeSamplerOptions options;
  options.shared_folder = folder.path();
  NodeSampler sampler(
      list(std::make_unique<fake::SteadyMeter>(Watts{10.0}, Watts{4.0}, clock.now())), clock,
      options);
  ASSERT_FALSE(sampler.sharing_problem()) << *sampler.sharing_problem();
  int num_new = 0;
  for (const int number : open_files()) {
    if (std::ranges::count(before, number) > 0) continue;
    ++num_new;
    EXPECT_NE(::fcntl(number, F_GETFD) & FD_CLOEXEC, 0) << number;
  }
  EXPECT_GE(num_new, 1);
}

}  // namespace wattune::energy
