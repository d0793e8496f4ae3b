#include "trainer.hpp"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <optional>

#include "checkpoint.hpp"
#include "errors.hpp"
#include "train/support/recording_observer.hpp"
#include "train/support/synthetic_data.hpp"

namespace wattune::train {
namespace {

using fake::RecordingObserver;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> metric_names(const Report& report) {
  std::vector<std::string> names;
  for (const auto& [name, value] : report.metrics) names.emplace_back(name);
  return names;
}

std::optional<double> metric(const Report& report, std::string_view wanted) {
  for (const auto& [name, value] : report.metrics) {
    if (name == wanted) return value;
  }
  return std::nullopt;
}

std::vector<std::string> phase_names(const RecordingObserver& observer) {
  std::vector<std::string> names;
  for (const auto& phase : observer.phases) names.push_back(phase.name);
  return names;
}

class TrainerTest : public testing::Test {
 protected:
  TrainerTest() {
    at::set_num_threads(1);
    fake::write_data(folder_.path());
    data_.emplace(folder_.path());
    options_.shape = {.height = 8, .width = 8, .hidden = {16}};
    options_.batch_size = 32;
    options_.report_every_samples = 500;
    options_.inference_batch = 40;
    assignment_ = {
        .unit = Unit::Samples, .to = 2000, .max = 2000, .checkpoint_dir = folder_.path()};
  }

  Ending train(RecordingObserver& observer) {
    return Trainer(options_, assignment_, *data_, observer).run();
  }

  /// The state after a training that pauses, in turn, at each of `bounds`, every time in a new
  /// Trainer that knows nothing but the checkpoint.
  Checkpoint state_after(const std::vector<std::int64_t>& bounds) {
    assignment_.resume_from.reset();
    for (const std::int64_t bound : bounds) {
      assignment_.to = bound;
      RecordingObserver observer;
      pause_at(bound, observer);
      Trainer trainer(options_, assignment_, *data_, observer);
      trainer.run();
      assignment_.resume_from = observer.checkpoints.back().second;
    }
    return read_checkpoint(*assignment_.resume_from);
  }

  void pause_at(std::int64_t bound, RecordingObserver& observer) {
    // An end request once the bound has been reported leaves a checkpoint, as a pause does.
    observer.is_end_wanted = [&observer, bound] {
      return !observer.reports.empty() && observer.reports.back().step >= bound;
    };
  }

  void expect_same_after_interruptions() {
    const Checkpoint straight = state_after({2000});
    const Checkpoint in_pieces = state_after({320, 700, 1500, 2000});
    ASSERT_GE(straight.tensors.size(), 1U);
    ASSERT_EQ(straight.tensors.size(), in_pieces.tensors.size());
    for (std::size_t i = 0; i < straight.tensors.size(); ++i) {
      EXPECT_EQ(straight.tensors[i].name, in_pieces.tensors[i].name);
      EXPECT_TRUE(at::equal(straight.tensors[i].tensor, in_pieces.tensors[i].tensor))
          << straight.tensors[i].name;
    }
    EXPECT_EQ(straight.meta.at("loss_average"), in_pieces.meta.at("loss_average"));
    EXPECT_EQ(straight.meta.at("steps"), in_pieces.meta.at("steps"));
  }

  fake::Folder folder_;
  std::optional<Dataset> data_;
  TrainerOptions options_;
  Assignment assignment_;
};

TEST_F(TrainerTest, LearnsAndReportsIt) {
  RecordingObserver observer;

  EXPECT_EQ(train(observer), Ending::Done);

  ASSERT_EQ(observer.reports.size(), 4U);
  EXPECT_EQ(observer.reports[0].step, 512);
  EXPECT_EQ(observer.reports[0].samples, 512);
  EXPECT_EQ(observer.reports[1].samples, 512);
  EXPECT_EQ(observer.reports[3].step, 2016);
  EXPECT_GT(metric(observer.reports[3], "val_accuracy"), 0.9);
  EXPECT_LT(metric(observer.reports[3], "train_loss"), metric(observer.reports[0], "train_loss"));
}

TEST_F(TrainerTest, SaysWhatTheNetworkIs) {
  RecordingObserver observer;
  train(observer);
  EXPECT_EQ(observer.facts.at("parameters"), 64 * 16 + 16 + 16 * 10 + 10);
  EXPECT_EQ(observer.facts.at("macs"), 64 * 16 + 16 * 10);
}

TEST_F(TrainerTest, TouchesTheTestSplitOnceAtTheEndOfAFullTraining) {
  RecordingObserver observer;
  train(observer);

  EXPECT_THAT(phase_names(observer),
              ElementsAre("train", "validate", "train", "validate", "train", "validate", "train",
                          "validate", "inference", "test"));
  EXPECT_EQ(observer.phases[8].samples, 80);  // two whole batches of 40 out of 100
  EXPECT_EQ(observer.phases[9].samples, 64);
  EXPECT_FALSE(metric(observer.reports[2], "test_accuracy"));
  EXPECT_GT(metric(observer.reports[3], "test_accuracy"), 0.85);
}

TEST_F(TrainerTest, GoesOnWhenTheAnswerMovesTheBound) {
  assignment_.to = 500;
  RecordingObserver observer;
  observer.answers = {{.kind = Answer::Kind::Continue, .until = 1000},
                      {.kind = Answer::Kind::Stop}};

  EXPECT_EQ(train(observer), Ending::Done);

  EXPECT_EQ(observer.reports.back().step, 1024);
  EXPECT_TRUE(observer.checkpoints.empty());
}

TEST_F(TrainerTest, SavesACheckpointWhenTold) {
  RecordingObserver observer;
  observer.answers = {{.kind = Answer::Kind::Pause}};

  EXPECT_EQ(train(observer), Ending::Done);

  ASSERT_EQ(observer.checkpoints.size(), 1U);
  EXPECT_EQ(observer.checkpoints[0].first, 512);
  EXPECT_TRUE(std::filesystem::exists(observer.checkpoints[0].second));
}

TEST_F(TrainerTest, SavesACheckpointWhenAskedToEndInTheMiddle) {
  RecordingObserver observer;
  int num_asked = 0;
  observer.is_end_wanted = [&] { return ++num_asked > 5; };

  EXPECT_EQ(train(observer), Ending::Asked);

  EXPECT_TRUE(observer.reports.empty());
  ASSERT_EQ(observer.checkpoints.size(), 1U);
  EXPECT_EQ(observer.checkpoints[0].first, 6 * 32);
}

TEST_F(TrainerTest, CountsStepsOnAfterAResume) {
  RecordingObserver first;
  first.answers = {{.kind = Answer::Kind::Pause}};
  train(first);
  assignment_.resume_from = first.checkpoints[0].second;
  RecordingObserver second;
  train(second);

  EXPECT_EQ(second.reports[0].step, 1024);
  EXPECT_EQ(second.reports[0].samples, 512);
}

TEST_F(TrainerTest, RefusesACheckpointOfAnotherConfiguration) {
  RecordingObserver observer;
  observer.answers = {{.kind = Answer::Kind::Pause}};
  train(observer);
  assignment_.resume_from = observer.checkpoints[0].second;
  options_.learning_rate = 0.01;

  try {
    train(observer);
    FAIL() << "accepted";
  } catch (const UsageError& error) {
    EXPECT_THAT(error.what(), HasSubstr("written with other options"));
    EXPECT_THAT(error.what(), HasSubstr("lr=0.05"));
  }
}

TEST_F(TrainerTest, ReportsALossThatIsNotFiniteOnceAndEnds) {
  options_.learning_rate = 1e30;
  RecordingObserver observer;

  EXPECT_EQ(train(observer), Ending::Diverged);

  ASSERT_EQ(observer.reports.size(), 1U);
  EXPECT_THAT(metric_names(observer.reports[0]), ElementsAre("train_loss"));
  EXPECT_TRUE(std::isnan(*metric(observer.reports[0], "train_loss")));
  EXPECT_LT(observer.reports[0].step, 500);  // long before a report was due
}

TEST_F(TrainerTest, OnlyTrainsInAProbe) {
  assignment_.is_probe = true;
  assignment_.report_every = 320;
  RecordingObserver observer;

  EXPECT_EQ(train(observer), Ending::Done);

  EXPECT_EQ(observer.reports.size(), 7U);
  EXPECT_THAT(metric_names(observer.reports.back()), ElementsAre("train_loss"));
  EXPECT_THAT(phase_names(observer), testing::Each("train"));
}

TEST_F(TrainerTest, ValidatesOnAsManySamplesAsWanted) {
  options_.validation_samples = 50;
  RecordingObserver observer;
  train(observer);
  EXPECT_EQ(observer.phases[1].samples, 50);
}

TEST_F(TrainerTest, LearnsTheSameHoweverOftenItReports) {
  options_.shape.dropout = 0.3;
  assignment_.report_every = 64;
  const Checkpoint often = state_after({2000});
  assignment_.report_every = 2000;
  const Checkpoint rarely = state_after({2000});

  EXPECT_TRUE(at::equal(often.tensors[0].tensor, rarely.tensors[0].tensor));
}

TEST_F(TrainerTest, UsesDropoutOnlyWhenItIsOn) {
  const Checkpoint without = state_after({2000});
  options_.shape.dropout = 0.3;
  const Checkpoint with = state_after({2000});

  EXPECT_FALSE(at::equal(without.tensors[0].tensor, with.tensors[0].tensor));
}

TEST_F(TrainerTest, ResumesSgdBitForBit) {
  options_.optimizer = {.nesterov = true, .weight_decay = 1e-4};
  options_.schedule = ScheduleKind::OneCycle;
  expect_same_after_interruptions();
}

TEST_F(TrainerTest, ResumesAdamWithDropoutBitForBit) {
  options_.optimizer = {.kind = OptimizerKind::Adam};
  options_.learning_rate = 0.003;
  options_.shape.dropout = 0.4;
  options_.shape.hidden = {16, 16};
  expect_same_after_interruptions();
}

TEST_F(TrainerTest, ResumesAConvolutionalNetworkWithAdamWBitForBit) {
  options_.optimizer = {.kind = OptimizerKind::AdamW, .weight_decay = 0.01};
  options_.learning_rate = 0.003;
  options_.schedule = ScheduleKind::Cosine;
  options_.shape = {
      .height = 8, .width = 8, .block_channels = {4, 8}, .batch_norm = true, .dropout = 0.2};
  expect_same_after_interruptions();
}

TEST_F(TrainerTest, ResumesInTheMiddleOfAnIntervalBitForBit) {
  options_.shape.dropout = 0.4;
  const Checkpoint straight = state_after({2000});

  RecordingObserver cut;
  int num_asked = 0;
  cut.is_end_wanted = [&] { return ++num_asked > 20; };
  assignment_.resume_from.reset();
  train(cut);
  assignment_.resume_from = cut.checkpoints.back().second;
  RecordingObserver rest;
  pause_at(2000, rest);
  train(rest);
  const Checkpoint resumed = read_checkpoint(rest.checkpoints.back().second);

  EXPECT_TRUE(at::equal(straight.tensors[0].tensor, resumed.tensors[0].tensor));
  EXPECT_EQ(straight.meta, resumed.meta);
}

}  // namespace
}  // namespace wattune::train
