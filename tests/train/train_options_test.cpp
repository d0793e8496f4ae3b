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
  EXPECT_EQ(cnn.model, Model::Cnn);
  EXPECT_EQ(cnn.blocks, 3);
  EXPECT_EQ(cnn.kernel, 5);
  EXPECT_TRUE(cnn.batch_norm);
  EXPECT_EQ(cnn.optimizer.kind, OptimizerKind::AdamW);
  EXPECT_EQ(cnn.learning_rate, 0.001);
  EXPECT_EQ(cnn.schedule, ScheduleKind::OneCycle);

  const Options mlp = parsed({"mlp", "--hidden", "256,128", "--dropout", "0.2"});
  EXPECT_EQ(mlp.model, Model::Mlp);
  EXPECT_THAT(mlp.hidden, ElementsAre(256, 128));
  EXPECT_EQ(mlp.dropout, 0.2);
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
  EXPECT_THAT(refusal({"cnn", "--seed", "-1"}), HasSubstr("--seed: '-1'"));
}

TEST(Options, NameWhatIsUnknownOrMissing) {
  EXPECT_THAT(refusal({"cnn", "--learning-rate", "1"}), HasSubstr("--learning-rate"));
  EXPECT_THAT(refusal({"mlp", "--kernel", "3"}), HasSubstr("--kernel"));
  EXPECT_THAT(refusal({"rnn"}), AllOf(HasSubstr("'rnn'"), HasSubstr("mlp, cnn")));
  EXPECT_NE(refusal({}), "accepted");
}

TEST(Options, RefuseWhatDoesNotGoTogether) {
  EXPECT_THAT(refusal({"cnn", "--nesterov", "true", "--momentum", "0"}), HasSubstr("--nesterov"));
  EXPECT_THAT(refusal({"cnn", "--batch-norm", "true", "--batch-size", "1"}),
              HasSubstr("at least 2"));
  EXPECT_THAT(refusal({"mlp", "--hidden", "12,12", "--depth", "3"}), HasSubstr("names 2 layers"));
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
