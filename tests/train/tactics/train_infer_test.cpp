#include "tactics/infer.hpp"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "errors.hpp"
#include "tactics/model_inputs.hpp"
#include "train/support/recording_observer.hpp"
#include "train/support/script_models.hpp"
#include "train/support/synthetic_data.hpp"

namespace wattune::train {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Key;
using testing::Not;

/// Says for every row of an image how bright it is: which is what the made data are about.
torch::jit::Module row_brightness() {
  at::Tensor weight = at::zeros({10, 64});
  for (std::int64_t row = 0; row < 8; ++row) weight[row].narrow(0, row * 8, 8).fill_(1);
  return fake::scripted("def forward(self, x): return torch.linear(torch.flatten(x, 1), self.w)",
                        {{"w", weight}});
}

class InferTest : public testing::Test {
 protected:
  InferTest() {
    fake::write_data(folder_.path());
    options_.model = folder_.path() / "net.pt";
    options_.inputs.data = folder_.path();
    options_.batch_size = 16;
    options_.samples = 64;
    options_.repetitions = 3;
    options_.warm_up = 2;
    options_.min_seconds = 0;
    write_torchscript(options_.model, row_brightness(), {});
  }

  std::map<std::string, double> metrics() const {
    std::map<std::string, double> found;
    for (const auto& [name, value] : observer_.reports.at(0).metrics) found.emplace(name, value);
    return found;
  }

  std::vector<std::pair<std::string, std::int64_t>> phases() const {
    std::vector<std::pair<std::string, std::int64_t>> found;
    for (const auto& phase : observer_.phases) found.emplace_back(phase.name, phase.samples);
    return found;
  }

  fake::Folder folder_;
  InferOptions options_;
  fake::RecordingObserver observer_;
};

TEST_F(InferTest, TellsItsPhasesWithTheirSamples) {
  EXPECT_EQ(infer(options_, observer_), InferEnding::Done);

  EXPECT_THAT(phases(),
              testing::ElementsAre(std::pair{"optimize", 0}, std::pair{"warm_up", 128},
                                   std::pair{"inference", 64}, std::pair{"inference", 64},
                                   std::pair{"inference", 64}, std::pair{"validate", 100}));
  ASSERT_EQ(observer_.reports.size(), 1U);
  EXPECT_EQ(observer_.reports[0].step, 1);
}

TEST_F(InferTest, MeasuresAccuracySizeAndOperations) {
  infer(options_, observer_);

  const auto found = metrics();
  EXPECT_EQ(found.at("accuracy"), 1.0);  // the data are made so that brightness tells the label
  EXPECT_EQ(found.at("parameters"), 640);
  EXPECT_EQ(found.at("nonzero_parameters"), 64);
  EXPECT_EQ(found.at("flops"), 2 * 640);
  EXPECT_GT(found.at("file_bytes"), 640 * 4);
  EXPECT_GT(found.at("seconds_per_sample"), 0);
  EXPECT_LT(found.at("seconds_per_sample"), 1e-2);
  EXPECT_EQ(found.at("output_error"), 0);
  EXPECT_EQ(observer_.facts.at("flops"), 2 * 640);
}

TEST_F(InferTest, KeepsRepeatingUntilARepetitionIsLongEnough) {
  options_.repetitions = 1;
  options_.min_seconds = 0.05;

  infer(options_, observer_);

  EXPECT_GT(phases().at(2).second, 64);
  EXPECT_EQ(phases().at(2).second % 64, 0);
}

TEST_F(InferTest, PausesBeforeEveryRepetitionWhereThatIsWanted) {
  options_.cool_down = 0.001;

  infer(options_, observer_);

  EXPECT_EQ(std::ranges::count(phases(), std::pair<std::string, std::int64_t>{"cool_down", 0}), 3);
}

TEST_F(InferTest, AppliesEveryTacticOrSaysWhyNot) {
  for (const std::string& name : tactic_names()) {
    fake::RecordingObserver observer;
    options_.tactic = *to_tactic(name);
    options_.amount = 0.5;
    infer(options_, observer);
    std::map<std::string, double> found;
    for (const auto& [metric, value] : observer.reports.at(0).metrics) found.emplace(metric, value);
    EXPECT_EQ(found.at("accuracy"), 1.0) << name;
    EXPECT_LT(found.at("output_error"), 0.05) << name;
  }
}

TEST_F(InferTest, UsesModelsWithoutLabels) {
  options_.inputs.data.reset();
  options_.inputs.shape = {1, 8, 8};

  infer(options_, observer_);

  EXPECT_THAT(metrics(), Not(Contains(Key("accuracy"))));
  EXPECT_THAT(metrics(), Contains(Key("seconds_per_sample")));
}

TEST_F(InferTest, AsksForTheShapeWhereNothingTellsIt) {
  options_.inputs.data.reset();

  try {
    infer(options_, observer_);
    FAIL() << "it ran";
  } catch (const UsageError& error) {
    EXPECT_THAT(error.what(), HasSubstr("--input-shape 3x32x32"));
  }
}

TEST_F(InferTest, SaysThatTheModelDoesNotTakeTheData) {
  write_torchscript(options_.model, fake::two_layers(), {});

  try {
    infer(options_, observer_);
    FAIL() << "it ran";
  } catch (const UsageError& error) {
    EXPECT_THAT(error.what(), HasSubstr("net.pt: it does not take 100 validation images"));
  }
}

TEST_F(InferTest, NormalisesPixelsAsTheFileSays) {
  // Logits are the pixels' sums, so the first 8 images add up to something known.
  write_torchscript(
      options_.model, row_brightness(),
      {.model = "rows", .input = {1, 8, 8}, .pixel_mean = {0.0}, .pixel_deviation = {1.0}});
  const ModelInputs plain = make_inputs(options_.inputs, read_torchscript(options_.model).facts);
  EXPECT_GE(plain.samples.min().item<double>(), 0);
  EXPECT_GT(plain.samples.max().item<double>(), 200);

  const ModelInputs normalised = make_inputs(options_.inputs, {});
  EXPECT_LT(normalised.samples.max().item<double>(), 10);

  options_.inputs.pixel_deviation = {2.0};  // the command line has the last word
  const ModelInputs halved = make_inputs(options_.inputs, read_torchscript(options_.model).facts);
  EXPECT_TRUE(at::allclose(halved.samples * 2, plain.samples));
}

TEST_F(InferTest, EndsBetweenRepetitionsWhenAsked) {
  observer_.is_end_wanted = [this] {
    return !observer_.phases.empty() && observer_.phases.back().name == "inference";
  };

  EXPECT_EQ(infer(options_, observer_), InferEnding::Asked);
  EXPECT_TRUE(observer_.reports.empty());
}

TEST_F(InferTest, WritesTheChangedModel) {
  options_.tactic = Tactic::Int8Dynamic;
  options_.save = folder_.path() / "int8.pt";

  infer(options_, observer_);

  ScriptedModel saved = read_torchscript(*options_.save);
  const at::Tensor x = fake::numbers({2, 1, 8, 8});
  EXPECT_LT(fake::relative_error(saved.module.forward({x}).toTensor(),
                                 row_brightness().forward({x}).toTensor()),
            0.02);
}

TEST(InputShape, IsReadInBothSpellings) {
  EXPECT_EQ(to_shape("3x32x32"), (std::vector<std::int64_t>{3, 32, 32}));
  EXPECT_EQ(to_shape("7"), (std::vector<std::int64_t>{7}));
  EXPECT_EQ(to_shape("3,4"), (std::vector<std::int64_t>{3, 4}));
  for (const char* wrong : {"", "x", "3x", "3x0", "3xx4", "-1", "3 4", "a"}) {
    EXPECT_EQ(to_shape(wrong), std::nullopt) << wrong;
  }
}

TEST(MadeInputs, AreWholeNumbersBelowTheVocabulary) {
  InputOptions options;
  options.num_made = 50;
  options.vocabulary = 7;

  const at::Tensor tokens = make_inputs(options, {.input = {9}}).samples;

  EXPECT_EQ(tokens.sizes(), (std::vector<std::int64_t>{50, 9}));
  EXPECT_EQ(tokens.scalar_type(), at::kLong);
  EXPECT_EQ(tokens.min().item<std::int64_t>(), 0);
  EXPECT_EQ(tokens.max().item<std::int64_t>(), 6);
}

}  // namespace
}  // namespace wattune::train
