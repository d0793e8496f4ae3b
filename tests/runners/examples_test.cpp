// The programs in examples/, run as trials.

#include <gtest/gtest.h>

#include <filesystem>

#include "runners/local_study.hpp"

namespace wattune::runners {
namespace {

using fake::LocalStudy;
using fake::only;
using trial::Outcome;
using trial::Verdict;

constexpr Seconds kPatience{100.0};  // to load PyTorch on a busy machine

std::string example(const char* name) {
  return std::string(WATTUNE_EXAMPLES) + "/" + name;
}

TEST(Examples, TheShellScriptIsTunedWithoutKnowingIt) {
  LocalStudy study(CommandTemplate::from_string(example("shell/train.sh") + " 0.1 5 0.5"));
  study.options.capture = {{"validation_loss", "validation loss ([0-9.]+)"},
                           {"step", "epoch ([0-9]+)"}};
  study.options.required_metrics = {"validation_loss"};
  study.options.resource = {trial::ResourceUnit::Epochs, 1.0, 5.0};
  study.start(0);
  const auto events = study.run();
  const auto reports = only<trial::Reported>(events);

  ASSERT_EQ(reports.size(), 5u);
  EXPECT_EQ(reports.back().step, 5.0);
  EXPECT_LT(reports.back().metrics.at(0).value, reports.front().metrics.at(0).value);
  EXPECT_EQ(only<trial::AssignmentEnded>(events).at(0).outcome, Outcome::Completed);
}

TEST(Examples, ThePytorchScriptPausesAndGoesOnFromItsCheckpoint) {
  if (!std::filesystem::exists("/usr/share/datasets/fashion-mnist") ||
      !std::filesystem::exists("/usr/lib/python3/dist-packages/torch")) {
    GTEST_SKIP() << "needs python3-torch and dataset-fashion-mnist";
  }
  LocalStudy study(CommandTemplate::from_string(
      "/usr/bin/python3 -B " + example("pytorch/train.py") + " --epochs {resource_max} --lr 0.05"));
  study.options.resource = {trial::ResourceUnit::Epochs, 1.0, 2.0};
  study.options.slots.workers = 1;
  study.options.grace = Seconds{5.0};
  study.start(0, 0.0, 1.0);
  const auto first = study.run(Verdict::Pause, kPatience);
  ASSERT_EQ(only<trial::AssignmentEnded>(first).at(0).outcome, Outcome::Paused)
      << only<trial::AssignmentEnded>(first).at(0).detail;
  const auto checkpoint = only<trial::CheckpointSaved>(first).at(0);
  EXPECT_EQ(only<trial::PhaseEnded>(first).at(0).samples, 4000.0);

  study.start(0, 1.0, 2.0, trial::Checkpoint{checkpoint.step, checkpoint.path});
  const auto second = study.run(Verdict::Continue, kPatience);
  const auto reports = only<trial::Reported>(second);
  ASSERT_EQ(reports.size(), 1u);
  EXPECT_EQ(reports[0].step, 2.0);
  EXPECT_GT(reports[0].metrics.at(0).value, 0.7);
  EXPECT_EQ(only<trial::AssignmentEnded>(second).at(0).outcome, Outcome::Completed);
}

}  // namespace
}  // namespace wattune::runners
