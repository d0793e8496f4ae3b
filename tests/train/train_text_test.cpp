#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "data/text_corpus.hpp"
#include "data/tokenizer.hpp"
#include "errors.hpp"
#include "tasks/next_token.hpp"
#include "train/support/synthetic_data.hpp"

namespace wattune::train {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

class TextTest : public testing::Test {
 protected:
  std::string refusal(const std::filesystem::path& path, std::int64_t context = 4) {
    try {
      NextToken task({.path = path, .context = context});
    } catch (const UsageError& error) {
      return error.what();
    }
    return "accepted";
  }
  fake::Folder folder_;
  std::filesystem::path file_ = folder_.path() / "b.txt";
};

TEST_F(TextTest, TakesOfEveryFileSomeForEachPart) {
  fake::write_file(folder_.path() / "b.txt", "0123456789");
  fake::write_file(folder_.path() / "a.txt", "abcdefghijklmnopqrst");
  std::filesystem::create_symlink("a.txt", folder_.path() / "again.txt");

  const TextCorpus corpus = read_text_corpus(folder_.path());

  EXPECT_EQ(corpus.train, "abcdefghijklmnop01234567");
  EXPECT_EQ(corpus.validation, "qr8");
  EXPECT_EQ(corpus.test, "st9");
}

TEST_F(TextTest, IsRefusedWhereItIsNone) {
  EXPECT_THAT(refusal(folder_.path()), HasSubstr("a folder without a file"));
  EXPECT_THAT(refusal(file_), AllOf(HasSubstr("b.txt"), HasSubstr("no such file")));
  fake::write_file(file_, "");
  EXPECT_THAT(refusal(file_), HasSubstr("empty"));
  fake::write_file(file_, std::string("text\0more", 9));
  EXPECT_THAT(refusal(file_), HasSubstr("not text: byte 4 is 0"));
  fake::write_file(file_, "0123456789012345678901234567890");
  EXPECT_THAT(refusal(file_), HasSubstr("more than --context 4"));
}

TEST(TokenizerTest, LearnsPairsThatStandTogetherMostOften) {
  const Tokenizer tokenizer = Tokenizer::learn("abab abab cd", 300);

  // "ab" stands four times, then "abab" twice, then " abab" once: too seldom.
  EXPECT_THAT(tokenizer.pairs(), ElementsAre(Tokenizer::Pair{'a', 'b'}, Tokenizer::Pair{256, 256}));
  EXPECT_THAT(tokenizer.encode("ababab c"), ElementsAre(257, 256, ' ', 'c'));
  EXPECT_EQ(tokenizer.decode({257, ' ', 256}), "abab ab");
}

TEST(TokenizerTest, GivesBackEveryTextItCuts) {
  std::string text;
  for (int i = 0; i < 3000; ++i) text += static_cast<char>((i * i + i / 7) % 256);
  const Tokenizer tokenizer = Tokenizer::learn(text, 280);

  EXPECT_GT(tokenizer.vocabulary(), 256);
  EXPECT_EQ(tokenizer.decode(tokenizer.encode(text)), text);
  EXPECT_LT(tokenizer.encode(text).size(), text.size());
}

TEST_F(TextTest, ShiftsTheTargetByOneToken) {
  fake::write_file(file_, "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz");
  const NextToken task({.path = file_, .context = 5});
  EXPECT_EQ(task.num_train(), 9);  // 49 bytes: (49 - 1) / 5

  const auto source = task.open(Part::Train, 4, at::kCPU);
  const auto [input, target] = source->gather(at::tensor({1}, at::kLong));

  EXPECT_TRUE(at::equal(input[0], at::tensor({'f', 'g', 'h', 'i', 'j'}, at::kLong)));
  EXPECT_TRUE(at::equal(target[0], at::tensor({'g', 'h', 'i', 'j', 'k'}, at::kLong)));
}

TEST_F(TextTest, CountsBitsPerByteWhateverTheTokens) {
  std::string text;
  for (int i = 0; i < 100; ++i) text += "ab ab ";
  fake::write_file(file_, text);
  const NextToken task({.path = file_, .context = 4, .vocabulary = 257});
  ASSERT_EQ(task.tokenizer().bytes()[256], "ab");
  const at::Tensor target = at::tensor({256, 'x'}, at::kLong).view({1, 2});

  const auto metrics = task.metrics(task.sums(at::zeros({1, 2, 257}), target), 1);

  // All tokens are equally likely: log 257 nats for each of two tokens, which are three bytes.
  EXPECT_NEAR(metrics[0].second, 257, 0.01);
  EXPECT_NEAR(metrics[1].second, 2 * std::log2(257.0) / 3, 1e-5);
  EXPECT_NEAR(metrics[2].second, std::log(257.0), 1e-5);
}

TEST(Licences, AreTheDefaultCorpus) {
  if (!std::filesystem::exists(NextTokenOptions{}.path)) GTEST_SKIP() << "not a Debian system";
  const NextToken task{{}};
  EXPECT_GT(task.num_train(), 1000);
}

}  // namespace
}  // namespace wattune::train
