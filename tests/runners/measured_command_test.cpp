#include "wattune/runners/measured_command.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <thread>

#include "support/fake_meter.hpp"
#include "support/must.hpp"
#include "support/steady_meter.hpp"
#include "support/temporary_folder.hpp"

namespace wattune::runners {
namespace {

std::vector<std::unique_ptr<energy::Meter>> steady(Watts power, Watts idle, const Clock& clock) {
  std::vector<std::unique_ptr<energy::Meter>> meters;
  meters.push_back(std::make_unique<fake::SteadyMeter>(power, idle, clock.now()));
  return meters;
}

struct Machine {
  SystemClock clock;
  CommandMeter meter{
      steady(Watts{100.0}, Watts{60.0}, clock), {.accountant = {.num_cores = 2.0}}, clock};

  MeasuredRun run(const std::string& script) { return must(meter.run({"sh", "-c", script})); }
};

std::string text_of(const std::filesystem::path& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

TEST(MeasuredCommand, MetersTheWindowOfTheCommand) {
  Machine machine;
  const MeasuredRun run = machine.run("sleep 0.2");
  EXPECT_GE(run.duration, Seconds{0.2});
  EXPECT_NEAR(run.machine.total().joules().value(), 100.0 * run.duration.value(), 1e-4);
  // All idle energy is the command's; of the rest it has its part of the CPU time, which is small.
  EXPECT_NEAR(run.command.idle.joules().value(), 60.0 * run.duration.value(), 1e-4);
  EXPECT_LE(run.command.dynamic, run.machine.dynamic);
  ASSERT_EQ(run.channels.size(), 1u);
  EXPECT_EQ(run.channels[0].command->total(), run.command.total());
  EXPECT_EQ(run.machine.provenance, Provenance::Measured);
}

TEST(MeasuredCommand, PassesTheExitStatusOn) {
  Machine machine;
  EXPECT_EQ(machine.run("exit 0").end.shell_status(), 0);
  EXPECT_EQ(machine.run("exit 7").end.shell_status(), 7);
  const MeasuredRun killed = machine.run("kill -KILL $$");
  EXPECT_EQ(killed.end.signal, SIGKILL);
  EXPECT_EQ(killed.end.status, std::nullopt);
  EXPECT_EQ(killed.end.shell_status(), 128 + SIGKILL);
}

TEST(MeasuredCommand, SaysWhyACommandCannotBeStarted) {
  const TemporaryFolder folder;
  const auto plain = folder.write("plain", "no program");
  Machine machine;
  const auto kind_of = [&](const std::string& name) {
    const auto run = machine.meter.run({name});
    EXPECT_FALSE(run) << name;
    EXPECT_NE(run.error().message.find(name), std::string::npos) << run.error().message;
    return run.error().kind;
  };
  EXPECT_EQ(kind_of("no-such-program"), ErrorKind::NotFound);
  EXPECT_EQ(kind_of("/no/such/program"), ErrorKind::NotFound);
  EXPECT_EQ(kind_of(plain.string()), ErrorKind::Permission);
  ::chmod(plain.c_str(), 0755);
  EXPECT_EQ(kind_of(plain.string()), ErrorKind::Invalid);
  folder.write("script", "#!/no/interpreter\n");
  ::chmod((folder / "script").c_str(), 0755);
  EXPECT_EQ(kind_of((folder / "script").string()), ErrorKind::NotFound);
  EXPECT_EQ(machine.run("exit 3").end.status, 3) << "the next command runs as if nothing was";
}

TEST(MeasuredCommand, ASignalToUsReachesTheCommandAndTheFiguresStillCome) {
  const TemporaryFolder folder;
  const std::string mark = (folder / "ready").string();
  Machine machine;
  std::thread sender([&] {
    while (!std::filesystem::exists(mark))
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    ::kill(::getpid(), SIGTERM);
  });
  const MeasuredRun run =
      machine.run("trap 'exit 9' TERM; : > " + mark + "; while :; do sleep 0.01; done");
  sender.join();
  EXPECT_EQ(run.end.status, 9);
  EXPECT_EQ(run.stopped_by, SIGTERM);
  EXPECT_GT(run.machine.total(), Microjoules{});
}

TEST(MeasuredCommand, TheCommandHasTheSignalsAsTheyWere) {
  const TemporaryFolder folder;
  const std::string out = (folder / "status").string();
  Machine machine;
  // No shell: it would unblock signals itself.
  static_cast<void>(must(machine.meter.run({"cp", "/proc/self/status", out})));
  EXPECT_NE(text_of(out).find("SigBlk:\t0000000000000000\n"), std::string::npos) << text_of(out);
}

// Pitfall 26: children that come and go between two readings.
TEST(MeasuredCommand, CountsTheCpuTimeOfChildrenThatNoReadingSaw) {
  Machine machine;
  const MeasuredRun run = machine.run(
      "for i in 1 2 3; do sh -c 'i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done'; done");
  EXPECT_GT(run.cpu_time, Seconds{0.03});
  EXPECT_LE(run.cpu_time, run.duration * 1.5);
}

// Pitfall 30: what is booked is what was read, over the window and no further.
TEST(MeasuredCommand, AWindowShorterThanASampleIsNotBlownUp) {
  Machine machine;
  const MeasuredRun run = must(machine.meter.run({"true"}));
  EXPECT_LT(run.duration, Seconds{1.0});
  EXPECT_NEAR(run.machine.total().joules().value(), 100.0 * run.duration.value(), 1e-4);
}

// Pitfall 17: a counter with coarse steps reads the same at both ends of a short window.
TEST(MeasuredCommand, ACounterThatDidNotMoveIsMissingAndNotZero) {
  const SystemClock clock;
  fake::MeterScript gpu{{.id = "nvml:GPU-1",
                         .kind = energy::ChannelKind::Gpu,
                         .refresh = Seconds{0.1},
                         .device_uuid = "GPU-1"},
                        Watts{0.0},
                        Microjoules{5'000'000},
                        {}};
  auto meters = steady(Watts{100.0}, Watts{60.0}, clock);
  meters.push_back(std::make_unique<fake::ScriptedMeter>(gpu));
  CommandMeter meter{
      std::move(meters), {.accountant = {.num_cores = 2.0}, .gpu_uuids = {"GPU-1"}}, clock};
  const MeasuredRun run = must(meter.run({"true"}));
  EXPECT_TRUE(run.channels[1].command->is_missing());
  EXPECT_TRUE(run.command.is_missing());
  EXPECT_TRUE(run.machine.is_missing());
  EXPECT_FALSE(run.channels[0].command->is_missing());
}

namespace {

/// A meter whose source fails at its second read.
class FailingMeter final : public energy::Meter {
 public:
  explicit FailingMeter(MonotonicTime opened) : steady_(Watts{100.0}, Watts{60.0}, opened) {}
  [[nodiscard]] const energy::Channel& channel() const override { return steady_.channel(); }
  [[nodiscard]] Seconds longest_safe_gap() const override { return Seconds{10.0}; }
  [[nodiscard]] std::optional<Watts> idle_power() const override { return steady_.idle_power(); }
  [[nodiscard]] Result<energy::Reading> read(MonotonicTime now) override {
    Result<energy::Reading> reading = steady_.read(now);
    if (++num_reads_ > 2) {
      reading->fallback = energy::FallbackSource{Provenance::Modelled, 0.35};
    }
    return reading;
  }

 private:
  fake::SteadyMeter steady_;
  int num_reads_ = 0;
};

}  // namespace

TEST(MeasuredCommand, TellsOfAMeterWhoseSourceFailedMeanwhile) {
  const SystemClock clock;
  std::vector<std::unique_ptr<energy::Meter>> meters;
  meters.push_back(std::make_unique<FailingMeter>(clock.now()));
  CommandMeter meter{std::move(meters), {.accountant = {.num_cores = 2.0}}, clock};
  const MeasuredRun run = must(meter.run({"sleep", "0.1"}));
  EXPECT_EQ(run.machine.provenance, Provenance::Modelled);
  ASSERT_EQ(run.notes.size(), 1u);
  EXPECT_NE(run.notes[0].find("its source failed and another is read: modelled, ± 35 %"),
            std::string::npos)
      << run.notes[0];
  EXPECT_TRUE(must(meter.run({"true"})).notes.empty());  // it was told
}

// Pitfall 18: a command is not charged for GPUs that it was not given.
TEST(MeasuredCommand, AGpuThatIsNotTheCommandsIsInTheMachineOnly) {
  const SystemClock clock;
  std::vector<std::unique_ptr<energy::Meter>> meters = steady(Watts{100.0}, Watts{60.0}, clock);
  class Gpu final : public energy::Meter {
   public:
    explicit Gpu(MonotonicTime opened) : opened_(opened) {
      channel_.id = "nvml:GPU-2";
      channel_.kind = energy::ChannelKind::Gpu;
      channel_.device_uuid = "GPU-2";
    }
    const energy::Channel& channel() const override { return channel_; }
    Seconds longest_safe_gap() const override { return Seconds{30.0}; }
    std::optional<Watts> idle_power() const override { return std::nullopt; }
    Result<energy::Reading> read(MonotonicTime now) override {
      return energy::Reading{to_microjoules(Watts{300.0} * elapsed(opened_, now)), now};
    }

   private:
    energy::Channel channel_;
    MonotonicTime opened_;
  };
  meters.push_back(std::make_unique<Gpu>(clock.now()));
  CommandMeter meter{std::move(meters), {.accountant = {.num_cores = 2.0}}, clock};
  const MeasuredRun run = must(meter.run({"true"}));
  EXPECT_EQ(run.channels[1].command, std::nullopt);
  EXPECT_FALSE(run.command.is_missing());
  EXPECT_NEAR(run.machine.total().joules().value(), 400.0 * run.duration.value(), 1e-3);
  EXPECT_TRUE(meter.knows_idle_power()) << "that of the GPU does not matter here";
}

TEST(MeasuredCommand, KnowsWhichChannelsAreNotCalibrated) {
  const SystemClock clock;
  fake::MeterScript package{{.id = "rapl:package-0", .refresh = Seconds{0.001}}, {}, {}, {}};
  std::vector<std::unique_ptr<energy::Meter>> meters;
  meters.push_back(std::make_unique<fake::ScriptedMeter>(package));
  CommandMeter meter{std::move(meters), {.accountant = {.num_cores = 2.0}}, clock};
  EXPECT_EQ(meter.uncalibrated(), std::vector<std::string>{"rapl:package-0"});
  meter.set_idle_power("rapl:package-0", Watts{20.0});
  EXPECT_TRUE(meter.knows_idle_power());
}

TEST(MeasuredCommand, TellsOfProcessesThatOutliveTheCommand) {
  const TemporaryFolder folder;
  const std::string pid_file = (folder / "pid").string();
  const SystemClock clock;
  CommandMeter meter{steady(Watts{100.0}, Watts{60.0}, clock),
                     {.accountant = {.num_cores = 2.0}, .interval = Seconds{0.02}},
                     clock};
  const MeasuredRun run =
      must(meter.run({"sh", "-c", "sleep 30 & echo $! > " + pid_file + "; sleep 0.2"}));
  ::kill(std::stoi(text_of(pid_file)), SIGKILL);
  EXPECT_EQ(run.num_left_running, 1u);
}

TEST(MeasuredCommand, ASignalEndsTheCoolDown) {
  Machine machine;
  ::kill(::getpid(), SIGINT);
  EXPECT_EQ(machine.meter.rest(Seconds{60.0}), SIGINT);
  EXPECT_EQ(machine.meter.rest(Seconds{0.01}), std::nullopt);
}

TEST(MeasuredCommand, WantsALongerWindowWhereTheStepsDecide) {
  const std::vector<energy::Channel> gpu{
      {.id = "g", .gain_uncertainty = 0.05, .refresh = Seconds{0.1}}};
  EXPECT_EQ(longer_window_wanted(gpu, Seconds{2.0}), std::nullopt);
  const auto wanted = longer_window_wanted(gpu, Seconds{1.0});
  ASSERT_TRUE(wanted);
  EXPECT_NEAR(wanted->value(), 1.633, 1e-3);
  // Section "Uncertainty": 82 steps for 1 %.
  const std::vector<energy::Channel> exact{
      {.id = "e", .gain_uncertainty = 0.0, .refresh = Seconds{0.1}}};
  EXPECT_NEAR(longer_window_wanted(exact, Seconds{1.0})->value(), 8.165, 1e-3);
}

}  // namespace
}  // namespace wattune::runners
