#include "options.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "errors.hpp"

namespace wattune::train {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

Options parsed(std::vector<std::string> arguments) {
  std::string help;
  return parse_options(std::move(arguments), help).value();
}

std::string refusal(std::vector<std::string> arguments) {
  try {
    parsed(std::move(arguments));
  } catch (const UsageError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(Options, AreReadForEachModel) {
  const Options cnn = parsed({"cnn", "--blocks", "3", "--kernel=5", "--batch-norm", "true",
                              "--optimizer", "adamw", "--lr", "1e-3", "--schedule", "one-cycle"});
  EXPECT_EQ(cnn.model, ModelKind::Cnn);
  EXPECT_EQ(cnn.blocks, 3);
  EXPECT_EQ(cnn.kernel, 5);
  EXPECT_TRUE(cnn.batch_norm);
  EXPECT_EQ(cnn.optimizer.kind, OptimizerKind::AdamW);
  EXPECT_EQ(cnn.learning_rate, 0.001);
  EXPECT_EQ(cnn.schedule, ScheduleKind::OneCycle);

  const Options mlp = parsed({"mlp", "--hidden", "256,128", "--dropout", "0.2"});
  EXPECT_EQ(mlp.model, ModelKind::Mlp);
  EXPECT_THAT(mlp.hidden, ElementsAre(256, 128));
  EXPECT_EQ(mlp.dropout, 0.2);
}

TEST(Options, GiveEachModelItsOwnDefaults) {
  EXPECT_EQ(parsed({"cnn"}).optimizer.kind, OptimizerKind::Sgd);
  EXPECT_EQ(parsed({"lstm"}).optimizer.kind, OptimizerKind::Adam);
  EXPECT_FALSE(parsed({"lstm"}).data);
  EXPECT_EQ(parsed({"simple-cnn"}).scaling, Scaling::Unit);
  EXPECT_EQ(parsed({"resnet18"}).scaling, Scaling::Standard);
  EXPECT_EQ(parsed({"transformer"}).width, 64);
}

TEST(Options, AreReadForAStudyOfTrainings) {
  const Options options = parsed({"simple-cnn",
                                  "--layers",
                                  "7",
                                  "--conv-layers",
                                  "4",
                                  "--relu",
                                  "false",
                                  "--order",
                                  "fixed",
                                  "--beta2",
                                  "0.8",
                                  "--inert-beta2",
                                  "true",
                                  "--epsilon",
                                  "1e-7",
                                  "--precision",
                                  "bfloat16",
                                  "--freeze",
                                  "block0,head",
                                  "--heads",
                                  "parity,label",
                                  "--stop-at",
                                  "val_accuracy=0.9",
                                  "--patience",
                                  "3",
                                  "--min-delta",
                                  "0.001"});
  EXPECT_EQ(options.dense_layers, 7);
  EXPECT_EQ(options.convolution_layers, 4);
  EXPECT_FALSE(options.has_relu);
  EXPECT_EQ(options.order, OrderKind::Fixed);
  EXPECT_TRUE(options.optimizer.is_beta2_inert);
  EXPECT_EQ(options.precision, Precision::BFloat16);
  EXPECT_THAT(options.frozen, ElementsAre("block0", "head"));
  EXPECT_THAT(options.heads, ElementsAre("parity", "label"));
  EXPECT_EQ(options.stop.target->metric, "accuracy");
  EXPECT_EQ(options.stop.target->value, 0.9);
  EXPECT_EQ(options.stop.patience, 3);
  EXPECT_EQ(*parsed({"cnn", "--sparsity-penalty", "0"}).sparsity_penalty, 0);
}

TEST(Options, RepeatOneWidthForEveryLayer) {
  EXPECT_THAT(parsed({"mlp", "--hidden", "64", "--depth", "3"}).hidden, ElementsAre(64, 64, 64));
}

TEST(Options, KeepTheirDefaultWhenTheValueIsEmpty) {
  EXPECT_EQ(parsed({"cnn", "--momentum=", "--lr=0.5"}).optimizer.momentum, 0.9);
}

TEST(Options, NameTheValueThatIsWrongAndWhatIsAllowed) {
  EXPECT_THAT(refusal({"cnn", "--lr", "fast"}),
              AllOf(HasSubstr("--lr: 'fast'"), HasSubstr("above 0 and below 1000")));
  EXPECT_THAT(refusal({"cnn", "--lr", "0"}), HasSubstr("--lr: '0'"));
  EXPECT_THAT(refusal({"cnn", "--lr", "nan"}), HasSubstr("--lr: 'nan'"));
  EXPECT_THAT(refusal({"cnn", "--dropout", "1"}), HasSubstr("of at least 0 and below 1"));
  EXPECT_THAT(refusal({"cnn", "--batch-size", "0"}), HasSubstr("from 1 to 50000"));
  EXPECT_THAT(refusal({"cnn", "--batch-size", "64.5"}), HasSubstr("'64.5'"));
  EXPECT_THAT(refusal({"cnn", "--optimizer", "lion"}), HasSubstr("allowed: sgd, adam, adamw"));
  EXPECT_THAT(refusal({"cnn", "--kernel", "4"}), HasSubstr("allowed: 1, 3, 5, 7"));
  EXPECT_THAT(refusal({"cnn", "--batch-norm", "maybe"}), HasSubstr("true, false"));
  EXPECT_THAT(refusal({"mlp", "--hidden", "12,x"}), HasSubstr("--hidden: '12,x'"));
  EXPECT_THAT(refusal({"cnn", "--stop-at", "0.9"}), HasSubstr("METRIC=VALUE"));
  EXPECT_THAT(refusal({"cnn", "--heads", "a,,b"}), HasSubstr("--heads: 'a,,b'"));
  EXPECT_THAT(refusal({"cnn", "--precision", "float16"}), HasSubstr("float32, bfloat16"));
  EXPECT_THAT(refusal({"cnn", "--seed", "-1"}), HasSubstr("--seed: '-1'"));
}

TEST(Options, NameWhatIsUnknownOrMissing) {
  EXPECT_THAT(refusal({"cnn", "--learning-rate", "1"}), HasSubstr("--learning-rate"));
  EXPECT_THAT(refusal({"mlp", "--kernel", "3"}), HasSubstr("--kernel"));
  EXPECT_THAT(refusal({"rnn"}), AllOf(HasSubstr("'rnn'"), HasSubstr("mlp, cnn, resnet18, lstm")));
  EXPECT_NE(refusal({}), "accepted");
}

TEST(Options, RefuseWhatDoesNotGoTogether) {
  EXPECT_THAT(refusal({"cnn", "--nesterov", "true", "--momentum", "0"}), HasSubstr("--nesterov"));
  EXPECT_THAT(refusal({"cnn", "--batch-norm", "true", "--batch-size", "1"}),
              HasSubstr("at least 2"));
  EXPECT_THAT(refusal({"mlp", "--hidden", "12,12", "--depth", "3"}), HasSubstr("names 2 layers"));
  EXPECT_THAT(refusal({"transformer", "--attention-heads", "3"}), HasSubstr("must divide"));
  EXPECT_THAT(refusal({"dense-poly", "--sparsity-penalty", "1"}), HasSubstr("no activations"));
  EXPECT_THAT(refusal({"resnet18", "--batch-size", "1"}), HasSubstr("at least 2"));
}

TEST(Options, ExplainThemselves) {
  for (const auto& arguments : {std::vector<std::string>{"--help"}, {"cnn", "--help"}}) {
    std::string help;
    EXPECT_FALSE(parse_options(arguments, help));
    EXPECT_THAT(help, HasSubstr("Examples:"));
  }
  std::string help;
  parse_options({"cnn", "--help"}, help);
  EXPECT_THAT(help, AllOf(HasSubstr("--batch-norm"), HasSubstr("constant|cosine|one-cycle")));
}

}  // namespace
}  // namespace wattune::train
