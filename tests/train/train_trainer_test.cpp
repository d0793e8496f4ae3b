#include "training/trainer.hpp"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <optional>
#include <utility>

#include "errors.hpp"
#include "models/green_networks.hpp"
#include "models/image_network.hpp"
#include "models/lstm.hpp"
#include "models/resnet.hpp"
#include "models/transformer.hpp"
#include "tasks/classification.hpp"
#include "tasks/next_token.hpp"
#include "tasks/series_regression.hpp"
#include "train/support/recording_observer.hpp"
#include "train/support/synthetic_data.hpp"
#include "training/checkpoint.hpp"
#include "training/saved_model.hpp"

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
    images_ = std::make_unique<Classification>(ClassificationOptions{.folder = folder_.path()});
    task_ = images_.get();
    make_model_ = [this] { return make_image_network(shape_, {.seed = options_.seed}); };
    options_.batch_size = 32;
    options_.report_every_samples = 500;
    options_.inference_batch = 40;
    assignment_ = {
        .unit = Unit::Samples, .to = 2000, .max = 2000, .checkpoint_dir = folder_.path()};
  }

  Ending train(RecordingObserver& observer) {
    const auto model = make_model_();
    return Trainer(options_, assignment_, *task_, *model, observer).run();
  }

  /// The state after a training that pauses, in turn, at each of `bounds`, every time in a new
  /// Trainer that knows nothing but the checkpoint.
  Checkpoint state_after(const std::vector<std::int64_t>& bounds) {
    assignment_.resume_from.reset();
    for (const std::int64_t bound : bounds) {
      assignment_.to = bound;
      RecordingObserver observer;
      pause_at(bound, observer);
      train(observer);
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
    expect_same(state_after({2000}), state_after({320, 700, 1500, 2000}));
  }

  static void expect_same(const Checkpoint& straight, const Checkpoint& in_pieces) {
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

  static bool are_equal(const Checkpoint& one, const Checkpoint& other) {
    for (std::size_t i = 0; i < one.tensors.size(); ++i) {
      if (!at::equal(one.tensors[i].tensor, other.tensors[i].tensor)) return false;
    }
    return one.tensors.size() == other.tensors.size();
  }

  /// A year and a half of days of the synthetic series, unless told otherwise.
  void learn_a_series(const SeriesOptions& series = {.file = std::nullopt,
                                                     .minutes_per_step = 1440,
                                                     .window = 5,
                                                     .heads = {"voltage"}}) {
    series_ = std::make_unique<SeriesRegression>(series);
    task_ = series_.get();
    options_.optimizer = {.kind = OptimizerKind::Adam};
    options_.learning_rate = 0.01;
  }
  void learn_a_text() {
    std::string text;
    for (int i = 0; i < 900; ++i) text += i % 7 == 3 ? "wattune " : "joules and ";
    fake::write_file(folder_.path() / "text", text);
    text_ = std::make_unique<NextToken>(
        NextTokenOptions{.path = folder_.path() / "text", .context = 16});
    task_ = text_.get();
    options_.optimizer = {.kind = OptimizerKind::AdamW, .weight_decay = 0.01};
    options_.learning_rate = 0.01;
  }

  fake::Folder folder_;
  std::unique_ptr<Classification> images_;
  std::unique_ptr<SeriesRegression> series_;
  std::unique_ptr<NextToken> text_;
  const Task* task_ = nullptr;
  ImageNetworkShape shape_{.image = {1, 8, 8}, .hidden = {16}};
  std::function<std::unique_ptr<Model>()> make_model_;
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
  EXPECT_EQ(observer.facts.at("flops"), 2 * (64 * 16 + 16 * 10));
  EXPECT_GT(observer.facts.at("peak_memory_bytes"), 10'000'000);  // LibTorch alone takes more
  EXPECT_FALSE(observer.facts.contains("trained_parameters"));
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
  shape_.dropout = 0.3;
  assignment_.report_every = 64;
  const Checkpoint often = state_after({2000});
  assignment_.report_every = 2000;
  const Checkpoint rarely = state_after({2000});

  EXPECT_TRUE(are_equal(often, rarely));
}

TEST_F(TrainerTest, UsesDropoutOnlyWhenItIsOn) {
  const Checkpoint without = state_after({2000});
  shape_.dropout = 0.3;
  const Checkpoint with = state_after({2000});

  EXPECT_FALSE(are_equal(without, with));
}

TEST_F(TrainerTest, DropsOtherUnitsInEveryStep) {
  // The same batch and the same weights in both steps: only what is dropped can differ.
  const std::int64_t all = task_->num_train();
  options_.order = OrderKind::Fixed;
  options_.learning_rate = 0.0;
  options_.batch_size = options_.report_every_samples = all;
  assignment_.to = assignment_.max = 2 * all;
  const auto losses_with = [&](double dropout) {
    shape_.dropout = dropout;
    RecordingObserver observer;
    train(observer);
    return std::pair(metric(observer.reports.at(0), "train_loss"),
                     metric(observer.reports.at(1), "train_loss"));
  };

  const auto [first, second] = losses_with(0.4);
  EXPECT_NE(first, second);
  const auto [first_whole, second_whole] = losses_with(0.0);
  EXPECT_EQ(first_whole, second_whole);
}

TEST_F(TrainerTest, ResumesSgdBitForBit) {
  options_.optimizer = {.nesterov = true, .weight_decay = 1e-4};
  options_.schedule = ScheduleKind::OneCycle;
  expect_same_after_interruptions();
}

TEST_F(TrainerTest, ResumesAdamWithDropoutBitForBit) {
  options_.optimizer = {.kind = OptimizerKind::Adam};
  options_.learning_rate = 0.003;
  shape_.dropout = 0.4;
  shape_.hidden = {16, 16};
  expect_same_after_interruptions();
}

TEST_F(TrainerTest, ResumesAConvolutionalNetworkWithAdamWBitForBit) {
  options_.optimizer = {.kind = OptimizerKind::AdamW, .weight_decay = 0.01};
  options_.learning_rate = 0.003;
  options_.schedule = ScheduleKind::Cosine;
  shape_ = {.image = {1, 8, 8}, .block_channels = {4, 8}, .batch_norm = true, .dropout = 0.2};
  expect_same_after_interruptions();
}

TEST_F(TrainerTest, ResumesInTheMiddleOfAnIntervalBitForBit) {
  shape_.dropout = 0.4;
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

  EXPECT_TRUE(are_equal(straight, resumed));
  EXPECT_EQ(straight.meta, resumed.meta);
}

TEST_F(TrainerTest, ResumesAResNetBitForBit) {
  make_model_ = [this] {
    return make_resnet18({.image = {1, 8, 8}, .width = 2}, {.seed = options_.seed});
  };
  expect_same_after_interruptions();
}

TEST_F(TrainerTest, ResumesTheNetworksOfTheGreenStudyBitForBit) {
  options_.optimizer = {.kind = OptimizerKind::Adam, .beta2 = 0.9, .epsilon = 1e-7};
  options_.learning_rate = 0.003;
  options_.order = OrderKind::Fixed;
  for (const auto kind :
       {GreenNetwork::DensePoly, GreenNetwork::DenseLinear, GreenNetwork::SimpleCnn}) {
    make_model_ = [this, kind] {
      return make_green_network({.kind = kind, .image = {1, 8, 8}}, {.seed = options_.seed});
    };
    assignment_.checkpoint_dir = folder_.path() / std::to_string(static_cast<int>(kind));
    std::filesystem::create_directories(*assignment_.checkpoint_dir);
    expect_same_after_interruptions();
  }
}

TEST_F(TrainerTest, ResumesAnLstmBitForBit) {
  learn_a_series();
  make_model_ = [this] {
    return make_lstm(
        {.window = 5, .units = 6, .layers = 2, .dropout = 0.2, .heads = task_->heads()},
        {.seed = options_.seed});
  };
  expect_same_after_interruptions();
}

TEST_F(TrainerTest, ResumesATransformerBitForBit) {
  learn_a_text();
  make_model_ = [this] {
    return make_transformer({.context = 16, .width = 8, .attention_heads = 2, .dropout = 0.1},
                            {.seed = options_.seed});
  };
  expect_same_after_interruptions();
}

TEST_F(TrainerTest, ResumesInBFloat16BitForBit) {
  shape_ = {.image = {1, 8, 8}, .block_channels = {4}, .batch_norm = true};
  make_model_ = [this] {
    return make_image_network(shape_, {.seed = options_.seed, .precision = Precision::BFloat16});
  };
  expect_same_after_interruptions();
}

TEST_F(TrainerTest, LearnsInBFloat16Too) {
  shape_ = {.image = {1, 8, 8}, .block_channels = {8}, .batch_norm = true, .hidden = {16}};
  make_model_ = [this] {
    return make_image_network(shape_, {.seed = options_.seed, .precision = Precision::BFloat16});
  };
  RecordingObserver observer;
  train(observer);
  EXPECT_GT(metric(observer.reports.back(), "val_accuracy"), 0.9);
}

TEST_F(TrainerTest, LearnsASeries) {
  std::string waves = "Date;Time;A;B\n";
  for (int i = 0; i < 600; ++i) {
    waves += fmt::format("d;t;{};{}\n", 3 * std::sin(0.3 * i), 20 + std::cos(0.2 * i));
  }
  fake::write_file(folder_.path() / "waves", waves);
  learn_a_series(
      {.file = folder_.path() / "waves", .minutes_per_step = 1, .window = 5, .heads = {"a", "b"}});
  make_model_ = [this] {
    return make_lstm({.features = 2, .window = 5, .units = 8, .heads = task_->heads()},
                     {.seed = options_.seed});
  };
  assignment_.to = assignment_.max = 10'000;
  RecordingObserver observer;
  train(observer);

  const Report& last = observer.reports.back();
  EXPECT_GT(metric(last, "val_r2"), 0.9);
  EXPECT_GT(metric(last, "test_r2_b"), 0.9);
  EXPECT_NEAR(*metric(last, "val_rmse"), std::sqrt(*metric(last, "val_mse")), 1e-9);
  EXPECT_FALSE(observer.facts.contains("synthetic_data"));
}

TEST_F(TrainerTest, SaysThatDataAreSynthetic) {
  learn_a_series();
  make_model_ = [this] {
    return make_lstm({.window = 5, .units = 2, .heads = task_->heads()}, {.seed = options_.seed});
  };
  RecordingObserver observer;
  train(observer);
  EXPECT_EQ(observer.facts.at("synthetic_data"), 1);
}

TEST_F(TrainerTest, LearnsToSpell) {
  learn_a_text();
  make_model_ = [this] {
    return make_transformer({.context = 16, .width = 32, .layers = 1}, {.seed = options_.seed});
  };
  assignment_.to = assignment_.max = 10'000;
  RecordingObserver observer;
  train(observer);

  const Report& last = observer.reports.back();
  EXPECT_LT(metric(last, "val_bits_per_byte"), 1.0);  // 8 at the start; two words are chosen from
  EXPECT_NEAR(*metric(last, "val_perplexity"), std::exp(*metric(last, "val_loss")), 1e-6);
}

TEST_F(TrainerTest, EndsWhereValidationReachesTheTarget) {
  options_.stop.target = {.metric = "accuracy", .value = 0.5};
  RecordingObserver observer;

  EXPECT_EQ(train(observer), Ending::Done);

  const Report& last = observer.reports.back();
  EXPECT_LT(last.step, 2000);
  EXPECT_GE(metric(last, "val_accuracy"), 0.5);
  EXPECT_EQ(metric(last, "reached"), 1);
  EXPECT_TRUE(metric(last, "test_accuracy"));
}

TEST_F(TrainerTest, SaysWhenTheTargetWasNotReached) {
  options_.stop.target = {.metric = "loss", .value = 0.0};
  RecordingObserver observer;
  train(observer);

  EXPECT_EQ(observer.reports.back().step, 2016);
  EXPECT_EQ(metric(observer.reports.back(), "reached"), 0);
  EXPECT_FALSE(metric(observer.reports.front(), "reached"));
}

TEST_F(TrainerTest, RefusesATargetThatTheTaskDoesNotHave) {
  options_.stop.target = {.metric = "perplexity", .value = 3};
  RecordingObserver observer;
  EXPECT_THROW(train(observer), UsageError);
}

TEST_F(TrainerTest, EndsWhenItsPatienceDoesAlsoAcrossAPause) {
  options_.learning_rate = 1e-9;  // nothing gets better
  options_.stop = {.patience = 2, .min_delta = 0.1};
  RecordingObserver straight;
  train(straight);
  ASSERT_EQ(straight.reports.size(), 3U);  // the best one, and two that are not better
  EXPECT_EQ(metric(straight.reports.back(), "stopped_early"), 1);

  RecordingObserver first;
  first.answers = {{.kind = Answer::Kind::Continue, .until = 2000}, {.kind = Answer::Kind::Pause}};
  train(first);
  assignment_.resume_from = first.checkpoints.back().second;
  RecordingObserver second;
  train(second);
  EXPECT_EQ(second.reports.size(), 1U);
}

TEST_F(TrainerTest, LeavesFrozenPartsAsTheyAre) {
  shape_ = {.image = {1, 8, 8}, .block_channels = {4, 4}, .batch_norm = true, .hidden = {8}};
  options_.optimizer.weight_decay = 0.1;
  make_model_ = [this] {
    return make_image_network(shape_, {.seed = options_.seed, .frozen = {"block0", "dense"}});
  };
  const auto untouched = make_model_();
  const Checkpoint trained = state_after({2000});

  for (const NamedTensor& before : learnt_tensors(*untouched)) {
    const auto after = std::ranges::find(trained.tensors, before.name, &NamedTensor::name);
    ASSERT_NE(after, trained.tensors.end());
    const bool is_frozen = before.name.find(".block0") != std::string::npos ||
                           before.name.find(".dense") != std::string::npos;
    EXPECT_EQ(at::equal(before.tensor, after->tensor), is_frozen) << before.name;
  }
}

TEST_F(TrainerTest, TrainsSeveralHeadsTogether) {
  images_ = std::make_unique<Classification>(
      ClassificationOptions{.folder = folder_.path(), .heads = {"parity", "label", "brightness"}});
  task_ = images_.get();
  shape_.heads = task_->heads();
  RecordingObserver observer;
  train(observer);

  const Report& last = observer.reports.back();
  EXPECT_GT(metric(last, "val_accuracy_label"), 0.9);
  EXPECT_GT(metric(last, "val_accuracy_brightness"), 0.3);  // a quarter by chance
  EXPECT_EQ(metric(last, "val_accuracy"), metric(last, "val_accuracy_parity"));
}

TEST_F(TrainerTest, EmptiesActivationsWhereTheyArePenalised) {
  options_.sparsity = {.lambda = 0, .sigma = 1};
  RecordingObserver without;
  train(without);
  options_.sparsity = {.lambda = 5, .sigma = 1};
  RecordingObserver with;
  train(with);

  EXPECT_LT(*metric(with.reports.back(), "activation_density"),
            0.8 * *metric(without.reports.back(), "activation_density"));
  EXPECT_GT(metric(with.reports.back(), "val_accuracy"), 0.5);
}

TEST_F(TrainerTest, BeginsWithWhatAnotherModelHasLearnt) {
  RecordingObserver observer;
  const auto trained = make_model_();
  Trainer(options_, assignment_, *task_, *trained, observer).run();
  save_model(folder_.path() / "base.model", *trained, *task_);
  shape_.heads = {{"parity", 2}};
  const auto fresh = make_model_();

  const Initialised result = init_from(folder_.path() / "base.model", *fresh);

  EXPECT_EQ(result.taken, 2U);  // weight and bias of the hidden layer
  EXPECT_EQ(result.left, 2U);   // of the head, which has another name
  EXPECT_TRUE(
      at::equal(fresh->parameters().named()[0].tensor, trained->parameters().named()[0].tensor));
  shape_.hidden = {17};
  EXPECT_THROW(init_from(folder_.path() / "base.model", *make_model_()), UsageError);
}

}  // namespace
}  // namespace wattune::train
