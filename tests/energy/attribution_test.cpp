// How the energy of a machine with two sockets is divided, and the three views of it.

#include <gtest/gtest.h>

#include <cmath>
#include <optional>

#include "support/fake_meter.hpp"
#include "support/fake_proc.hpp"
#include "wattune/base/random.hpp"
#include "wattune/energy/accountant.hpp"

namespace wattune::energy {
namespace {

Microjoules operator""_J(unsigned long long joules) {
  return Microjoules{static_cast<std::int64_t>(joules) * 1'000'000};
}

/// Two sockets of two hardware threads each (0 and 1, 2 and 3), 10 W idle each, and a model of the
/// whole machine where asked for.
class TwoSockets {
 public:
  TwoSockets() {
    for (int socket = 0; socket < 2; ++socket) {
      fake::MeterScript script;
      script.channel.id = "package-" + std::to_string(socket);
      script.channel.socket = socket;
      script.idle_power = Watts{10.0};
      scripts_.push_back(script);
    }
    std::vector<std::unique_ptr<Meter>> meters;
    for (const fake::MeterScript& script : scripts_) {
      meters.push_back(std::make_unique<fake::ScriptedMeter>(script));
    }
    AccountantOptions options;
    options.num_cores = 4.0;
    options.proc_root = proc_.root();
    options.engine_cpu_time = [] { return Seconds{0.0}; };
    options.topology = CpuTopology({0, 0, 1, 1});
    books_.emplace(std::move(meters), options, clock_.now());
  }

  EnergyAccountant& books() { return *books_; }
  /// One second in which the sockets draw so much and their hardware threads work so long.
  void second(std::vector<Joules> drawn, std::vector<Seconds> busy,
              std::vector<Activity> activities) {
    for (std::size_t i = 0; i < 2; ++i) scripts_[i].total += to_microjoules(drawn[i]);
    for (std::size_t i = 0; i < 4; ++i) {
      ticks_[i] += static_cast<std::uint64_t>(std::llround(busy[i].value() * 100.0));
    }
    proc_.set_ticks_of_cpus(ticks_);
    clock_.advance(Seconds{1.0});
    books_->tick(clock_.now(), activities);
  }

 private:
  fake::Proc proc_{4};
  ManualClock clock_;
  std::vector<fake::MeterScript> scripts_;
  std::vector<std::uint64_t> ticks_ = std::vector<std::uint64_t>(4);
  std::optional<EnergyAccountant> books_;
};

}  // namespace

TEST(Attribution, ChargesATrialOnlyForTheSocketThatItIsPinnedTo) {
  TwoSockets machine;
  EnergyAccountant& books = machine.books();
  const auto left = books.mark(books.open({1.0, {}, {0}}));
  const auto right = books.mark(books.open({2.0, {}, {2, 3}}));

  machine.second({Joules{30.0}, Joules{90.0}},
                 {Seconds{1.0}, Seconds{0.0}, Seconds{1.0}, Seconds{1.0}},
                 {{left.account, Seconds{1.0}}, {right.account, Seconds{2.0}}});

  EXPECT_EQ(books.since(left).idle, 5_J);      // one of two cores
  EXPECT_EQ(books.since(left).dynamic, 20_J);  // all that its socket did
  EXPECT_EQ(books.since(right).idle, 10_J);
  EXPECT_EQ(books.since(right).dynamic, 80_J);
}

TEST(Attribution, SpreadsATrialThatIsPinnedToBothSocketsOverItsCores) {
  TwoSockets machine;
  EnergyAccountant& books = machine.books();
  const auto trial = books.mark(books.open({2.0, {}, {1, 2}}));

  machine.second({Joules{20.0}, Joules{20.0}},
                 {Seconds{0.0}, Seconds{0.5}, Seconds{0.5}, Seconds{0.5}},
                 {{trial.account, Seconds{1.0}}});

  EXPECT_EQ(books.since(trial).idle, 10_J);
  EXPECT_EQ(books.since(trial).dynamic, 15_J);  // 10 J there, half of 10 J here
}

TEST(Attribution, SpreadsATrialThatIsNotPinnedAsTheMachinesWorkIs) {
  TwoSockets machine;
  EnergyAccountant& books = machine.books();
  const auto trial = books.mark(books.open({2.0, {}}));

  machine.second({Joules{20.0}, Joules{40.0}},
                 {Seconds{0.5}, Seconds{0.0}, Seconds{1.0}, Seconds{0.5}},
                 {{trial.account, Seconds{1.0}}});

  EXPECT_EQ(books.since(trial).idle, 10_J);     // two of four cores, half of each socket
  EXPECT_EQ(books.since(trial).dynamic, 20_J);  // half of what was worked, half of 40 J
}

TEST(Attribution, DividesTheWholeMachineWhereAChannelNamesNoKnownSocket) {
  fake::Proc proc{4};
  fake::MeterScript script;
  script.channel.id = "package-7";
  script.channel.socket = 7;
  std::vector<std::unique_ptr<Meter>> meters;
  meters.push_back(std::make_unique<fake::ScriptedMeter>(script));
  ManualClock clock;
  AccountantOptions options;
  options.num_cores = 4.0;
  options.proc_root = proc.root();
  options.engine_cpu_time = [] { return Seconds{0.0}; };
  options.topology = CpuTopology({0, 0, 1, 1});
  EnergyAccountant books(std::move(meters), options, clock.now());
  const auto trial = books.mark(books.open({1.0, {}, {0}}));

  script.total += 8_J;
  proc.set_ticks_of_cpus({100, 0, 100, 0});
  clock.advance(Seconds{1.0});
  const std::vector<Activity> did{{trial.account, Seconds{1.0}}};
  books.tick(clock.now(), did);

  EXPECT_EQ(books.since(trial).dynamic, 4_J);
}

TEST(Attribution, ShowsOneWindowInThreeViews) {
  TwoSockets machine;
  EnergyAccountant& books = machine.books();
  const auto trial = books.mark(books.open({2.0, {}, {0, 1}}));

  machine.second({Joules{30.0}, Joules{15.0}},
                 {Seconds{0.5}, Seconds{0.5}, Seconds{1.0}, Seconds{0.0}},
                 {{trial.account, Seconds{1.0}}});

  EXPECT_EQ(books.since(trial).dynamic, 20_J);       // marginal
  EXPECT_EQ(books.since(trial).total(), 30_J);       // allocated
  EXPECT_EQ(books.node_since(trial).total(), 45_J);  // full-node
  books.close(trial.account);
  machine.second({Joules{100.0}, Joules{100.0}},
                 {Seconds{1.0}, Seconds{0.0}, Seconds{0.0}, Seconds{0.0}}, {});
  EXPECT_EQ(books.node_since(trial).total(), 45_J);  // it ends with the account
  EXPECT_EQ(books.node_since(trial).provenance, Provenance::Measured);
}

TEST(Attribution, BooksEveryMicrojouleOnceWhateverIsPinnedWhere) {
  Rng rng{41};
  for (int i = 0; i < 300; ++i) {
    TwoSockets machine;
    EnergyAccountant& books = machine.books();
    const auto rest = books.mark(books.rest());
    const auto engine = books.mark(books.engine());
    std::vector<EnergyAccountant::Mark> trials;
    std::vector<Seconds> worked;
    for (std::size_t k = 0; k < 1 + rng.index(5); ++k) {
      std::vector<int> cpus;
      for (int cpu = 0; cpu < 4; ++cpu) {
        if (rng.uniform() < 0.4) cpus.push_back(cpu);
      }
      const double cores = cpus.empty() ? rng.uniform(0.0, 3.0) : static_cast<double>(cpus.size());
      trials.push_back(books.mark(books.open({cores, {}, cpus})));
      worked.emplace_back();
    }
    Microjoules drawn;
    for (int second = 0; second < 5; ++second) {
      std::vector<Joules> energy;
      for (int socket = 0; socket < 2; ++socket) {
        energy.emplace_back(static_cast<double>(rng.index(40'000'000)) * 1e-6);
        drawn += to_microjoules(energy.back());
      }
      std::vector<Seconds> busy;
      for (int cpu = 0; cpu < 4; ++cpu) busy.emplace_back(rng.uniform());
      std::vector<Activity> activities;
      for (std::size_t k = 0; k < trials.size(); ++k) {
        worked[k] += Seconds{rng.uniform(0.0, 1.5)};  // now and then more than the machine did
        activities.push_back({trials[k].account, worked[k]});
      }
      machine.second(energy, busy, activities);
    }
    Microjoules booked = books.since(rest).total() + books.since(engine).total();
    for (const auto& trial : trials) {
      ASSERT_GE(books.since(trial).idle, Microjoules{});
      ASSERT_GE(books.since(trial).dynamic, Microjoules{});
      booked += books.since(trial).total();
    }
    ASSERT_EQ(booked, drawn) << "history " << i;
    ASSERT_EQ(books.metered().total(), drawn);
    ASSERT_EQ(books.node_since(rest).total(), drawn);
  }
}

}  // namespace wattune::energy
