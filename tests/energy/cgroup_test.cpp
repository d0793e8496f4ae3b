#include "wattune/energy/cgroup.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>

#include "support/must.hpp"
#include "support/temporary_folder.hpp"
#include "wattune/energy/process_cpu.hpp"

namespace wattune::energy {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

/// A tree that looks like /sys/fs/cgroup.
class FakeCgroups {
 public:
  explicit FakeCgroups(const std::string& own_groups) {
    folder_.write("self-cgroup", own_groups);
    fs::create_directories(folder_ / "sys");
  }
  void add_version_2(const std::string& mount = "") {
    folder_.write("sys/" + mount + "cgroup.controllers", "cpu\n");
    folder_.write("sys/" + mount + "user/session/cgroup.procs", "");
  }
  void add_version_1(const std::string& mount) {
    folder_.write("sys/" + mount + "/jobs/7/cpuacct.usage", "0\n");
    folder_.write("sys/" + mount + "/jobs/7/cgroup.procs", "");
  }
  void add_systemd() { fs::create_directories(folder_ / "systemd"); }
  [[nodiscard]] CgroupRoots roots() const {
    return {folder_ / "sys", folder_ / "self-cgroup", folder_ / "systemd"};
  }
  [[nodiscard]] const TemporaryFolder& folder() const { return folder_; }

 private:
  TemporaryFolder folder_;
};

void write_in(const fs::path& folder, const std::string& name, const std::string& text) {
  std::ofstream(folder / name) << text;
}

/// What the kernel would have removed with a group.
void empty(const Cgroup& group) {
  for (const auto& entry : fs::directory_iterator(group.folder())) fs::remove(entry.path());
}

}  // namespace

TEST(Cgroup, IsMadeBelowThisProcesssOwnGroupOfVersion2) {
  FakeCgroups machine("3:cpuacct:/jobs/7\n0::/user/session\n");
  machine.add_version_2();
  machine.add_version_1("cpuacct");
  const auto parent = must(CgroupParent::open(machine.roots()));
  EXPECT_EQ(parent.folder().parent_path(), machine.folder() / "sys/user/session");
  EXPECT_THAT(parent.describe(), HasSubstr("cgroup v2"));

  const auto group = must(parent.make("trial-1"));
  write_in(group.folder(), "cpu.stat", "usage_usec 1500000\nuser_usec 9\n");
  write_in(group.folder(), "cgroup.procs", "12\n345\n");
  EXPECT_EQ(must(group.cpu_time()), Seconds{1.5});
  EXPECT_EQ(group.members(), (std::vector<pid_t>{12, 345}));
  empty(group);
}

TEST(Cgroup, IsFoundWhereVersion2IsMountedBesideVersion1) {
  FakeCgroups machine("0::/user/session\n");
  machine.add_version_2("unified/");
  EXPECT_THAT(must(CgroupParent::open(machine.roots())).describe(), HasSubstr("unified/user"));
}

TEST(Cgroup, FallsBackToCpuacctOfVersion1) {
  for (const char* mount : {"cpuacct", "cpu,cpuacct"}) {
    FakeCgroups machine(std::string("5:cpu,cpuacct:/jobs/7\n0::/gone\n"));
    machine.add_version_1(mount);
    const auto parent = must(CgroupParent::open(machine.roots()));
    EXPECT_THAT(parent.describe(), HasSubstr("cgroup v1"));
    const auto group = must(parent.make("trial-1"));
    write_in(group.folder(), "cpuacct.usage", "2500000000\n");
    EXPECT_EQ(must(group.cpu_time()), Seconds{2.5});
    EXPECT_FALSE(group.kill());
    empty(group);
  }
}

TEST(Cgroup, LeavesToSystemdWhatItHasNotDelegated) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root's own groups are in question";
  FakeCgroups machine("0::/user/session\n");
  machine.add_version_2();
  machine.add_systemd();
  const auto parent = CgroupParent::open(machine.roots());
  ASSERT_FALSE(parent.has_value());
  EXPECT_EQ(parent.error().kind, ErrorKind::Permission);
  EXPECT_THAT(parent.error().message, HasSubstr("Delegate=yes"));
}

TEST(Cgroup, SaysThatThereAreNone) {
  FakeCgroups machine("4:memory:/jobs/7\n");
  const auto parent = CgroupParent::open(machine.roots());
  ASSERT_FALSE(parent.has_value());
  EXPECT_EQ(parent.error().kind, ErrorKind::NotFound);
}

TEST(Cgroup, NeverUsesAGroupInWhichSomethingHasRun) {
  FakeCgroups machine("0::/user/session\n");
  machine.add_version_2();
  const auto parent = must(CgroupParent::open(machine.roots()));
  const auto first = must(parent.make("trial-1"));
  const auto second = must(parent.make("trial-1"));
  EXPECT_NE(first.folder(), second.folder());
  empty(first);
  empty(second);
}

TEST(Cgroup, RemovesItsOwnAndThoseOfProcessesThatHaveDied) {
  FakeCgroups machine("0::/user/session\n");
  machine.add_version_2();
  const fs::path session = machine.folder() / "sys/user/session";
  const fs::path stale = session / "wattune-4194999-17";
  const fs::path alive = session / ("wattune-1-" + std::to_string(process_started(1).value_or(0)));
  fs::create_directories(stale / "trial-3");
  fs::create_directories(alive / "trial-3");
  {
    const auto parent = must(CgroupParent::open(machine.roots()));
    EXPECT_TRUE(fs::exists(parent.folder()));
  }
  EXPECT_FALSE(fs::exists(stale));
  EXPECT_TRUE(fs::exists(alive));
  EXPECT_EQ(std::distance(fs::directory_iterator(session), {}), 2);  // with cgroup.procs
}

namespace {

void burn(Seconds time) {
  const Seconds start = own_cpu_time();
  while (own_cpu_time() - start < time) {
  }
}

/// A child that enters the group, starts a process of its own that nobody waits for, and ends.
pid_t start_in(const Cgroup& group, Seconds work) {
  const pid_t child = ::fork();
  if (child != 0) return child;
  if (::write(group.entrance(), "0", 1) != 1) ::_exit(1);
  ::signal(SIGCHLD, SIG_IGN);
  if (::fork() == 0) {
    ::setsid();
    burn(work);
    ::_exit(0);
  }
  ::usleep(static_cast<useconds_t>(work.value() * 2e6));
  ::_exit(0);
}

}  // namespace

// Pitfall 26
TEST(CgroupOfThisMachine, CountsAChildThatNobodyWaitedForOrSaw) {
  const auto parent = CgroupParent::open();
  if (!parent) GTEST_SKIP() << parent.error().message;
  const auto group = must(parent->make("test"));
  const pid_t child = start_in(group, Seconds{0.1});
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_EQ(status, 0);
  while (!group.members().empty()) ::usleep(5000);

  EXPECT_GE(must(group.cpu_time()), Seconds{0.099});
  EXPECT_LT(must(group.cpu_time()), Seconds{2.0});
}

TEST(CgroupOfThisMachine, EndsAllOfItAtOnce) {
  const auto parent = CgroupParent::open();
  if (!parent) GTEST_SKIP() << parent.error().message;
  const auto group = must(parent->make("test"));
  const fs::path folder = group.folder();
  const pid_t child = start_in(group, Seconds{60.0});
  while (group.members().size() < 2) ::usleep(1000);
  if (!group.kill()) {
    for (const pid_t pid : group.members()) ::kill(pid, SIGKILL);
    ::waitpid(child, nullptr, 0);
    GTEST_SKIP() << "this kernel has no cgroup.kill";
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status));
  for (int i = 0; i < 1000 && !group.members().empty(); ++i) ::usleep(2000);
  EXPECT_TRUE(group.members().empty());
}

}  // namespace wattune::energy
