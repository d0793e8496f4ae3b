#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>

#include "runners/local_study.hpp"
#include "wattune/energy/cgroup.hpp"

namespace wattune::runners {
namespace {

using fake::LocalStudy;
using fake::only;

bool is_gone(pid_t pid) {
  std::ifstream stream("/proc/" + std::to_string(pid) + "/stat");
  const std::string stat{std::istreambuf_iterator<char>(stream), {}};
  const std::size_t name_end = stat.rfind(')');
  return name_end == std::string::npos || stat[name_end + 2] == 'Z';
}

/// Trials in control groups of this machine, where it has any.
class TrialGroups : public testing::Test {
 protected:
  void SetUp() override {
    auto opened = energy::CgroupParent::open();
    if (!opened) GTEST_SKIP() << opened.error().message;
    parent.emplace(std::move(*opened));
  }
  [[nodiscard]] std::vector<trial::Event> run(LocalStudy& study) const {
    study.options.trial_groups = &*parent;
    study.start(0);
    return study.run();
  }
  [[nodiscard]] static pid_t signed_in(LocalStudy& study) {
    pid_t pid = 0;
    std::ifstream(study.path("files/trial-000000/pid")) >> pid;
    return pid;
  }
  [[nodiscard]] bool has_groups() const {
    for (const auto& entry : std::filesystem::directory_iterator(parent->folder())) {
      if (entry.is_directory()) return true;
    }
    return false;
  }

  std::optional<energy::CgroupParent> parent;
};

}  // namespace

TEST_F(TrialGroups, EndTheDaemonThatATrialLeavesBehind) {
  for (const char* manner : {"", "stubborn"}) {
    LocalStudy study(std::string("daemonise {checkpoint_dir}/pid ") + manner);
    const auto events = run(study);
    EXPECT_EQ(only<trial::AssignmentEnded>(events).at(0).outcome, trial::Outcome::Completed);
    const pid_t daemon = signed_in(study);
    ASSERT_GT(daemon, 0);
    EXPECT_TRUE(is_gone(daemon)) << manner;
    EXPECT_FALSE(has_groups());
  }
}

TEST_F(TrialGroups, EndWhatForksFasterThanItIsKilled) {
  LocalStudy study("hop {checkpoint_dir}/pid");
  static_cast<void>(run(study));
  const pid_t last = signed_in(study);
  usleep(60'000);  // three generations
  EXPECT_TRUE(is_gone(last));
  EXPECT_EQ(signed_in(study), last);
  EXPECT_FALSE(has_groups());
}

TEST_F(TrialGroups, KillAProgramThatIgnoresSigterm) {
  LocalStudy study("stubborn {checkpoint_dir}/pid");
  study.options.time_limit = Seconds{0.1};
  const auto events = run(study);
  EXPECT_EQ(only<trial::AssignmentEnded>(events).at(0).outcome, trial::Outcome::FailedTimeout);
  EXPECT_TRUE(is_gone(signed_in(study)));
}

// Pitfall 26
TEST_F(TrialGroups, ChargeATrialForChildrenThatNobodySaw) {
  LocalStudy study("burn-unseen 0.2");
  study.options.metering_interval = Seconds{1000.0};  // nobody looks while the child works
  const auto events = run(study);
  // 0.2 s of one core at 6 W above idle, less what others on this machine have used meanwhile.
  EnergyFigure energy = only<trial::AssignmentEnded>(events).at(0).energy;
  for (const auto& report : only<trial::Reported>(events)) energy += report.energy;
  EXPECT_GT(energy.dynamic.joules().value(), 0.1);
}

}  // namespace wattune::runners
