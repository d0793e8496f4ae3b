#include "wattune/runners/local.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "runners/local_study.hpp"
#include "support/fake_nvml.hpp"
#include "support/must.hpp"

namespace wattune::runners {
namespace {

using fake::LocalStudy;
using fake::only;
using ::testing::HasSubstr;
using trial::Outcome;
using trial::Verdict;

std::string contents(const std::filesystem::path& file) {
  std::ifstream stream(file);
  return {std::istreambuf_iterator<char>(stream), {}};
}

/// Gone, or a zombie whose end nobody has taken yet.
bool is_gone(pid_t pid) {
  const std::string stat = contents("/proc/" + std::to_string(pid) + "/stat");
  const std::size_t name_end = stat.rfind(')');
  return name_end == std::string::npos || stat[name_end + 2] == 'Z';
}

bool is_gone_soon(pid_t pid) {
  for (int i = 0; i < 500 && !is_gone(pid); ++i) usleep(2000);
  return is_gone(pid);
}

pid_t signed_in(const std::string& file) {
  for (int i = 0; i < 2000 && !std::filesystem::exists(file); ++i) usleep(1000);
  return std::stoi(contents(file));
}

trial::AssignmentEnded end_of(const std::vector<trial::Event>& events) {
  const auto ends = only<trial::AssignmentEnded>(events);
  if (ends.size() != 1) throw std::runtime_error("not exactly one end");
  return ends.front();
}

/// Runs one trial of the behaviour to its end.
trial::AssignmentEnded run_one(const std::string& behaviour) {
  LocalStudy study(behaviour);
  study.start(0);
  return end_of(study.run());
}

// ---- outcomes ------------------------------------------------------------------------------

TEST(LocalRunner, CompletesAProgramThatExitsByItself) {
  const auto end = run_one("report-and return");

  EXPECT_EQ(end.outcome, Outcome::Completed);
  EXPECT_EQ(end.detail, "");
}

TEST(LocalRunner, KeepsTheStatusAndTheLastWordsOfAFailedProgram) {
  const auto end = run_one("report-and exit3");

  EXPECT_EQ(end.outcome, Outcome::FailedExit);
  EXPECT_EQ(end.detail, "exit status 3\nfirst\nlast words");
}

TEST(LocalRunner, TellsASignalFromAnExit) {
  const auto end = run_one("report-and segfault");

  EXPECT_EQ(end.outcome, Outcome::FailedSignal);
  EXPECT_THAT(end.detail, HasSubstr("signal 11 (Segmentation fault)"));
}

TEST(LocalRunner, SaysWhatAKillByAnotherMayMean) {
  LocalStudy study("report-and killself");
  study.options.oom_counters = {study.folder().write("oom", "oom_kill 3\n")};
  study.start(0);
  const auto end = end_of(study.run());

  EXPECT_EQ(end.outcome, Outcome::FailedSignal);
  EXPECT_THAT(end.detail, HasSubstr("perhaps the kernel, for memory"));
}

TEST(LocalRunner, TellsAnEndForMemoryByTheKernelsCounter) {
  LocalStudy study("report-and killself");
  study.options.oom_counters = {study.folder().write("oom", "low 0\noom_kill 3\n")};
  study.start(0);
  study.folder().write("oom", "low 0\noom_kill 4\n");

  EXPECT_EQ(end_of(study.run()).outcome, Outcome::FailedMemory);
}

TEST(LocalRunner, NamesAMissingProgramAndWhereItWasSought) {
  LocalStudy study(CommandTemplate::from_string("no-such-program"));
  study.start(0);
  const auto end = end_of(study.run());

  EXPECT_EQ(end.outcome, Outcome::FailedStart);
  EXPECT_THAT(end.detail, HasSubstr("'no-such-program' in PATH (/usr/bin:/bin)"));
  EXPECT_EQ(study.runner().num_free_slots(), 2u);
}

TEST(LocalRunner, NamesAFileThatIsNoProgram) {
  LocalStudy study(CommandTemplate::from_string("./notes.txt"));
  study.folder().write("notes.txt", "not a program\n");
  study.start(0);
  EXPECT_THAT(end_of(study.run()).detail, HasSubstr("cannot execute './notes.txt'"));

  ::chmod(study.path("notes.txt").c_str(), 0755);
  study.start(1);
  EXPECT_THAT(end_of(study.run()).detail, HasSubstr("no #! line"));
}

TEST(LocalRunner, EndsATrialWhoseMetricIsNotANumber) {
  const auto end = run_one("report-and nan");

  EXPECT_EQ(end.outcome, Outcome::FailedMetric);
  EXPECT_THAT(end.detail, HasSubstr("'val_accuracy' at step 2 is not a finite number"));
}

TEST(LocalRunner, FailsATrialThatNeverReportsItsObjective) {
  const auto end = run_one("nothing");

  EXPECT_EQ(end.outcome, Outcome::FailedMetric);
  EXPECT_THAT(end.detail, HasSubstr("val_accuracy never came"));
}

TEST(LocalRunner, EndsATrialThatBreaksTheProtocol) {
  for (const char* deed : {"back", "badjson", "long", "phases"}) {
    const auto end = run_one(std::string("report-and ") + deed);
    EXPECT_EQ(end.outcome, Outcome::FailedProtocol) << deed;
    EXPECT_NE(end.detail, "") << deed;
  }
}

TEST(LocalRunner, ForgivesHalfALineAtTheEnd) {
  EXPECT_EQ(run_one("report-and halfline").outcome, Outcome::Completed);
}

TEST(LocalRunner, EndsATrialOverItsTimeLimit) {
  LocalStudy study("report-and sleep");
  study.options.time_limit = Seconds{0.1};
  study.start(0);
  const auto end = end_of(study.run());

  EXPECT_EQ(end.outcome, Outcome::FailedTimeout);
  EXPECT_THAT(end.detail, HasSubstr("time limit of 0.1 s"));
}

TEST(LocalRunner, EndsATrialThatHangs) {
  LocalStudy study("report-and sleep");
  study.options.silence_limit = Seconds{0.1};
  study.start(0);

  EXPECT_EQ(end_of(study.run()).outcome, Outcome::FailedSilent);
}

TEST(LocalRunner, CountsOutputAsAWord) {
  LocalStudy study("print-slowly");
  study.options.silence_limit = Seconds{0.3};  // it prints for 0.4 s, every 0.05 s
  study.options.metering_interval = Seconds{0.05};
  study.start(0);

  EXPECT_EQ(end_of(study.run()).outcome, Outcome::Completed);
}

TEST(LocalRunner, DoesNotCountWaitingForAnAnswerAsSilence) {
  LocalStudy study("train 2 {checkpoint_dir}");
  study.options.silence_limit = Seconds{0.1};
  study.options.resource.max = 2.0;
  study.start(0);
  auto events = study.runner().wait(Seconds{5.0});
  while (only<trial::Reported>(events).empty()) events = study.runner().wait(Seconds{5.0});
  EXPECT_TRUE(only<trial::AssignmentEnded>(study.runner().wait(Seconds{0.25})).empty());
  study.runner().answer(TrialId{0}, Verdict::Continue, 2.0);

  EXPECT_EQ(end_of(study.run()).outcome, Outcome::Completed);
}

// ---- nothing survives ----------------------------------------------------------------------

TEST(LocalRunner, KillsAProgramAndItsChildThatIgnoreSigterm) {
  LocalStudy study("stubborn {checkpoint_dir}/pid");
  study.options.time_limit = Seconds{0.1};
  study.start(0);
  const auto events = study.run();
  const pid_t child = signed_in(study.path("files/trial-000000/pid"));

  EXPECT_EQ(end_of(events).outcome, Outcome::FailedTimeout);
  EXPECT_TRUE(is_gone(child));
}

TEST(LocalRunner, EndsTheDaemonThatATrialLeavesBehind) {
  for (const char* manner : {"", "stubborn"}) {
    LocalStudy study(std::string("daemonise {checkpoint_dir}/pid ") + manner);
    study.start(0);
    const auto events = study.run();
    const pid_t daemon = signed_in(study.path("files/trial-000000/pid"));

    EXPECT_EQ(end_of(events).outcome, Outcome::Completed);
    EXPECT_TRUE(is_gone(daemon)) << manner;
  }
}

TEST(LocalRunner, EndsWhatForksWhileItIsKilled) {
  LocalStudy study("hop {checkpoint_dir}/pid");
  study.start(0);
  static_cast<void>(study.run());
  const pid_t last = signed_in(study.path("files/trial-000000/pid"));
  usleep(60'000);  // three generations

  EXPECT_TRUE(is_gone(last));
  EXPECT_EQ(signed_in(study.path("files/trial-000000/pid")), last);
}

TEST(LocalRunner, LeavesNothingRunningWhenItIsDestroyed) {
  LocalStudy study("stubborn {checkpoint_dir}/pid");
  study.start(0);
  const pid_t child = signed_in(study.path("files/trial-000000/pid"));
  study.drop_runner();

  EXPECT_TRUE(is_gone(child));
}

/// A process that runs a study of one trial until it is killed.
pid_t fork_engine(LocalStudy& study) {
  const pid_t engine = ::fork();
  if (engine != 0) return engine;
  study.start(0);
  for (;;) static_cast<void>(study.runner().wait(Seconds{1.0}));
}

TEST(LocalRunner, TrialsDieWithTheEngine) {
  LocalStudy study("stubborn {checkpoint_dir}/pid");
  const pid_t engine = fork_engine(study);
  const pid_t child = signed_in(study.path("files/trial-000000/pid"));
  const std::string stat = contents("/proc/" + std::to_string(child) + "/stat");
  const pid_t program = std::stoi(stat.substr(stat.rfind(')') + 4));
  ::kill(engine, SIGKILL);
  ::waitpid(engine, nullptr, 0);

  EXPECT_TRUE(is_gone_soon(program));
  // Its child knows nothing; the next engine of the study ends it.
  EXPECT_FALSE(is_gone(child));
  static_cast<void>(study.runner());
  EXPECT_TRUE(is_gone_soon(child));
}

// ---- telling trials what to do -------------------------------------------------------------

TEST(LocalRunner, TakesWhatWasToldWhenAProgramReadsNoAnswers) {
  LocalStudy study("report-and return");
  study.start(0);
  EXPECT_EQ(end_of(study.run(Verdict::Pause)).outcome, Outcome::Paused);
  study.start(1);
  EXPECT_EQ(end_of(study.run(Verdict::Stop)).outcome, Outcome::Stopped);
}

TEST(LocalRunner, EndsAProgramThatKnowsThatItShouldPauseButDoesNot) {
  LocalStudy study("save-nothing");
  study.options.obey_limit = Seconds{0.1};
  study.options.metering_interval = Seconds{0.05};
  study.start(0);
  const auto end = end_of(study.run(Verdict::Pause));

  EXPECT_EQ(end.outcome, Outcome::Interrupted);
  EXPECT_THAT(end.detail, HasSubstr("did not end within 0.1 s"));
}

TEST(LocalRunner, AnswersReportsThatComeAfterTheVerdictByItself) {
  LocalStudy study("flood-reports 3");
  study.start(0);
  std::size_t num_reports = 0;
  while (study.runner().num_free_slots() < 2) {
    for (const auto& report : only<trial::Reported>(study.runner().wait(Seconds{1.0}))) {
      if (num_reports++ == 0) study.runner().answer(report.trial, Verdict::Stop, 0.0);
    }
  }
  EXPECT_EQ(num_reports, 3u);
}

TEST(LocalRunner, SurvivesAFloodOfReportsThatNobodyReadsTheAnswersOf) {
  LocalStudy study("flood-reports 5000");
  study.options.resource.max = 5000.0;
  study.start(0);
  const auto events = study.run();

  EXPECT_EQ(end_of(events).outcome, Outcome::Completed);
  EXPECT_EQ(only<trial::Reported>(events).size(), 5000u);
}

TEST(LocalRunner, IgnoresAnswersForTrialsThatHaveGone) {
  LocalStudy study("report-and return");
  study.start(0);
  static_cast<void>(study.run());

  study.runner().answer(TrialId{0}, Verdict::Stop, 0.0);
  study.runner().end(TrialId{0}, Outcome::CutBudget);
  EXPECT_TRUE(only<trial::AssignmentEnded>(study.runner().wait(Seconds{})).empty());
}

// ---- unmodified programs -------------------------------------------------------------------

void capture_accuracy(LocalStudy& study) {
  study.options.capture = {{"val_accuracy", "accuracy ([0-9.]+)"}, {"step", "epoch ([0-9]+)"}};
}

TEST(LocalRunner, MakesReportsOfWhatIsPrinted) {
  LocalStudy study("print-epochs 3");
  capture_accuracy(study);
  study.start(0);
  const auto events = study.run();
  const auto reports = only<trial::Reported>(events);

  ASSERT_EQ(reports.size(), 3u);
  EXPECT_EQ(reports[2].step, 3.0);
  EXPECT_EQ(reports[2].metrics.at(0).value, 0.3);
  EXPECT_EQ(end_of(events).outcome, Outcome::Completed);
  EXPECT_THAT(contents(study.path("files/trial-000000/stdout.log")), HasSubstr("accuracy 0.3"));
}

TEST(LocalRunner, EndsACapturedProgramThatIsStopped) {
  LocalStudy study("print-epochs 3 wait");
  capture_accuracy(study);
  study.start(0);
  EXPECT_EQ(end_of(study.run(Verdict::Stop)).outcome, Outcome::Stopped);
  study.start(1);
  EXPECT_EQ(end_of(study.run(Verdict::Pause)).outcome, Outcome::Interrupted);
}

TEST(LocalRunner, LetsACapturedProgramFinishAFullTraining) {
  LocalStudy study("print-epochs 3");
  capture_accuracy(study);
  study.options.resource.max = 3.0;
  study.start(0);
  const auto end = [&] {
    std::vector<trial::Event> all;
    while (study.runner().num_free_slots() < 2) {
      for (auto& event : study.runner().wait(Seconds{1.0})) {
        const auto* report = std::get_if<trial::Reported>(&event);
        const bool is_last = report != nullptr && report->step == 3.0;
        if (report != nullptr) {
          study.runner().answer(report->trial, is_last ? Verdict::Stop : Verdict::Continue, 3.0);
        }
        all.push_back(std::move(event));
      }
    }
    return end_of(all);
  }();
  EXPECT_EQ(end.outcome, Outcome::Completed);
}

TEST(LocalRunner, ReadsAFloodOfOutput) {
  LocalStudy study("flood-output");
  study.options.capture = {{"val_accuracy", "accuracy ([0-9.]+)"}};
  study.start(0);
  const auto events = study.run();

  EXPECT_EQ(only<trial::Reported>(events).size(), 1u);
  EXPECT_EQ(std::filesystem::file_size(study.path("files/trial-000000/stdout.log")),
            5000u * 201u + 14u);
}

// ---- what a program gets -------------------------------------------------------------------

TEST(LocalRunner, GivesAProgramItsCoresItsOwnSessionAndNoForeignDescriptors) {
  LocalStudy study("surroundings {checkpoint_dir}/seen");
  study.options.slots.cores_per_trial = 1;
  study.options.slots.workers = 1;
  const int leaked = ::open("/dev/null", O_RDONLY);  // not O_CLOEXEC
  sigset_t interrupt;
  sigemptyset(&interrupt);
  sigaddset(&interrupt, SIGINT);
  ::sigprocmask(SIG_BLOCK, &interrupt, nullptr);
  study.start(0);
  static_cast<void>(study.run());
  ::sigprocmask(SIG_UNBLOCK, &interrupt, nullptr);
  ::close(leaked);

  EXPECT_EQ(contents(study.path("files/trial-000000/seen")),
            "core " + std::to_string(allowed_cores().front()) +
                "\ndescriptor 0\ndescriptor 1\ndescriptor 2\ndescriptor 3\nsession 1\nblocked 0\n");
}

TEST(LocalRunner, WritesTheConfigurationFileOfTheProtocol) {
  LocalStudy study("report-and return");
  study.parameters = {{"lr", space::FloatDomain{0.0, 1.0, false, std::nullopt}, {}, {}, {}}};
  study.configuration = space::Configuration({0.25});
  study.start(7, 2.0, 4.0, trial::Checkpoint{0.5, "/somewhere/2.pt"});
  static_cast<void>(study.run());
  const auto config = nlohmann::json::parse(contents(study.path("files/trial-000007/config.json")));

  EXPECT_EQ(config["trial"], 7);
  EXPECT_EQ(config["seed"], 11);
  EXPECT_EQ(config["purpose"], "search");
  EXPECT_EQ(config["parameters"], (nlohmann::json{{"lr", 0.25}}));
  EXPECT_EQ(config["resource"],
            (nlohmann::json{{"unit", "steps"}, {"from", 2.0}, {"to", 4.0}, {"max", 4.0}}));
  EXPECT_EQ(config["checkpoint"]["dir"], study.path("files/trial-000007"));
  EXPECT_EQ(config["checkpoint"]["resume_from"], "/somewhere/2.pt");
}

TEST(LocalRunner, SetsTheVariablesOfTheProtocol) {
  LocalStudy study(CommandTemplate::from_arguments(
      std::vector<std::string>{"/bin/sh", "-c", "env > \"$WATTUNE_TRIAL_DIR/env\""}));
  study.parameters = {{"lr", space::FloatDomain{0.0, 1.0, false, std::nullopt}, {}, {}, {}}};
  study.configuration = space::Configuration({0.25});
  study.options.environment = {{"MKL_NUM_THREADS", "5"}};
  study.options.slots.gpus = {"GPU-1"};
  study.start(0);
  static_cast<void>(study.run());
  const std::string seen = contents(study.path("files/trial-000000/env"));

  for (const char* line :
       {"WATTUNE_PROTOCOL=1\n", "WATTUNE_CHANNEL=3\n", "WATTUNE_STUDY=test\n", "WATTUNE_TRIAL=0\n",
        "WATTUNE_SEED=11\n", "WATTUNE_PARAM_lr=0.25\n", "OMP_NUM_THREADS=1\n",
        "MKL_NUM_THREADS=5\n", "CUDA_VISIBLE_DEVICES=\n"}) {
    EXPECT_THAT(seen, HasSubstr(line));
  }
}

TEST(LocalRunner, RefusesACommandWithAnUnknownPlaceholder) {
  LocalStudy study("train {lrr}");
  EXPECT_THROW(static_cast<void>(study.runner()), ConfigError);
}

// ---- energy --------------------------------------------------------------------------------

Microjoules sum_of(const std::vector<trial::Event>& events) {
  Microjoules sum;
  for (const auto& each : only<trial::Reported>(events)) sum += each.energy.total();
  for (const auto& each : only<trial::AssignmentEnded>(events)) sum += each.energy.total();
  for (const auto& each : only<trial::IdleMeasured>(events)) sum += each.energy.total();
  for (const auto& each : only<trial::OverheadBooked>(events)) {
    sum += each.engine.total() + each.rest.total();
  }
  return sum;
}

TEST(LocalRunner, BooksEveryMicrojouleInExactlyOneEvent) {
  LocalStudy study("train 4 {checkpoint_dir}");
  study.options.metering_interval = Seconds{0.01};
  study.options.booking_interval = Seconds{0.03};
  std::vector<trial::Event> events;
  const auto keep = [&](const std::vector<trial::Event>& more) {
    events.insert(events.end(), more.begin(), more.end());
  };
  keep(study.runner().wait(Seconds{0.02}));
  keep({study.runner().measure_idle(Seconds{0.05})});
  study.start(0);
  study.start(1);
  keep(study.run());
  study.start(2);
  keep(study.run(Verdict::Stop));

  EXPECT_EQ(only<trial::AssignmentEnded>(events).size(), 3u);
  EXPECT_EQ(sum_of(events), study.accountant().metered().total());
}

TEST(LocalRunner, TellsHowEachAssignmentWasMetered) {
  LocalStudy study("report-and return");
  study.options.slots.cores = {0, 1};  // two workers share them
  study.start(0);
  const auto events = study.run();

  const auto metered = only<trial::AssignmentMetered>(events);
  ASSERT_EQ(metered.size(), 1u);
  EXPECT_EQ(metered[0].trial, TrialId{0});
  EXPECT_TRUE(metered[0].foreign_cpu_share.has_value());
  EnergyFigure charged = end_of(events).energy;
  for (const auto& report : only<trial::Reported>(events)) charged += report.energy;
  EXPECT_GE(metered[0].node.total(), charged.total());
  // It has reserved one of two cores.
  EXPECT_NEAR(metered[0].node.idle.joules() / charged.idle.joules(), 2.0, 1e-3);
}

TEST(LocalRunner, ChargesTheCpuTimeOfAFailedTrial) {
  LocalStudy study("report-and burn");
  study.start(0);
  const auto events = study.run();

  // 0.15 s of one core at 6 W above idle, less what others on this machine have used meanwhile.
  const EnergyFigure energy = only<trial::AssignmentEnded>(events).at(0).energy;
  EXPECT_GT(energy.dynamic.joules().value(), 0.1);
  EXPECT_GT(energy.idle.joules().value(), 0.05);
}

namespace {

DeviceState at_temperature(double celsius) {
  DeviceState state;
  state.cpu.temperature = Celsius{celsius};
  return state;
}

struct Readied {
  int num_waits = 0;
  std::string waited_for;
  std::vector<trial::Event> events;
};

Readied get_ready(LocalStudy& study, const std::vector<DeviceTemperature>& idle_temperatures) {
  Readied readied;
  while (true) {
    Preparation preparation = study.runner().prepare(idle_temperatures);
    for (trial::Event& event : preparation.events) readied.events.push_back(std::move(event));
    if (preparation.is_ready) return readied;
    ++readied.num_waits;
    readied.waited_for = preparation.waiting_for;
  }
}

}  // namespace

// Pitfall 24
TEST(LocalRunner, TellsHowWarmTheMachineWasBeforeTheProgramStarted) {
  LocalStudy study("report 1 2 3 4");
  study.options.read_devices = [] { return at_temperature(52.0); };

  study.start(3);
  const auto events = study.run();

  const auto seen = only<trial::DevicesSeen>(events);
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].trial, TrialId{3});
  EXPECT_EQ(seen[0].state, at_temperature(52.0));
  EXPECT_EQ(seen[0].cooldown, std::nullopt);
  EXPECT_TRUE(std::holds_alternative<trial::DevicesSeen>(events.front()));
}

TEST(LocalRunner, TellsOfTheGpusThatATrialHasAndNotOfOthers) {
  LocalStudy study("report 1 2 3 4");
  study.options.slots.gpus = {"GPU-a", "GPU-b"};
  study.options.slots.gpus_per_trial = 1;
  study.options.read_devices = [] {
    DeviceState state = at_temperature(50.0);
    state.gpus.push_back({"GPU-a", Celsius{60}, {}, Watts{300}});
    state.gpus.push_back({"GPU-b", Celsius{70}, {}, Watts{250}});
    return state;
  };

  study.start(0);
  study.start(1);

  const auto seen = only<trial::DevicesSeen>(study.run());
  ASSERT_EQ(seen.size(), 2U);
  ASSERT_EQ(seen[0].state.gpus.size(), 1U);
  ASSERT_EQ(seen[1].state.gpus.size(), 1U);
  EXPECT_NE(seen[0].state.gpus[0].uuid, seen[1].state.gpus[0].uuid);
}

/// A study whose parameter `cap` is the power limit of its one GPU, which allows 200 to 700 W.
struct CappedStudy {
  CappedStudy() : study("report-and return") {
    scenario.add_gpu("GPU-a");
    scenario.set("least_limit0", "200000");
    scenario.set("most_limit0", "700000");
    study.options.slots.workers = 1;
    study.options.slots.gpus_per_trial = 1;
    study.options.slots.gpus = {"GPU-a"};
    study.options.read_devices = [this] {
      DeviceState state;
      for (const energy::GpuState& gpu : nvml().states()) {
        state.gpus.push_back({gpu.uuid, {}, {}, gpu.enforced_limit});
      }
      return state;
    };
    study.options.power_limits = &control;
    space::Parameter cap{"cap", space::FloatDomain{200.0, 900.0, false, {}}, {}, {}};
    cap.role = space::Role::GpuPowerLimit;
    study.parameters = {cap};
  }
  energy::Nvml nvml() const {
    return must(energy::Nvml::open({.library = fake::NvmlScenario::library()}));
  }
  Watts limit() const { return must(nvml().power_limit("GPU-a")).now; }
  void start(double cap) {
    study.configuration = space::Configuration{{cap}};
    study.start(0);
  }

  fake::NvmlScenario scenario;
  energy::PowerLimitControl control =
      must(energy::PowerLimitControl::open(nvml(), scenario.folder() / "power-limits"));
  LocalStudy study;
};

TEST(LocalRunner, SetsThePowerLimitThatATrialAsksForAndRecordsWhatIsEnforced) {
  CappedStudy capped;
  capped.start(350.0);
  EXPECT_EQ(capped.limit(), Watts{350.0});
  const auto events = capped.study.run();

  EXPECT_EQ(end_of(events).outcome, Outcome::Completed);
  EXPECT_EQ(only<trial::DevicesSeen>(events).at(0).state.gpus.at(0).power_limit, Watts{350.0});
  EXPECT_EQ(capped.limit(), Watts{700.0});
}

TEST(LocalRunner, StartsNoTrialWhosePowerLimitCannotBeSet) {
  CappedStudy capped;
  capped.start(800.0);
  const auto end = end_of(capped.study.run());

  EXPECT_EQ(end.outcome, Outcome::FailedStart);
  EXPECT_THAT(end.detail, HasSubstr("allows 200 to 700 W"));
  EXPECT_EQ(capped.limit(), Watts{700.0});
  EXPECT_EQ(capped.study.runner().num_free_slots(), 1u);
}

TEST(LocalRunner, TellsOfAPowerLimitThatCouldNotBePutBack) {
  CappedStudy capped;
  capped.start(350.0);
  capped.scenario.set("limit_result0", "4");

  EXPECT_THAT(end_of(capped.study.run()).detail, HasSubstr("power limit not put back: GPU-a"));
}

TEST(LocalRunner, SaysNothingOfDevicesThatTellNothing) {
  LocalStudy study("report 1 2 3 4");
  study.options.read_devices = [] { return DeviceState{}; };

  study.start(0);

  EXPECT_TRUE(only<trial::DevicesSeen>(study.run()).empty());
}

// Pitfall 24
TEST(LocalRunner, WaitsUntilTheMachineIsAboutAsCoolAsItWasWithoutWork) {
  LocalStudy study("report 1 2 3 4");
  double celsius = 41.0;
  study.options.read_devices = [&celsius] {
    return at_temperature(std::exchange(celsius, celsius - 2.0));
  };
  study.options.cooldown = runners::CoolDownOptions{.period = Seconds{0.01}};
  // 41, 39, 37 degrees; an earlier session has seen 34: 37 is within 3 of it.
  EXPECT_EQ(get_ready(study, {{"cpu", Celsius{34.0}}}).num_waits, 2);
  study.start(0);
  const auto events = study.run();

  const auto seen = only<trial::DevicesSeen>(events);
  ASSERT_EQ(seen.size(), 1U);
  ASSERT_TRUE(seen[0].cooldown.has_value());
  EXPECT_TRUE(seen[0].cooldown->is_reached);
  EXPECT_GE(seen[0].cooldown->waited, Seconds{0.02});
  EXPECT_EQ(seen[0].cooldown->reference, (std::vector<DeviceTemperature>{{"cpu", Celsius{34.0}}}));
  EXPECT_EQ(seen[0].state, at_temperature(35.0));  // the look just before the program started
}

TEST(LocalRunner, TheEnergyOfCoolingDownIsNoTrials) {
  LocalStudy study("report 1 2 3 4");
  study.options.read_devices = [] { return at_temperature(60.0); };
  study.options.cooldown = runners::CoolDownOptions{
      .until = Celsius{40.0}, .at_most = Seconds{0.3}, .period = Seconds{0.05}};
  study.options.booking_interval = Seconds{0.0};

  const auto before = get_ready(study, {}).events;
  study.start(0);
  const auto events = study.run();

  // 10 W, whoever draws them: 3 J while the machine cooled down.
  EnergyFigure overhead;
  for (const auto& booked : only<trial::OverheadBooked>(before)) {
    overhead += booked.engine;
    overhead += booked.rest;
  }
  EXPECT_GE(overhead.total().joules(), Joules{2.9});
  const auto seen = only<trial::DevicesSeen>(events);
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_FALSE(seen[0].cooldown->is_reached);
  EXPECT_GE(seen[0].cooldown->waited, Seconds{0.3});
}

TEST(LocalRunner, SaysWhichDeviceItWaitsForAndLooksOnlyAtThoseThatTrialsUse) {
  LocalStudy study("report 1 2 3 4");
  study.options.read_devices = [] {
    DeviceState state = at_temperature(60.0);
    state.gpus.push_back({"GPU-a", Celsius{70}, {}, {}});
    return state;
  };
  study.options.cooldown = runners::CoolDownOptions{
      .until = Celsius{45.5}, .at_most = Seconds{0.02}, .period = Seconds{0.01}};

  EXPECT_EQ(get_ready(study, {}).waited_for, "cooling down: cpu to 45.5 C");
}

TEST(LocalRunner, ASensorThatFallsSilentIsNotTakenForCool) {
  LocalStudy study("report 1 2 3 4");
  int num_reads = 0;
  study.options.read_devices = [&num_reads] {
    return ++num_reads < 3 ? DeviceState{} : at_temperature(40.0);
  };
  study.options.cooldown = runners::CoolDownOptions{.period = Seconds{0.01}};

  EXPECT_EQ(get_ready(study, {{"cpu", Celsius{39.0}}}).num_waits, 2);
}

TEST(LocalRunner, DoesNotCoolDownBesideATrialThatRuns) {
  LocalStudy study("report 1 2 3 4");
  study.options.read_devices = [] { return at_temperature(60.0); };
  study.options.cooldown = runners::CoolDownOptions{
      .until = Celsius{40.0}, .at_most = Seconds{0.01}, .period = Seconds{0.01}};
  get_ready(study, {});
  study.start(0);

  EXPECT_EQ(get_ready(study, {}).num_waits, 0);
  study.start(1);

  const auto seen = only<trial::DevicesSeen>(study.run());
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_TRUE(seen[0].cooldown.has_value());
  EXPECT_FALSE(seen[1].cooldown.has_value());
}

TEST(LocalRunner, MeasuresIdlePower) {
  LocalStudy study("nothing");
  const trial::IdleMeasured idle = study.runner().measure_idle(Seconds{0.05});

  EXPECT_NEAR(idle.power.value(), 10.0, 0.01);  // the meter's rounding to microjoules
  EXPECT_GE(idle.duration.value(), 0.05);
}

TEST(LocalRunner, ShowsThePowerOfRunningTrials) {
  LocalStudy study("report-and sleep");
  study.options.metering_interval = Seconds{0.02};
  study.start(3);
  const auto begun = study.clock().now();
  while (elapsed(begun, study.clock().now()) < Seconds{0.1}) {
    static_cast<void>(study.runner().wait(Seconds{0.03}));
  }
  const auto running = study.runner().running();

  ASSERT_EQ(running.size(), 1u);
  EXPECT_EQ(running[0].trial, TrialId{3});
  // Half of the machine's cores are reserved: half of 4 W.
  ASSERT_TRUE(running[0].power.has_value());
  EXPECT_GE(running[0].power->value(), 1.99);
}

// ---- waiting -------------------------------------------------------------------------------

TEST(LocalRunner, ReturnsFromWaitingWhenASignalComes) {
  LocalStudy study("nothing");
  static_cast<void>(study.runner());
  struct sigaction action {};
  action.sa_handler = [](int) {};
  ::sigaction(SIGALRM, &action, nullptr);
  itimerval timer{};
  timer.it_value.tv_usec = 50'000;
  ::setitimer(ITIMER_REAL, &timer, nullptr);
  const auto begun = study.clock().now();
  static_cast<void>(study.runner().wait(Seconds{10.0}));

  EXPECT_LT(elapsed(begun, study.clock().now()).value(), 5.0);
}

}  // namespace
}  // namespace wattune::runners
