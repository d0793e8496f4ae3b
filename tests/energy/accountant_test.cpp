#include "wattune/energy/accountant.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "support/fake_meter.hpp"
#include "support/fake_proc.hpp"
#include "wattune/base/random.hpp"

namespace wattune::energy {
namespace {

Channel package_channel(const std::string& id = "package") {
  Channel channel;
  channel.id = id;
  return channel;
}

Channel gpu_channel(const std::string& uuid) {
  Channel channel;
  channel.id = "nvml:" + uuid;
  channel.kind = ChannelKind::Gpu;
  channel.device_uuid = uuid;
  return channel;
}

/// A machine of four cores with scripted meters, moved by hand.
class Machine {
 public:
  explicit Machine(std::vector<fake::MeterScript> scripts, std::vector<GpuInfo> gpus = {})
      : scripts_(std::move(scripts)) {
    std::vector<std::unique_ptr<Meter>> meters;
    for (const fake::MeterScript& script : scripts_) {
      meters.push_back(std::make_unique<fake::ScriptedMeter>(script));
    }
    AccountantOptions options;
    options.num_cores = 4.0;
    options.gpus = std::move(gpus);
    options.proc_root = proc_.root();
    options.engine_cpu_time = [] { return Seconds{0.0}; };
    books_ = std::make_unique<EnergyAccountant>(std::move(meters), options, clock_.now());
  }

  EnergyAccountant& books() { return *books_; }
  fake::MeterScript& meter(std::size_t index = 0) { return scripts_[index]; }
  fake::Proc& proc() { return proc_; }

  /// CPU time of the whole machine, in whole hundredths of a second.
  void work(Seconds busy) {
    ticks_.user += static_cast<std::uint64_t>(std::llround(busy.value() * 100.0));
    proc_.set_ticks(ticks_);
  }
  void draw(Joules energy, std::size_t index = 0) {
    scripts_[index].total += to_microjoules(energy);
  }
  void tick(Seconds length, std::vector<Activity> activities = {}) {
    clock_.advance(length);
    books_->tick(clock_.now(), activities);
  }

 private:
  fake::Proc proc_{4};
  fake::CpuTicks ticks_;
  ManualClock clock_;
  std::vector<fake::MeterScript> scripts_;
  std::unique_ptr<EnergyAccountant> books_;
};

fake::MeterScript script(Channel channel, std::optional<Watts> idle = std::nullopt) {
  fake::MeterScript made;
  made.channel = std::move(channel);
  made.idle_power = idle;
  return made;
}

Microjoules operator""_J(unsigned long long joules) {
  return Microjoules{static_cast<std::int64_t>(joules) * 1'000'000};
}

}  // namespace

TEST(EnergyAccountant, GivesIdleEnergyByReservedCores) {
  Machine machine({script(package_channel(), Watts{8.0})});
  EnergyAccountant& books = machine.books();
  const AccountId trial = books.open({1.0, {}});
  const auto start = books.mark(trial);
  const auto rest = books.mark(books.rest());

  machine.draw(Joules{16.0});
  machine.tick(Seconds{2.0});

  EXPECT_EQ(books.since(start).idle, 4_J);
  EXPECT_EQ(books.since(start).dynamic, 0_J);
  EXPECT_EQ(books.since(rest).idle, 12_J);
}

TEST(EnergyAccountant, GivesDynamicEnergyByCpuTime) {
  Machine machine({script(package_channel(), Watts{8.0})});
  EnergyAccountant& books = machine.books();
  const AccountId one = books.open({2.0, {}});
  const AccountId two = books.open({2.0, {}});
  const auto start_one = books.mark(one);
  const auto start_two = books.mark(two);
  const auto rest = books.mark(books.rest());

  machine.draw(Joules{18.0});  // 8 J idle, 10 J work
  machine.work(Seconds{2.0});  // of which 0.5 s are somebody else's
  machine.tick(Seconds{1.0}, {{one, Seconds{1.2}}, {two, Seconds{0.3}}});

  EXPECT_EQ(books.since(start_one).idle, 4_J);
  EXPECT_EQ(books.since(start_one).dynamic, 6_J);
  EXPECT_EQ(books.since(start_one).provenance, Provenance::Measured);
  // Of work beside others: 20 % of its 6 J times the share of the others.
  EXPECT_NEAR(books.since(start_one).uncertainty.value(), 0.2 * 6.0 * 0.4, 1e-9);
  EXPECT_EQ(books.since(start_two).idle, 4_J);
  EXPECT_EQ(books.since(start_two).dynamic.count(), 1'500'000);
  EXPECT_EQ(books.since(rest).dynamic.count(), 2'500'000);
}

TEST(EnergyAccountant, ChargesNoNeighbourForWhatATrialReserves) {
  const auto idle_of_first = [](bool has_neighbour) {
    Machine machine({script(package_channel(), Watts{8.0})});
    EnergyAccountant& books = machine.books();
    const AccountId first = books.open({1.0, {}});
    const auto start = books.mark(first);
    if (has_neighbour) static_cast<void>(books.open({3.0, {}}));
    machine.draw(Joules{8.0});
    machine.tick(Seconds{1.0});
    return books.since(start).idle;
  };

  EXPECT_EQ(idle_of_first(true), idle_of_first(false));
}

TEST(EnergyAccountant, NormalisesWhenTrialsSeemToHaveWorkedMoreThanTheMachine) {
  Machine machine({script(package_channel())});
  EnergyAccountant& books = machine.books();
  const AccountId one = books.open({1.0, {}});
  const AccountId two = books.open({1.0, {}});
  const auto start_one = books.mark(one);
  const auto start_two = books.mark(two);

  machine.draw(Joules{4.0});
  machine.work(Seconds{1.0});
  machine.tick(Seconds{1.0}, {{one, Seconds{0.9}}, {two, Seconds{0.3}}});

  EXPECT_EQ(books.since(start_one).dynamic, 3_J);
  EXPECT_EQ(books.since(start_two).dynamic, 1_J);
}

TEST(EnergyAccountant, ChargesTheEngineForItsOwnCpuTime) {
  Machine machine({script(package_channel())});
  EnergyAccountant& books = machine.books();
  const auto engine = books.mark(books.engine());

  machine.draw(Joules{10.0});
  machine.work(Seconds{1.0});
  machine.tick(Seconds{1.0}, {{books.engine(), Seconds{0.1}}});

  EXPECT_EQ(books.since(engine).dynamic, 1_J);
  EXPECT_EQ(books.since(engine).idle, 0_J);
}

TEST(EnergyAccountant, ReadsTheEnginesCpuTimeItselfWhereItIsNotListed) {
  fake::Proc proc{4};
  fake::MeterScript meter = script(package_channel());
  std::vector<std::unique_ptr<Meter>> meters;
  meters.push_back(std::make_unique<fake::ScriptedMeter>(meter));
  Seconds engine_time{5.0};
  const AccountantOptions options{4.0, proc.root(), [&] { return engine_time; }};
  ManualClock clock;
  EnergyAccountant books{std::move(meters), options, clock.now()};
  const auto engine = books.mark(books.engine());

  engine_time = Seconds{5.25};
  proc.set_ticks({.user = 100});
  meter.total = 8_J;
  clock.advance(Seconds{1.0});
  books.tick(clock.now(), {});

  EXPECT_EQ(books.since(engine).dynamic, 2_J);
}

TEST(EnergyAccountant, GivesAGpuWholeToTheAccountThatReservedIt) {
  Machine machine({script(package_channel()), script(gpu_channel("GPU-1"), Watts{50.0}),
                   script(gpu_channel("GPU-2"))});
  EnergyAccountant& books = machine.books();
  const AccountId trial = books.open({1.0, {"GPU-1"}});
  const auto start = books.mark(trial);
  const auto rest = books.mark(books.rest());

  machine.draw(Joules{80.0}, 1);
  machine.draw(Joules{7.0}, 2);
  machine.tick(Seconds{1.0});

  EXPECT_EQ(books.since(start).idle, 50_J);
  EXPECT_EQ(books.since(start).dynamic, 30_J);
  EXPECT_EQ(books.since(start).provenance, Provenance::Measured);
  EXPECT_EQ(books.since(rest).total(), 7_J);
}

TEST(EnergyAccountant, SplitsASharedGpuEquallyAndCallsItModelled) {
  Machine machine({script(gpu_channel("GPU-1"), Watts{30.0})});
  EnergyAccountant& books = machine.books();
  std::vector<EnergyAccountant::Mark> starts;
  for (int i = 0; i < 3; ++i) starts.push_back(books.mark(books.open({1.0, {"GPU-1"}})));

  machine.draw(Joules{90.0});
  machine.tick(Seconds{1.0});

  for (const auto& start : starts) {
    EXPECT_EQ(books.since(start).idle, 10_J);
    EXPECT_EQ(books.since(start).dynamic, 20_J);
    EXPECT_EQ(books.since(start).provenance, Provenance::Modelled);
  }
  EXPECT_EQ(books.since(books.mark(books.rest())).provenance, Provenance::Measured);
}

TEST(EnergyAccountant, CallsAWindowModelledOnlyWhileTheGpuWasShared) {
  Machine machine({script(gpu_channel("GPU-1"))});
  EnergyAccountant& books = machine.books();
  const AccountId stays = books.open({1.0, {"GPU-1"}});
  const AccountId leaves = books.open({1.0, {"GPU-1"}});
  machine.draw(Joules{10.0});
  machine.tick(Seconds{1.0});
  books.close(leaves);
  const auto alone = books.mark(stays);

  machine.draw(Joules{10.0});
  machine.tick(Seconds{1.0});

  EXPECT_EQ(books.since(alone), (EnergyFigure{0_J, 10_J, Joules{}, Provenance::Measured}));
}

TEST(EnergyAccountant, SplitsAStepOfASharedGpuByHowLongItWasShared) {
  Machine machine({script(gpu_channel("GPU-1"))});
  EnergyAccountant& books = machine.books();
  const AccountId stays = books.open({1.0, {"GPU-1"}});
  const AccountId leaves = books.open({1.0, {"GPU-1"}});
  const auto start = books.mark(stays);
  const auto rest = books.mark(books.rest());
  machine.tick(Seconds{1.0});
  books.close(leaves);

  machine.draw(Joules{8.0});
  machine.tick(Seconds{1.0});

  EXPECT_EQ(books.since(start).total(), 6_J);  // half of the first second, all of the other
  EXPECT_EQ(books.since(rest).total(), 2_J);   // what belonged to an account that is closed
}

TEST(EnergyAccountant, IsAsGoodAsTheWorstChannelInTheWindow) {
  Channel modelled = package_channel("model");
  modelled.provenance = Provenance::Modelled;
  Machine machine({script(gpu_channel("GPU-1")), script(modelled)});
  EnergyAccountant& books = machine.books();
  const auto start = books.mark(books.open({1.0, {"GPU-1"}}));

  machine.draw(Joules{1.0}, 0);
  machine.draw(Joules{1.0}, 1);
  machine.tick(Seconds{1.0});

  EXPECT_EQ(books.since(start).provenance, Provenance::Modelled);
}

TEST(EnergyAccountant, BooksTheEnergyOfAFailedReadAtTheNextGoodOne) {
  Machine machine({script(package_channel("steady")), script(package_channel("flaky"))});
  EnergyAccountant& books = machine.books();
  const AccountId trial = books.open({4.0, {}});
  const auto start = books.mark(trial);
  const auto one_second = [&](double cpu_so_far) {
    machine.draw(Joules{10.0}, 1);
    machine.work(Seconds{1.0});
    machine.tick(Seconds{1.0}, {{trial, Seconds{cpu_so_far}}});
  };
  one_second(1.0);
  const EnergyFigure whole = books.since(start);

  machine.meter(1).failure = ErrorKind::Transient;
  one_second(2.0);
  const auto middle = books.mark(trial);
  const EnergyFigure late_end = books.since(start);
  machine.meter(1).failure.reset();
  one_second(3.0);

  EXPECT_EQ(whole, (EnergyFigure{0_J, 10_J, Joules{}, Provenance::Measured}));
  EXPECT_EQ(late_end.total(), 10_J);
  // One second at about 10 W is not in yet.
  EXPECT_NEAR(late_end.uncertainty.value(), 15.0, 1e-9);
  EXPECT_EQ(books.since(start), (EnergyFigure{0_J, 30_J, Joules{}, Provenance::Measured}));
  EXPECT_EQ(books.since(middle).total(), 20_J);
  EXPECT_GE(books.since(middle).uncertainty.value(), 10.0);  // of which 10 J were drawn before
}

TEST(EnergyAccountant, CallsAWindowMissingWhereNoChannelWasRead) {
  Machine machine({script(package_channel())});
  EnergyAccountant& books = machine.books();
  const auto start = books.mark(books.open({1.0, {}}));
  machine.meter().failure = ErrorKind::Transient;

  machine.draw(Joules{5.0});
  machine.tick(Seconds{1.0});
  EXPECT_TRUE(books.since(start).is_missing());

  machine.meter().failure.reset();
  machine.tick(Seconds{1.0});
  EXPECT_FALSE(books.since(start).is_missing());
}

TEST(EnergyAccountant, CallsAWindowMissingWhereAChannelHasGone) {
  Machine machine({script(package_channel("stays")), script(package_channel("goes"))});
  EnergyAccountant& books = machine.books();
  const auto start = books.mark(books.open({1.0, {}}));
  machine.draw(Joules{5.0}, 1);
  machine.tick(Seconds{1.0});
  EXPECT_FALSE(books.since(start).is_missing());

  machine.meter(1).failure = ErrorKind::Ended;
  machine.draw(Joules{5.0}, 0);
  machine.tick(Seconds{1.0});

  EXPECT_TRUE(books.since(start).is_missing());
  EXPECT_TRUE(books.metered().is_missing());
}

TEST(EnergyAccountant, CallsEverythingMissingWithoutAMeter) {
  Machine machine({});
  const auto start = machine.books().mark(machine.books().open({1.0, {}}));
  machine.tick(Seconds{1.0});
  EXPECT_TRUE(machine.books().since(start).is_missing());
  EXPECT_TRUE(machine.books().metered().is_missing());
}

TEST(EnergyAccountant, CallsAWindowMissingWhereAReservedGpuHasNoMeter) {
  Machine machine({script(package_channel())});
  EnergyAccountant& books = machine.books();
  const auto start = books.mark(books.open({1.0, {"GPU-unmetered"}}));
  machine.draw(Joules{5.0});
  machine.tick(Seconds{1.0});
  EXPECT_TRUE(books.since(start).is_missing());
}

TEST(EnergyAccountant, LosesNothingWhereAGpuHasGoneThatATrialHasNotReserved) {
  Machine machine{{script(package_channel()), script(gpu_channel("GPU-a"))}};
  const auto trial = machine.books().mark(machine.books().open({1.0, {}}));
  machine.meter(1).failure = ErrorKind::Ended;
  machine.work(Seconds{1.0});
  machine.draw(Joules{10.0});
  machine.tick(Seconds{1.0}, {{trial.account, Seconds{1.0}}});
  EXPECT_FALSE(machine.books().since(trial).is_missing());
  EXPECT_TRUE(machine.books().node_since(trial).is_missing());
}

TEST(EnergyAccountant, BooksNothingToAClosedAccount) {
  Machine machine({script(package_channel(), Watts{4.0})});
  EnergyAccountant& books = machine.books();
  const AccountId trial = books.open({4.0, {}});
  const auto start = books.mark(trial);
  const auto rest = books.mark(books.rest());
  machine.draw(Joules{4.0});
  machine.tick(Seconds{1.0}, {{trial, Seconds{1.0}}});
  machine.meter().failure = ErrorKind::Transient;
  machine.draw(Joules{4.0});
  machine.tick(Seconds{1.0}, {{trial, Seconds{2.0}}});
  books.close(trial);
  const EnergyFigure at_close = books.since(start);
  machine.meter().failure.reset();

  machine.tick(Seconds{1.0});

  EXPECT_EQ(books.since(start), at_close);
  EXPECT_EQ(books.since(start).total(), 4_J);
  EXPECT_EQ(books.since(rest).total(), 4_J);
  EXPECT_EQ(books.last_power(trial), Watts{0.0});
}

TEST(EnergyAccountant, AddsGainErrorsOfOneKindLinearlyAndTheRestInQuadrature) {
  Channel one = package_channel("one");
  one.gain_uncertainty = 0.05;
  one.refresh = Seconds{0.1};
  Channel two = package_channel("two");
  two.gain_uncertainty = 0.10;
  Channel memory = package_channel("memory");
  memory.kind = ChannelKind::Dram;
  memory.gain_uncertainty = 0.10;
  Machine machine({script(one), script(two), script(memory)});
  EnergyAccountant& books = machine.books();

  machine.draw(Joules{100.0}, 0);
  machine.draw(Joules{20.0}, 1);
  machine.draw(Joules{30.0}, 2);
  machine.tick(Seconds{10.0});

  const double packages = 0.05 * 100.0 + 0.10 * 20.0;
  const double edges = 10.0 * 0.1;  // 10 W through steps of 0.1 s
  EXPECT_NEAR(books.since(books.mark(books.rest())).uncertainty.value(), 0.0, 1e-12);
  EXPECT_NEAR(books.metered().uncertainty.value(), std::hypot(packages, 0.10 * 30.0, edges), 1e-9);
}

TEST(EnergyAccountant, StatesAnUncertaintyForAWindowInWhichTheCounterDidNotMove) {
  Channel channel = package_channel();
  channel.refresh = Seconds{0.1};
  Machine machine({script(channel)});
  EnergyAccountant& books = machine.books();
  machine.draw(Joules{10.0});
  machine.tick(Seconds{1.0});
  const auto start = books.mark(books.rest());

  machine.tick(Seconds{0.05});

  const EnergyFigure figure = books.since(start);
  EXPECT_EQ(figure.total(), 0_J);
  EXPECT_NEAR(figure.uncertainty.value(), 10.0 * 0.1, 1e-9);
}

TEST(EnergyAccountant, StatesWhatAFrozenCounterHidesThoughItCanBeRead) {
  Channel channel = package_channel();
  channel.refresh = Seconds{0.1};
  Machine machine({script(channel)});
  EnergyAccountant& books = machine.books();
  machine.draw(Joules{10.0});
  machine.tick(Seconds{1.0});
  const auto start = books.mark(books.rest());
  machine.draw(Joules{10.0});
  machine.tick(Seconds{1.0});

  for (int i = 0; i < 4; ++i) machine.tick(Seconds{1.0});

  // 10 W for 3.9 s beyond the step that may always be missing.
  EXPECT_GE(books.since(start).uncertainty.value(), 39.0);
}

TEST(EnergyAccountant, CarriesWhatACounterHadToGuessInEveryWindowThatHoldsIt) {
  Machine machine({script(package_channel())});
  EnergyAccountant& books = machine.books();
  const AccountId trial = books.open({2.0, {}});
  const auto whole = books.mark(trial);
  machine.draw(Joules{8.0});
  machine.work(Seconds{1.0});
  machine.meter().estimated = true;
  machine.meter().uncertainty = Joules{4.0};
  machine.tick(Seconds{1.0}, {{trial, Seconds{0.5}}});
  const auto later = books.mark(trial);
  machine.draw(Joules{8.0});
  machine.work(Seconds{1.0});
  machine.meter().estimated = false;
  machine.meter().uncertainty = {};
  machine.tick(Seconds{1.0}, {{trial, Seconds{1.0}}});

  // Half of the guess was the trial's; the split of 2 * 8 J adds 20 % of its half, times a half.
  EXPECT_NEAR(books.since(whole).uncertainty.value(), std::hypot(2.0, 0.8), 1e-9);
  EXPECT_NEAR(books.since(later).uncertainty.value(), 0.4, 1e-9);
  EXPECT_NEAR(books.metered().uncertainty.value(), 4.0, 1e-9);
}

TEST(EnergyAccountant, StatesHowLateTheLastOfSlowChannelsIsRead) {
  Machine machine({script(package_channel("slow")), script(package_channel("last"))});
  EnergyAccountant& books = machine.books();
  machine.meter(0).took = Seconds{0.2};
  machine.meter(1).took = Seconds{0.1};
  machine.draw(Joules{10.0}, 1);
  machine.tick(Seconds{1.0});
  const auto start = books.mark(books.rest());
  machine.draw(Joules{10.0}, 1);
  machine.tick(Seconds{1.0});

  // 10 W, up to 0.3 s after either edge.
  EXPECT_NEAR(books.since(start).uncertainty.value(), 3.0, 1e-9);
}

TEST(EnergyAccountant, SplitsAStepOfTheCounterByWhatHappenedSinceTheLastStep) {
  Machine machine({script(package_channel())});
  EnergyAccountant& books = machine.books();
  const AccountId early = books.open({1.0, {}});
  const AccountId late = books.open({1.0, {}});
  const auto start = books.mark(early);
  machine.work(Seconds{1.0});
  machine.tick(Seconds{1.0}, {{early, Seconds{1.0}}, {late, Seconds{0.0}}});

  machine.draw(Joules{10.0});
  machine.work(Seconds{1.0});
  machine.tick(Seconds{1.0}, {{early, Seconds{1.0}}, {late, Seconds{1.0}}});

  EXPECT_EQ(books.since(start).dynamic, 5_J);
}

TEST(EnergyAccountant, CallsWhatACounterHadToEstimateModelled) {
  Machine machine({script(package_channel())});
  EnergyAccountant& books = machine.books();
  const auto start = books.mark(books.open({4.0, {}}));
  machine.draw(Joules{5.0});
  machine.meter().estimated = true;
  machine.tick(Seconds{1.0});
  EXPECT_EQ(books.since(start).provenance, Provenance::Modelled);
  EXPECT_EQ(books.metered().provenance, Provenance::Modelled);
}

TEST(EnergyAccountant, CallsTheSplitModelledWhereTheMachinesCpuTimeIsUnknown) {
  Machine machine({script(package_channel())});
  EnergyAccountant& books = machine.books();
  const AccountId trial = books.open({4.0, {}});
  const auto start = books.mark(trial);
  machine.proc().remove_stat();
  machine.draw(Joules{5.0});
  machine.tick(Seconds{1.0}, {{trial, Seconds{1.0}}});
  EXPECT_EQ(books.since(start).dynamic, 5_J);
  EXPECT_EQ(books.since(start).provenance, Provenance::Modelled);
}

TEST(EnergyAccountant, IsLessSureOfWhatItSplitsByCpuTime) {
  fake::MeterScript package;
  package.channel = package_channel();
  Machine machine{{package}};
  const AccountId one = machine.books().open({1.0, {}});
  const AccountId other = machine.books().open({1.0, {}});
  const auto alone = machine.books().mark(one);
  machine.work(Seconds{1.0});
  machine.draw(Joules{100.0});
  machine.tick(Seconds{1.0}, {{one, Seconds{1.0}}});
  EXPECT_EQ(machine.books().since(alone).dynamic.joules(), Joules{100.0});
  EXPECT_LT(machine.books().since(alone).uncertainty.value(), 0.01);

  const auto together = machine.books().mark(one);
  for (int second = 1; second <= 4; ++second) {
    machine.work(Seconds{2.0});
    machine.draw(Joules{100.0});
    machine.tick(Seconds{1.0}, {{one, Seconds{1.0 + second}}, {other, Seconds{0.0 + second}}});
  }
  EXPECT_EQ(machine.books().since(together).dynamic.joules(), Joules{200.0});
  EXPECT_NEAR(machine.books().since(together).uncertainty.value(), 20.0, 0.01);  // linear: 10 %
}

TEST(EnergyAccountant, ChargesATrialOnASliceOfAGpuItsPartOfTheBoard) {
  GpuInfo board;
  board.uuid = "GPU-a";
  board.num_slices = 7;
  board.instances = {{"MIG-1", 3}, {"MIG-2", 2}};
  fake::MeterScript gpu;
  gpu.channel = gpu_channel("GPU-a");
  Machine machine{{gpu}, {board}};
  const auto large = machine.books().mark(machine.books().open({1.0, {"MIG-1"}}));
  const auto small = machine.books().mark(machine.books().open({1.0, {"MIG-2"}}));
  const auto rest = machine.books().mark(machine.books().rest());
  machine.draw(Joules{70.0});
  machine.tick(Seconds{1.0}, {});

  const EnergyFigure figure = machine.books().since(large);
  EXPECT_EQ(figure.total().joules(), Joules{30.0});
  EXPECT_EQ(figure.provenance, Provenance::Modelled);
  EXPECT_GE(figure.uncertainty.value(), 0.30 * 30.0);
  EXPECT_EQ(machine.books().since(small).total().joules(), Joules{20.0});
  EXPECT_EQ(machine.books().since(rest).total().joules(), Joules{20.0});
}

TEST(EnergyAccountant, KnowsHowBusyProcessesWithoutAnAccountWere) {
  fake::MeterScript package;
  package.channel = package_channel();
  Machine machine{{package}};
  const auto trial = machine.books().mark(machine.books().open({1.0, {}}));
  machine.work(Seconds{1.0});
  machine.tick(Seconds{1.0}, {{trial.account, Seconds{1.0}}});
  EXPECT_DOUBLE_EQ(*machine.books().foreign_share_since(trial), 0.0);
  machine.work(Seconds{2.0});
  machine.tick(Seconds{1.0}, {{trial.account, Seconds{2.0}}});
  EXPECT_NEAR(*machine.books().foreign_share_since(trial), 1.0 / 8.0, 1e-9);  // of 4 cores for 2 s

  machine.books().close(trial.account);
  machine.work(Seconds{4.0});
  machine.tick(Seconds{1.0});
  EXPECT_NEAR(*machine.books().foreign_share_since(trial), 1.0 / 8.0, 1e-9);
}

TEST(EnergyAccountant, KnowsThePowerOfTheLastInterval) {
  Machine machine({script(package_channel(), Watts{4.0})});
  EnergyAccountant& books = machine.books();
  const AccountId trial = books.open({2.0, {}});
  machine.draw(Joules{20.0});
  machine.work(Seconds{2.0});
  machine.tick(Seconds{2.0}, {{trial, Seconds{1.0}}});
  EXPECT_NEAR(books.last_power(trial).value(), 2.0 + 3.0, 1e-9);
  EXPECT_NEAR(books.last_power(books.rest()).value(), 2.0 + 3.0, 1e-9);
}

TEST(EnergyAccountant, TakesACalibratedIdlePower) {
  Machine machine({script(package_channel())});
  EnergyAccountant& books = machine.books();
  books.set_idle_power("package", Watts{6.0});
  machine.draw(Joules{10.0});
  machine.tick(Seconds{1.0});
  EXPECT_EQ(books.metered().idle, 6_J);
  EXPECT_EQ(books.metered().dynamic, 4_J);
  EXPECT_THROW(books.set_idle_power("other", Watts{6.0}), ConfigError);
}

TEST(EnergyAccountant, MustBeTickedAsOftenAsItsMostUrgentMeterSays) {
  Machine machine({script(package_channel("slow")), script(package_channel("fast"))});
  EXPECT_EQ(machine.books().longest_safe_gap(), Seconds{30.0});
  machine.meter(1).longest_safe_gap = Seconds{4.0};
  EXPECT_EQ(machine.books().longest_safe_gap(), Seconds{4.0});
}

namespace {

/// One step of a random history: what every trial and every meter did.
struct Step {
  Seconds length;
  std::vector<std::int64_t> energy;  ///< Per channel, in microjoules.
  std::vector<bool> fails;           ///< Per channel.
  std::vector<Seconds> cpu;          ///< Per trial.
  Seconds others;
};

struct Trial {
  double num_cores = 0.0;
  std::size_t opens_at = 0;
  std::size_t closes_at = 0;
  bool has_gpu = false;
};

struct History {
  std::vector<Trial> trials;
  std::vector<Step> steps;
};

History random_history(Rng& rng) {
  History history;
  const std::size_t num_steps = 3 + rng.index(10);
  for (std::size_t i = 0; i < 1 + rng.index(6); ++i) {
    Trial trial;
    trial.num_cores = rng.uniform(0.0, 2.0);
    trial.opens_at = rng.index(num_steps);
    trial.closes_at = trial.opens_at + rng.index(num_steps);
    trial.has_gpu = rng.uniform() < 0.4;
    history.trials.push_back(trial);
  }
  for (std::size_t i = 0; i < num_steps; ++i) {
    Step step;
    step.length = Seconds{rng.uniform(0.0, 2.0)};
    for (int channel = 0; channel < 3; ++channel) {
      const bool stands = rng.uniform() < 0.2;
      const auto most = rng.uniform() < 0.3 ? std::size_t{7} : std::size_t{400'000'000};
      step.energy.push_back(stands ? 0 : static_cast<std::int64_t>(rng.index(most)));
      step.fails.push_back(rng.uniform() < 0.2);
    }
    for (std::size_t t = 0; t < history.trials.size(); ++t) {
      step.cpu.push_back(Seconds{rng.uniform() < 0.2 ? 0.0 : rng.uniform(0.0, 1.5)});
    }
    step.others = Seconds{rng.uniform(-0.5, 1.0)};  // below 0: the reads were not simultaneous
    history.steps.push_back(step);
  }
  return history;
}

struct Outcome {
  std::vector<EnergyFigure>
      trials;  ///< In the order of the history, whatever the order of opening.
  EnergyFigure rest;
  EnergyFigure engine;
  EnergyFigure metered;
  Microjoules drawn;
  bool windows_add_up = true;
};

/// Plays a history; the trials of one moment are opened and reported in the given order.
Outcome play(const History& history, const std::vector<std::size_t>& order) {
  Machine machine({script(package_channel("a"), Watts{30.0}), script(package_channel("b")),
                   script(gpu_channel("GPU-1"), Watts{40.0})});
  EnergyAccountant& books = machine.books();
  const std::size_t num_trials = history.trials.size();
  std::vector<std::optional<EnergyAccountant::Mark>> start(num_trials);
  std::vector<EnergyAccountant::Mark> last(num_trials);
  std::vector<Microjoules> pieces(num_trials);
  std::vector<Seconds> cpu(num_trials);
  std::vector<bool> is_open(num_trials, false);
  const auto rest = books.mark(books.rest());
  const auto engine = books.mark(books.engine());
  Outcome outcome;

  for (std::size_t i = 0; i <= history.steps.size(); ++i) {
    for (const std::size_t t : order) {
      const Trial& trial = history.trials[t];
      if (is_open[t] && (trial.closes_at == i || i == history.steps.size())) {
        books.close(start[t]->account);
        is_open[t] = false;
      }
      if (trial.opens_at != i || i == history.steps.size()) continue;
      const AccountId id =
          books.open({trial.num_cores, trial.has_gpu ? std::vector<std::string>{"GPU-1"}
                                                     : std::vector<std::string>{}});
      start[t] = last[t] = books.mark(id);
      is_open[t] = true;
    }
    if (i == history.steps.size()) break;
    const Step& step = history.steps[i];
    std::vector<Activity> activities;
    Seconds busy = step.others;
    for (const std::size_t t : order) {
      if (!is_open[t]) continue;
      cpu[t] += step.cpu[t];
      busy += step.cpu[t];
      activities.push_back({start[t]->account, cpu[t]});
    }
    for (std::size_t c = 0; c < 3; ++c) {
      machine.meter(c).total += Microjoules{step.energy[c]};
      outcome.drawn += Microjoules{step.energy[c]};
      // The last step reads everything, so that the whole of what was drawn is known.
      machine.meter(c).failure = step.fails[c] && i + 1 < history.steps.size()
                                     ? std::optional(ErrorKind::Transient)
                                     : std::nullopt;
    }
    machine.work(std::max(Seconds{0.0}, Seconds{std::round(busy.value() * 100.0) / 100.0}));
    machine.tick(step.length, activities);
    for (const std::size_t t : order) {
      if (!start[t]) continue;
      pieces[t] += books.since(last[t]).total();
      last[t] = books.mark(start[t]->account);
    }
  }
  for (std::size_t t = 0; t < num_trials; ++t) {
    outcome.trials.push_back(start[t] ? books.since(*start[t]) : EnergyFigure{});
    outcome.windows_add_up = outcome.windows_add_up && pieces[t] == outcome.trials.back().total();
  }
  outcome.rest = books.since(rest);
  outcome.engine = books.since(engine);
  outcome.metered = books.metered();
  return outcome;
}

std::vector<std::size_t> in_order(std::size_t count) {
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  return order;
}

}  // namespace

TEST(EnergyAccountant, BooksEveryMicrojouleOnceInAThousandRandomHistories) {
  Rng rng{20260101};
  for (int i = 0; i < 1000; ++i) {
    const History history = random_history(rng);
    const Outcome outcome = play(history, in_order(history.trials.size()));
    Microjoules idle = outcome.rest.idle + outcome.engine.idle;
    Microjoules dynamic = outcome.rest.dynamic + outcome.engine.dynamic;
    for (const EnergyFigure& trial : outcome.trials) {
      ASSERT_GE(trial.idle, Microjoules{0});
      ASSERT_GE(trial.dynamic, Microjoules{0});
      idle += trial.idle;
      dynamic += trial.dynamic;
    }
    ASSERT_EQ(idle, outcome.metered.idle) << "history " << i;
    ASSERT_EQ(dynamic, outcome.metered.dynamic) << "history " << i;
    ASSERT_EQ(outcome.metered.total(), outcome.drawn) << "history " << i;
    ASSERT_TRUE(outcome.windows_add_up) << "history " << i;
  }
}

TEST(EnergyAccountant, GivesEveryTrialTheSameWhateverTheOrderOfTheTrials) {
  Rng rng{7};
  for (int i = 0; i < 200; ++i) {
    const History history = random_history(rng);
    std::vector<std::size_t> order = in_order(history.trials.size());
    const Outcome plain = play(history, order);
    for (std::size_t k = order.size(); k > 1; --k) std::swap(order[k - 1], order[rng.index(k)]);
    const Outcome shuffled = play(history, order);
    for (std::size_t t = 0; t < history.trials.size(); ++t) {
      // Users of one GPU are exactly alike there: only their age can decide about the last
      // microjoule of each step.
      const std::int64_t most = static_cast<std::int64_t>(2 * history.steps.size());
      const std::int64_t slack = history.trials[t].has_gpu ? most : 0;
      ASSERT_LE(std::abs((plain.trials[t].total() - shuffled.trials[t].total()).count()), slack)
          << "history " << i << " trial " << t;
    }
    ASSERT_EQ(plain.metered, shuffled.metered);
  }
}

namespace {

/// Plays one window on a counter that moves in steps of 0.1 s and errs by a constant factor; tells
/// whether the truth lies inside the stated uncertainty. `swing` is how far the power wanders.
bool is_truth_inside(Rng& rng, double swing) {
  constexpr double kRefresh = 0.1;
  Channel channel = package_channel();
  channel.refresh = Seconds{kRefresh};
  channel.gain_uncertainty = 0.05;
  fake::MeterScript meter = script(channel);
  std::vector<std::unique_ptr<Meter>> meters;
  meters.push_back(std::make_unique<fake::ScriptedMeter>(meter));
  ManualClock clock;
  const AccountantOptions options{1.0, "/nowhere", [] { return Seconds{0.0}; }};
  EnergyAccountant books{std::move(meters), options, clock.now()};

  const double gain = 1.0 + 0.05 / 1.96 * rng.normal();
  const double base = rng.uniform(20.0, 300.0);
  const double slow = rng.uniform(0.05, 2.0);
  const double start = rng.uniform(0.0, 10.0);
  const auto true_joules = [&](double t) {  // of the power base * (1 + swing * sin(slow * t))
    return base * (t - swing / slow * (std::cos(slow * t) - 1.0));
  };
  const auto tick_at = [&](double t) {
    meter.total = to_microjoules(Joules{gain * true_joules(std::floor(t / kRefresh) * kRefresh)});
    clock.advance(Seconds{t} - elapsed(MonotonicTime{}, clock.now()));
    books.tick(clock.now(), {});
  };

  tick_at(start + 0.5);
  const double from = start + 1.0 + rng.uniform();
  tick_at(from);
  const auto mark = books.mark(books.rest());
  const double to = from + rng.uniform(0.05, 8.0);
  for (double t = from + 1.0; t < to; t += 1.0) tick_at(t);
  tick_at(to);
  const EnergyFigure figure = books.since(mark);
  const double error = figure.total().joules().value() - (true_joules(to) - true_joules(from));
  return std::abs(error) <= figure.uncertainty.value();
}

}  // namespace

TEST(EnergyAccountant, TellsTheTruthAboutItsUncertaintyInNineteenWindowsOfTwenty) {
  for (const double swing : {0.0, 0.5}) {
    Rng rng{95};
    constexpr int kWindows = 4000;
    int num_inside = 0;
    for (int i = 0; i < kWindows; ++i) num_inside += is_truth_inside(rng, swing) ? 1 : 0;
    const double coverage = static_cast<double>(num_inside) / kWindows;
    EXPECT_GE(coverage, 0.95) << "swing " << swing;
    EXPECT_LE(coverage, 0.99) << "swing " << swing;  // not by stating too much
    RecordProperty("coverage_swing_" + std::to_string(swing), std::to_string(coverage));
  }
}

}  // namespace wattune::energy
