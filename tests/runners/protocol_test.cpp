#include "wattune/runners/protocol.hpp"

#include <gtest/gtest.h>

#include "support/must.hpp"
#include "wattune/base/random.hpp"

namespace wattune::runners {
namespace {

template <typename T>
T parsed(std::string_view line) {
  return std::get<T>(must(parse_message(line)));
}

/// The words a line is refused with.
std::string refusal(std::string_view line) {
  const auto message = parse_message(line);
  return message ? "accepted" : message.error().message;
}

TEST(Protocol, ReadsAReport) {
  const auto report = parsed<ReportMessage>(
      R"({"type": "report", "step": 12500, "metrics": {"loss": 0.31, "n": 2}, "samples": 6250, "x": []})");

  EXPECT_EQ(report.step, 12500.0);
  EXPECT_EQ(report.samples, 6250.0);
  ASSERT_EQ(report.metrics.size(), 2u);
  EXPECT_EQ(report.metrics[0].name, "loss");
  EXPECT_EQ(report.metrics[0].value, 0.31);
  EXPECT_EQ(report.first_not_finite(), std::nullopt);
}

TEST(Protocol, TakesNanInfinityAndNullForNoNumber) {
  for (const char* token : {"NaN", "-NaN", "Infinity", "-Infinity", "null"}) {
    const std::string line =
        std::string(R"({"type":"report","step":1,"metrics":{"NaN \" x":)") + token + R"(,"b":2}})";
    const auto report = parsed<ReportMessage>(line);
    EXPECT_EQ(report.first_not_finite(), "NaN \" x") << token;
  }
}

TEST(Protocol, ReadsPhases) {
  const auto begin = parsed<PhaseMessage>(R"({"type":"phase","name":"train","event":"begin"})");
  EXPECT_TRUE(begin.begins);
  const auto end =
      parsed<PhaseMessage>(R"({"type":"phase","name":"my_1","event":"end","samples":10})");
  EXPECT_FALSE(end.begins);
  EXPECT_EQ(end.name, "my_1");
  EXPECT_EQ(end.samples, 10.0);
}

TEST(Protocol, ReadsCheckpointsAndTheNumbersOfInfo) {
  const auto checkpoint =
      parsed<CheckpointMessage>(R"({"type":"checkpoint","step":3,"path":"/a/ü.pt"})");
  EXPECT_EQ(checkpoint.step, 3.0);
  EXPECT_EQ(checkpoint.path, "/a/ü.pt");
  const auto info =
      parsed<InfoMessage>(R"({"type":"info","values":{"macs":1.2e6,"name":"x","flag":true}})");
  ASSERT_EQ(info.values.size(), 1u);
  EXPECT_EQ(info.values[0].value, 1.2e6);
}

TEST(Protocol, SaysHowALineBreaksIt) {
  EXPECT_EQ(refusal("hello"), "a line that is not JSON: hello");
  EXPECT_EQ(refusal("[1]"), "a line that is not a JSON object: [1]");
  EXPECT_EQ(refusal("{}"), "a message without a type: {}");
  EXPECT_EQ(refusal(R"({"type":"repot"})"),
            "an unknown type 'repot' (report, phase, checkpoint and info are known): "
            R"({"type":"repot"})");
  EXPECT_NE(refusal(R"({"type":"report","metrics":{}})").find("needs a step"), std::string::npos);
  EXPECT_NE(refusal(R"({"type":"report","step":NaN,"metrics":{}})").find("needs a step"),
            std::string::npos);
  EXPECT_NE(refusal(R"({"type":"report","step":-1,"metrics":{}})").find("needs a step"),
            std::string::npos);
  EXPECT_NE(refusal(R"({"type":"report","step":1})").find("needs metrics"), std::string::npos);
  EXPECT_NE(
      refusal(R"({"type":"report","step":1,"metrics":{"a":"b"}})").find("'a' is not a number"),
      std::string::npos);
  EXPECT_NE(refusal(R"({"type":"phase","name":"a b","event":"end"})").find("letters, digits"),
            std::string::npos);
  EXPECT_NE(refusal(R"({"type":"phase","name":"a","event":"over"})").find("\"begin\" or \"end\""),
            std::string::npos);
  EXPECT_NE(refusal(R"({"type":"checkpoint","step":1})").find("needs a path"), std::string::npos);
}

TEST(Protocol, RefusesLinesOverAMebibyteAndShowsOnlyTheirBeginning) {
  const std::string words = refusal(std::string(kMaxLineBytes + 1, 'x'));
  EXPECT_TRUE(words.starts_with("a line of more than 1 MiB: xxx"));
  EXPECT_LT(words.size(), 200u);
}

TEST(Protocol, SurvivesGarbage) {
  const std::string good =
      R"({"type": "report", "step": 1, "metrics": {"a": 0.5, "b": NaN}, "samples": 3})";
  Rng rng(1);
  for (int round = 0; round < 20'000; ++round) {
    std::string line = good.substr(0, rng.index(good.size() + 1));
    for (std::size_t change = rng.index(6); change > 0 && !line.empty(); --change) {
      line[rng.index(line.size())] = static_cast<char>(rng.index(256));
    }
    const auto message = parse_message(line);
    // Either a message, or words that a screen and a database can take.
    if (!message) {
      EXPECT_EQ(printable(message.error().message), message.error().message);
    }
  }
  EXPECT_NE(refusal(std::string(100'000, '[')), "accepted");
}

TEST(Protocol, WritesAnswers) {
  EXPECT_EQ(answer_line(trial::Verdict::Continue, 25000.0),
            "{\"decision\": \"continue\", \"until\": 25000}\n");
  EXPECT_EQ(answer_line(trial::Verdict::Pause, 0.0), "{\"decision\": \"pause\"}\n");
  EXPECT_EQ(answer_line(trial::Verdict::Stop, 0.0), "{\"decision\": \"stop\"}\n");
}

TEST(Protocol, MakesBytesPrintable) {
  EXPECT_EQ(printable("a\nü\t€😀"), "a\nü\t€😀");
  EXPECT_EQ(printable("a\x1b[0m"), "a\xEF\xBF\xBD[0m");
  EXPECT_EQ(printable("\xc3"), "\xEF\xBF\xBD");                  // cut short
  EXPECT_EQ(printable("\xc0\xaf"), "\xEF\xBF\xBD\xEF\xBF\xBD");  // overlong
}

}  // namespace
}  // namespace wattune::runners
