#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <functional>
#include <new>
#include <thread>

#include "energy/shared_node.hpp"
#include "support/fake_meter.hpp"
#include "support/fake_proc.hpp"
#include "support/must.hpp"
#include "support/steady_meter.hpp"
#include "support/temporary_folder.hpp"
#include "wattune/energy/accountant.hpp"
#include "wattune/energy/node_sampler.hpp"

namespace wattune::energy {
namespace {

constexpr Watts kPower{10.0};
constexpr Seconds kPeriod{0.1};
/// Processes of a busy machine are woken late; a lost period would be 1 J.
constexpr double kLateJ = 0.2;

/// A process of its own, which says when it is ready and then goes on until it is told to end.
class Other {
 public:
  /// `setup` gives something that lives as long as the process.
  template <typename Setup>
  explicit Other(Setup setup) {
    std::array<int, 2> ready{};
    std::array<int, 2> end{};
    if (::pipe(ready.data()) != 0 || ::pipe(end.data()) != 0) throw std::runtime_error("pipe");
    pid_ = ::fork();
    if (pid_ == 0) {
      ::close(end[1]);
      {
        [[maybe_unused]] const auto held = setup();
        char byte = 'r';
        if (::write(ready[1], &byte, 1) != 1) ::_exit(1);
        static_cast<void>(::read(end[0], &byte, 1));
      }
      ::_exit(0);
    }
    ::close(ready[1]);
    ::close(end[0]);
    end_ = end[1];
    char byte = 0;
    if (::read(ready[0], &byte, 1) != 1) throw std::runtime_error("the other process failed");
    ::close(ready[0]);
  }
  ~Other() { end(0); }
  Other(const Other&) = delete;
  Other& operator=(const Other&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  /// With a signal, or kindly with 0; waits until it has gone.
  void end(int signal) {
    if (pid_ <= 0) return;
    if (signal != 0) ::kill(pid_, signal);
    ::close(end_);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }

 private:
  pid_t pid_ = -1;
  int end_ = -1;
};

/// A power sensor: what it has drawn is only known while it is read.
class Sensor final : public Meter {
 public:
  explicit Sensor(MonotonicTime opened) : steady_(kPower, Watts{}, opened) {}
  [[nodiscard]] const Channel& channel() const override { return steady_.channel(); }
  [[nodiscard]] Seconds longest_safe_gap() const override { return Seconds{10.0}; }
  [[nodiscard]] Seconds preferred_gap() const override { return kPeriod / 4.0; }
  [[nodiscard]] std::optional<Watts> idle_power() const override { return std::nullopt; }
  [[nodiscard]] Result<Reading> read(MonotonicTime now) override { return steady_.read(now); }

 private:
  fake::SteadyMeter steady_;
};

/// One process of a node whose hardware draws 10 W.
struct Process {
  explicit Process(const std::filesystem::path& folder, bool is_sensor = false,
                   bool has_thread = true)
      : sampler(meters(clock, is_sensor), clock, options(folder, has_thread)),
        views(sampler.views()) {}

  static std::vector<std::unique_ptr<Meter>> meters(const Clock& clock, bool is_sensor) {
    std::vector<std::unique_ptr<Meter>> all;
    if (is_sensor) {
      all.push_back(std::make_unique<Sensor>(clock.now()));
    } else {
      all.push_back(std::make_unique<fake::SteadyMeter>(kPower, Watts{4.0}, clock.now()));
    }
    return all;
  }
  static NodeSamplerOptions options(const std::filesystem::path& folder, bool has_thread) {
    NodeSamplerOptions options;
    options.has_thread = has_thread;
    options.period = kPeriod;
    options.shared_folder = folder;
    options.capacity = {4.0};
    return options;
  }

  [[nodiscard]] Reading read() { return must(views[0]->read(clock.now())); }
  [[nodiscard]] bool is_owner() const { return sampler.report().is_owner; }
  void wait_until(const std::function<bool()>& is_so) const {
    const MonotonicTime begun = clock.now();
    while (!is_so()) {
      if (elapsed(begun, clock.now()) > Seconds{20.0}) throw std::runtime_error("never happens");
      ::usleep(2000);
    }
  }

  SystemClock clock;
  NodeSampler sampler;
  std::vector<std::unique_ptr<Meter>> views;
};

double drawn(const Reading& start, const Reading& end) {
  return (end.total - start.total).joules().value();
}

double expected(const Reading& start, const Reading& end) {
  return (kPower * elapsed(start.read_at, end.read_at)).value();
}

}  // namespace

// Pitfall 29
TEST(NodeSharing, OneOfTwoProcessesReadsTheMeterForBoth) {
  const TemporaryFolder folder;
  const Other owner([&] { return std::make_unique<Process>(folder.path()); });
  Process reader(folder.path());

  ASSERT_FALSE(reader.sampler.sharing_problem()) << *reader.sampler.sharing_problem();
  EXPECT_FALSE(reader.is_owner());
  const Reading start = reader.read();
  ::usleep(50'000);
  const Reading end = reader.read();
  EXPECT_NEAR(drawn(start, end), expected(start, end), kLateJ);
  EXPECT_GT(end.total, start.total);
  EXPECT_FALSE(end.estimated);
}

TEST(NodeSharing, AnotherGoesOnWhenTheOwnerIsKilledWithoutLosingOrDoublingEnergy) {
  const TemporaryFolder folder;
  Other owner([&] { return std::make_unique<Process>(folder.path()); });
  Process reader(folder.path());
  ASSERT_FALSE(reader.is_owner());
  reader.wait_until([&] { return reader.read().carried == Seconds{}; });
  const Reading start = reader.read();

  owner.end(SIGKILL);
  Reading last = start;
  bool was_estimated = false;
  reader.wait_until([&] {
    const Reading now = reader.read();
    EXPECT_GE(now.total, last.total);
    was_estimated = was_estimated || now.estimated;
    last = now;
    return reader.is_owner();
  });
  const Reading end = reader.read();

  EXPECT_EQ(reader.sampler.report().num_takeovers, 1U);
  EXPECT_NEAR(drawn(start, end), expected(start, end), kLateJ);
  EXPECT_FALSE(was_estimated);  // the counter has gone on counting
}

TEST(NodeSharing, FillsInWhatAPowerSensorDrewUnseenAndSaysThatItIsAGuess) {
  const TemporaryFolder folder;
  Other owner([&] { return std::make_unique<Process>(folder.path(), true); });
  Process reader(folder.path(), true);
  ::usleep(200'000);  // so that the owner knows the power
  reader.wait_until([&] { return reader.read().carried == Seconds{}; });
  const Reading start = reader.read();

  owner.end(SIGKILL);
  bool was_estimated = false;
  reader.wait_until([&] {
    was_estimated = reader.read().estimated || was_estimated;
    return reader.is_owner();
  });
  ::usleep(200'000);
  const Reading end = reader.read();

  EXPECT_TRUE(was_estimated || end.estimated);
  EXPECT_NEAR(drawn(start, end), expected(start, end), 2.0 * kLateJ);
}

TEST(NodeSharing, FillsInALongSilenceOfAPowerSensorWithTheLastPower) {
  const TemporaryFolder folder;
  Other owner([&] { return std::make_unique<Process>(folder.path(), true); });
  Process reader(folder.path(), true, false);
  ::usleep(200'000);  // so that the owner knows the power
  reader.wait_until([&] { return reader.read().carried == Seconds{}; });
  const Reading start = reader.read();

  owner.end(SIGKILL);
  ::usleep(500'000);  // nobody reads
  reader.wait_until([&] {
    static_cast<void>(reader.sampler.poll());
    return reader.is_owner();
  });
  const Reading end = reader.read();

  EXPECT_TRUE(end.estimated);
  EXPECT_GT(end.uncertainty.value(), 4.0);
  EXPECT_NEAR(drawn(start, end), expected(start, end), 2.0 * kLateJ);
}

TEST(NodeSharing, GoesOnThroughManyDeaths) {
  const TemporaryFolder folder;
  auto first = std::make_unique<Other>([&] { return std::make_unique<Process>(folder.path()); });
  Process reader(folder.path());
  first.reset();
  reader.wait_until([&] { return reader.is_owner(); });
  const Reading start = reader.read();
  Reading last = start;
  for (int i = 0; i < 10; ++i) {
    // Each new one is a reader, and dies while it reads.
    Other other([&] { return std::make_unique<Process>(folder.path()); });
    other.end(SIGKILL);
    const Reading now = reader.read();
    EXPECT_GE(now.total, last.total);
    last = now;
  }
  EXPECT_NEAR(drawn(start, last), expected(start, last), kLateJ);
}

TEST(NodeSharing, FollowsItsOwnMeterWhileTheOwnerIsStopped) {
  const TemporaryFolder folder;
  Other owner([&] { return std::make_unique<Process>(folder.path()); });
  Process reader(folder.path());
  reader.wait_until([&] { return reader.read().carried == Seconds{}; });
  const Reading start = reader.read();

  ::kill(owner.pid(), SIGSTOP);
  Reading end;
  reader.wait_until([&] {
    end = reader.read();
    return end.estimated;
  });
  ::kill(owner.pid(), SIGCONT);

  EXPECT_FALSE(reader.is_owner());
  EXPECT_NEAR(drawn(start, end), expected(start, end), kLateJ);
}

TEST(NodeSharing, KeepsToItselfWhereTheFolderIsAnothersUsers) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give a folder to another user";
  const TemporaryFolder folder;
  ASSERT_EQ(::chown(folder.path().c_str(), 12345, 12345), 0);
  Process alone(folder.path());
  ASSERT_TRUE(alone.sampler.sharing_problem().has_value());
  EXPECT_NE(alone.sampler.sharing_problem()->find("does not belong to this user"),
            std::string::npos);
  EXPECT_EQ(alone.sampler.claims(), nullptr);
  EXPECT_TRUE(alone.is_owner());
  ASSERT_EQ(::chown(folder.path().c_str(), 0, 0), 0);
}

// Pitfall 22
TEST(NodeSharing, DoesNotMeetProcessesWhoseNumbersMeanOthers) {
  const TemporaryFolder folder;
  const SystemClock clock;
  const auto own = must(SharedNode::open(folder.path(), {{4.0}, {}}, clock.now()));
  const pid_t helper = ::fork();
  if (helper == 0) {
    if (::unshare(CLONE_NEWPID) != 0) ::_exit(77);
    const pid_t inside = ::fork();
    if (inside == 0) {
      const auto node = SharedNode::open(folder.path(), {{4.0}, {}}, clock.now());
      ::_exit(node && (*node)->num_others() == 0 && (*node)->try_to_own() ? 0 : 1);
    }
    int status = -1;
    ::waitpid(inside, &status, 0);
    ::_exit(WEXITSTATUS(status));
  }
  ASSERT_TRUE(own->try_to_own());
  int status = -1;
  ASSERT_EQ(::waitpid(helper, &status, 0), helper);
  if (WEXITSTATUS(status) == 77) GTEST_SKIP() << "may not make a namespace of process numbers";
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(NodeSharing, DividesIdleEnergyBySumOfAllReservationsOfAllProcesses) {
  const TemporaryFolder folder;
  ManualClock clock;
  const NodeClaim capacity{{4.0}, {}};
  const auto one = must(SharedNode::open(folder.path(), capacity, clock.now()));
  const auto two = must(SharedNode::open(folder.path(), capacity, clock.now()));
  EXPECT_EQ(one->num_others(), 1U);
  const auto core_seconds = [&](SharedNode& node) {
    return static_cast<double>(node.use(clock.now()).core_ns[0]) * 1e-9;
  };
  const double start = core_seconds(*one);

  one->set({{2.0}, {}}, clock.now());
  clock.advance(Seconds{1.0});  // 4 cores are there, 2 are reserved
  two->set({{4.0}, {}}, clock.now());
  clock.advance(Seconds{2.0});  // 6 are reserved

  EXPECT_NEAR(core_seconds(*one) - start, 4.0 + 12.0, 1e-6);
  EXPECT_NEAR(core_seconds(*two) - start, 4.0 + 12.0, 1e-6);
}

TEST(NodeSharing, IsNotStoppedByOneThatWasStoppedWithTheReservationsInHand) {
  const TemporaryFolder folder;
  const SystemClock clock;
  const auto own = must(SharedNode::open(folder.path(), {{4.0}, {}}, clock.now()));
  const auto board = std::filesystem::directory_iterator(folder.path())->path();
  const Other other([&] {
    const int file = ::open(board.c_str(), O_RDWR | O_CLOEXEC);
    struct flock lock {};
    lock.l_type = F_WRLCK;
    lock.l_len = 10;
    ::fcntl(file, F_OFD_SETLK, &lock);
    return file;
  });

  const MonotonicTime begun = clock.now();
  own->set({{2.0}, {}}, clock.now());
  EXPECT_LT(elapsed(begun, clock.now()), Seconds{5.0});
  EXPECT_FALSE(own->try_to_own());
}

TEST(NodeSharing, FreesWhatADeadProcessHadReserved) {
  const TemporaryFolder folder;
  const SystemClock clock;
  const auto own = must(SharedNode::open(folder.path(), {{4.0}, {}}, clock.now()));
  Other other([&] {
    auto node = must(SharedNode::open(folder.path(), {{4.0}, {}}, clock.now()));
    node->set({{8.0}, {"GPU-1", "GPU-2"}}, clock.now());
    return node;
  });
  EXPECT_EQ(own->use(clock.now()).gpus_of_others, (std::vector<std::string>{"GPU-1", "GPU-2"}));
  EXPECT_EQ(own->num_others(), 1U);

  other.end(SIGKILL);
  const MonotonicTime now = clock.now();
  own->reap(now);

  EXPECT_EQ(own->num_others(), 0U);
  EXPECT_TRUE(own->use(now).gpus_of_others.empty());
  const auto before = own->use(now).core_ns[0];
  const auto later = own->use(after(now, Seconds{1.0})).core_ns[0];
  EXPECT_NEAR(static_cast<double>(later - before) * 1e-9, 4.0, 1e-6);
}

TEST(NodeSharing, FreesWhatAProcessHadReservedThatEndsByItself) {
  const TemporaryFolder folder;
  const SystemClock clock;
  const auto own = must(SharedNode::open(folder.path(), {{4.0}, {}}, clock.now()));
  {
    const auto other = must(SharedNode::open(folder.path(), {{4.0}, {}}, clock.now()));
    other->set({{8.0}, {"GPU-1"}}, clock.now());
  }
  EXPECT_EQ(own->num_others(), 0U);
  EXPECT_TRUE(own->use(clock.now()).gpus_of_others.empty());
}

namespace {

/// The books of one process on a machine of four cores that idles at 8 W, beside others.
class Ledger {
 public:
  Ledger(NodeClaims& claims, const fake::Proc& proc, std::vector<fake::MeterScript>& scripts,
         const Clock& clock) {
    std::vector<std::unique_ptr<Meter>> meters;
    for (const fake::MeterScript& script : scripts) {
      meters.push_back(std::make_unique<fake::ScriptedMeter>(script));
    }
    AccountantOptions options;
    options.num_cores = 4.0;
    options.proc_root = proc.root();
    options.engine_cpu_time = [] { return Seconds{0.0}; };
    options.claims = &claims;
    books.emplace(std::move(meters), options, clock.now());
  }
  std::optional<EnergyAccountant> books;
};

std::vector<fake::MeterScript> machine() {
  std::vector<fake::MeterScript> scripts(2);
  scripts[0].channel.id = "package";
  scripts[0].idle_power = Watts{8.0};
  scripts[1].channel.id = "nvml:GPU-1";
  scripts[1].channel.kind = ChannelKind::Gpu;
  scripts[1].channel.device_uuid = "GPU-1";
  scripts[1].idle_power = Watts{50.0};
  return scripts;
}

}  // namespace

// Pitfall 29
TEST(NodeSharing, TwoProcessesNeverClaimMoreThanTheMeter) {
  const TemporaryFolder folder;
  ManualClock clock;
  const fake::Proc proc{4};
  auto scripts = machine();
  const auto node_one = must(SharedNode::open(folder.path(), {{4.0}, {}}, clock.now()));
  const auto node_two = must(SharedNode::open(folder.path(), {{4.0}, {}}, clock.now()));
  Ledger one(*node_one, proc, scripts, clock);
  Ledger two(*node_two, proc, scripts, clock);
  const auto trial_one = one.books->mark(one.books->open({4.0, {"GPU-1"}}));
  const auto trial_two = two.books->mark(two.books->open({2.0, {"GPU-1"}}));

  scripts[0].total += to_microjoules(Joules{12.0});
  scripts[1].total += to_microjoules(Joules{90.0});
  clock.advance(Seconds{1.0});
  one.books->tick(clock.now(), {});
  two.books->tick(clock.now(), {});

  const auto of = [](Ledger& ledger, const EnergyAccountant::Mark& mark) {
    return ledger.books->since_by_channel(mark);
  };
  // 8 J idle by 6 reserved cores on 4.
  EXPECT_EQ(of(one, trial_one)[0].idle.count(), 5'333'333);
  EXPECT_EQ(of(two, trial_two)[0].idle.count(), 2'666'667);
  EXPECT_EQ(of(one, trial_one)[1].total().count(), 45'000'000);
  EXPECT_EQ(of(two, trial_two)[1].total().count(), 45'000'000);
  EXPECT_EQ(of(one, trial_one)[1].provenance, Provenance::Modelled);
}

TEST(NodeSharing, AGpuOfAnotherProcessBelongsToTheRestHere) {
  const TemporaryFolder folder;
  ManualClock clock;
  const fake::Proc proc{4};
  auto scripts = machine();
  const auto node_one = must(SharedNode::open(folder.path(), {{4.0}, {}}, clock.now()));
  const auto node_two = must(SharedNode::open(folder.path(), {{4.0}, {}}, clock.now()));
  Ledger one(*node_one, proc, scripts, clock);
  Ledger two(*node_two, proc, scripts, clock);
  const auto trial_one = one.books->mark(one.books->open({2.0, {"GPU-1"}}));
  const auto trial_two = two.books->mark(two.books->open({2.0, {}}));

  scripts[1].total += to_microjoules(Joules{90.0});
  clock.advance(Seconds{1.0});
  one.books->tick(clock.now(), {});
  two.books->tick(clock.now(), {});

  EXPECT_EQ(one.books->since(trial_one).total().count(), 90'000'000);
  EXPECT_EQ(two.books->since(trial_two).total().count(), 0);
}

}  // namespace wattune::energy
