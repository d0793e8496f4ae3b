#include "wattune/energy/process_cpu.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "support/temporary_folder.hpp"

namespace wattune::energy {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// One process of a made-up /proc; times in hundredths of a second.
struct FakeProcess {
  pid_t parent = 1;
  int user = 0;
  int system = 0;
  int waited_user = 0;
  int waited_system = 0;
  int started = 1000;
  char state = 'S';
  std::string name = "train";
  std::vector<pid_t> threads = {};  ///< Besides the first one, which has the number of the process.
};

/// A made-up /proc, with or without the kernel's lists of children.
class ProcTree {
 public:
  explicit ProcTree(bool has_lists) : has_lists_(has_lists) {}

  std::map<pid_t, FakeProcess> processes;

  const std::filesystem::path& write() {
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
      std::filesystem::remove_all(entry.path());
    }
    for (const auto& [pid, process] : processes) write_one(pid, process);
    return folder_.path();
  }

 private:
  void write_one(pid_t pid, const FakeProcess& process) {
    const std::string number = std::to_string(pid);
    folder_.write(number + "/stat",
                  number + " (" + process.name + ") " + process.state + " " +
                      std::to_string(process.parent) + " 1 1 0 -1 4194304 99 0 0 0 " +
                      std::to_string(process.user) + " " + std::to_string(process.system) + " " +
                      std::to_string(process.waited_user) + " " +
                      std::to_string(process.waited_system) + " 20 0 " +
                      std::to_string(process.threads.size() + 1) + " 0 " +
                      std::to_string(process.started) + " 3133440 410\n");
    if (!has_lists_) return;
    // The last thread has started all the children.
    const pid_t starter = process.threads.empty() ? pid : process.threads.back();
    std::string children;
    for (const auto& [other, candidate] : processes) {
      if (candidate.parent == pid) children += std::to_string(other) + " ";
    }
    folder_.write(number + "/task/" + number + "/children", "");
    for (const pid_t thread : process.threads) {
      folder_.write(number + "/task/" + std::to_string(thread) + "/children", "");
    }
    folder_.write(number + "/task/" + std::to_string(starter) + "/children", children);
  }

  bool has_lists_;
  TemporaryFolder folder_;
};

class ProcessTree : public testing::TestWithParam<bool> {
 protected:
  ProcTree proc{GetParam()};
};

/// Works for about so long, on this thread.
void work(Seconds time) {
  const Seconds start = own_cpu_time();
  while (own_cpu_time() - start < time) {
  }
}

}  // namespace

TEST_P(ProcessTree, CountsTheRootAndEverythingItHasStarted) {
  proc.processes = {{100, {.user = 100, .system = 20, .threads = {101, 102}}},
                    {110, {.parent = 100, .user = 30, .waited_user = 7}},
                    {111, {.parent = 110, .system = 5}},
                    {200, {.parent = 1, .user = 9999}}};
  ProcessTreeCpu tree{100, proc.write()};
  EXPECT_NEAR(tree.read().value(), 1.62, 1e-9);
  EXPECT_THAT(tree.members(), ElementsAre(100, 110, 111));
}

TEST_P(ProcessTree, ReadsPastANameThatLooksLikeTheFieldsAfterIt) {
  proc.processes = {{100, {.user = 50, .name = "a) S 7 (b"}}};
  ProcessTreeCpu tree{100, proc.write()};
  EXPECT_NEAR(tree.read().value(), 0.50, 1e-9);
}

TEST_P(ProcessTree, DoesNotCountAWaitedForChildTwice) {
  proc.processes = {{100, {.user = 100}}, {110, {.parent = 100, .user = 300}}};
  ProcessTreeCpu tree{100, proc.write()};
  EXPECT_NEAR(tree.read().value(), 4.0, 1e-9);

  proc.processes = {{100, {.user = 110, .waited_user = 350}}};
  proc.write();
  EXPECT_NEAR(tree.read().value(), 4.6, 1e-9);
}

TEST_P(ProcessTree, KeepsTheTimeOfAChildThatNobodyWaitedFor) {
  proc.processes = {{100, {.user = 100}}, {110, {.parent = 100, .user = 300}}};
  ProcessTreeCpu tree{100, proc.write()};
  static_cast<void>(tree.read());

  proc.processes = {{100, {.user = 150}}};
  proc.write();
  EXPECT_NEAR(tree.read().value(), 4.5, 1e-9);
}

TEST_P(ProcessTree, CountsAChildThatCameAndWentBetweenTwoReads) {
  proc.processes = {{100, {.user = 100}}};
  ProcessTreeCpu tree{100, proc.write()};
  static_cast<void>(tree.read());
  proc.processes = {{100, {.user = 100, .waited_user = 250}}};
  proc.write();
  EXPECT_NEAR(tree.read().value(), 3.5, 1e-9);
}

TEST_P(ProcessTree, KeepsAProcessWhoseParentHasEnded) {
  proc.processes = {
      {100, {.user = 100}}, {110, {.parent = 100, .user = 10}}, {111, {.parent = 110, .user = 20}}};
  ProcessTreeCpu tree{100, proc.write()};
  static_cast<void>(tree.read());

  proc.processes = {{100, {.user = 100, .waited_user = 10}}, {111, {.parent = 1, .user = 70}}};
  proc.write();
  EXPECT_NEAR(tree.read().value(), 1.8, 1e-9);
  EXPECT_THAT(tree.members(), ElementsAre(100, 111));

  proc.processes = {{100, {.user = 100, .waited_user = 10}}};
  proc.write();
  EXPECT_NEAR(tree.read().value(), 1.8, 1e-9);
}

TEST_P(ProcessTree, DoesNotFollowANumberThatWasGivenToAnotherProcess) {
  proc.processes = {{100, {.user = 100}}};
  ProcessTreeCpu tree{100, proc.write()};
  static_cast<void>(tree.read());
  proc.processes = {{100, {.user = 9000, .started = 2000}}};
  proc.write();
  EXPECT_NEAR(tree.read().value(), 1.0, 1e-9);
  EXPECT_THAT(tree.members(), IsEmpty());
}

TEST_P(ProcessTree, CountsAnEndedChildThatIsStillListedButDoesNotCallItLive) {
  proc.processes = {{100, {.user = 100}}, {110, {.parent = 100, .user = 40, .state = 'Z'}}};
  ProcessTreeCpu tree{100, proc.write()};
  EXPECT_NEAR(tree.read().value(), 1.4, 1e-9);
  EXPECT_THAT(tree.members(), ElementsAre(100));
}

TEST_P(ProcessTree, TakesTheKernelsWordAtTheEnd) {
  proc.processes = {{100, {.user = 100}}, {110, {.parent = 100, .user = 50}}};
  ProcessTreeCpu tree{100, proc.write()};
  static_cast<void>(tree.read());
  proc.processes = {};
  proc.write();
  EXPECT_NEAR(tree.read().value(), 1.5, 1e-9);
  EXPECT_NEAR(tree.reconcile(Seconds{2.5}).value(), 2.5, 1e-9);
}

TEST_P(ProcessTree, AddsWhatNobodyWaitedForToTheKernelsWord) {
  proc.processes = {{100, {.user = 100}}, {110, {.parent = 100, .user = 300}}};
  ProcessTreeCpu tree{100, proc.write()};
  static_cast<void>(tree.read());
  proc.processes = {{100, {.user = 100}}};
  proc.write();
  static_cast<void>(tree.read());
  EXPECT_NEAR(tree.reconcile(Seconds{1.2}).value(), 4.2, 1e-9);
}

TEST_P(ProcessTree, NeverGoesDown) {
  proc.processes = {{100, {.user = 100}}};
  ProcessTreeCpu tree{100, proc.write()};
  static_cast<void>(tree.read());
  proc.processes = {{100, {.user = 90}}};
  proc.write();
  EXPECT_NEAR(tree.read().value(), 1.0, 1e-9);
  EXPECT_NEAR(tree.reconcile(Seconds{0.5}).value(), 1.0, 1e-9);
}

TEST_P(ProcessTree, IsEmptyForAProcessThatDoesNotExist) {
  ProcessTreeCpu tree{100, proc.write()};
  EXPECT_EQ(tree.read(), Seconds{0.0});
  EXPECT_THAT(tree.members(), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(WithAndWithoutLists, ProcessTree, testing::Bool(),
                         [](const auto& each) { return each.param ? "Lists" : "Scan"; });

TEST(ProcessTreeCpu, AgreesWithTheKernelAboutARealProcessAndItsChild) {
  const pid_t child = ::fork();
  if (child == 0) {
    const pid_t grandchild = ::fork();
    work(Seconds{0.15});
    if (grandchild != 0) ::waitpid(grandchild, nullptr, 0);
    ::raise(SIGSTOP);  // so that everything can be read while it stands still
    ::_exit(0);
  }
  int status = 0;
  ProcessTreeCpu tree{child};
  while (tree.read() < Seconds{0.26}) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  ASSERT_EQ(tree.members().size(), 2u);
  ::kill(tree.members().back(), SIGKILL);  // the child waits for it, then stops
  ::waitpid(child, &status, WUNTRACED);
  const Seconds last = tree.read();
  ::kill(child, SIGCONT);
  rusage usage{};
  ASSERT_EQ(::wait4(child, &status, 0, &usage), child);

  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  const Seconds kernel{seconds(usage.ru_utime) + seconds(usage.ru_stime)};
  EXPECT_NEAR(last.value(), kernel.value(), 0.04);  // four roundings down to 0.01 s
  EXPECT_NEAR(tree.reconcile(kernel).value(), kernel.value(), 0.04);
}

TEST(ProcessTreeCpu, CostsWellUnderAMillisecondForAQuietProcessOfTenThreads) {
  std::atomic<bool> is_over{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < 9; ++i) threads.emplace_back([&] { is_over.wait(false); });
  ProcessTreeCpu tree{::getpid()};
  static_cast<void>(tree.read());

  constexpr int kReads = 200;
  const Seconds before = own_cpu_time();
  for (int i = 0; i < kReads; ++i) static_cast<void>(tree.read());
  const Seconds each = (own_cpu_time() - before) / kReads;
  is_over = true;
  is_over.notify_all();
  for (std::thread& thread : threads) thread.join();

  RecordProperty("microseconds_per_read", std::to_string(each.value() * 1e6));
  EXPECT_LT(each.value(), 1e-3);
}

}  // namespace wattune::energy
