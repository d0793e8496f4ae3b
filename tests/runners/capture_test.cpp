#include "wattune/runners/capture.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "wattune/base/result.hpp"

namespace wattune::runners {
namespace {

using Patterns = std::vector<CapturePattern>;

const Patterns kEpochs{{"acc", "accuracy:? ([-+0-9.e]+|nan)"}, {"step", "epoch ([0-9]+)"}};

/// "step acc" of each report that the lines make.
std::vector<std::string> reports(Capture capture, const std::vector<std::string>& lines) {
  std::vector<std::string> made;
  for (const std::string& line : lines) {
    const auto report = capture.read(line);
    if (!report) continue;
    std::string text = std::to_string(static_cast<int>(report->step));
    for (const SentMetric& metric : report->metrics) {
      text += " " + metric.name + "=" +
              (metric.value ? std::to_string(static_cast<int>(*metric.value * 100)) : "nan");
    }
    made.push_back(text);
  }
  return made;
}

std::string refusal(const Patterns& patterns) {
  try {
    Capture(patterns, {});
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "accepted";
}

using Texts = std::vector<std::string>;

TEST(Capture, ReadsAMetricAndItsStepFromOneLine) {
  EXPECT_EQ(
      reports(Capture(kEpochs, {}), {"epoch 1 accuracy 0.5", "noise", "epoch 2 accuracy .75"}),
      (Texts{"1 acc=50", "2 acc=75"}));
}

TEST(Capture, ReadsAMetricAfterItsStep) {
  EXPECT_EQ(reports(Capture(kEpochs, {}), {"epoch 1", "accuracy 0.5", "epoch 2", "accuracy 0.75"}),
            (Texts{"1 acc=50", "2 acc=75"}));
}

TEST(Capture, ReadsAMetricBeforeItsStep) {
  EXPECT_EQ(reports(Capture(kEpochs, {}), {"accuracy 0.5", "epoch 1", "accuracy 0.75", "epoch 2"}),
            (Texts{"1 acc=50", "2 acc=75"}));
}

TEST(Capture, ReportsAStepOnce) {
  EXPECT_EQ(reports(Capture(kEpochs, {}),
                    {"epoch 1 accuracy 0.5", "epoch 1 accuracy 0.6", "epoch 2", "accuracy 0.75"}),
            (Texts{"1 acc=50", "2 acc=75"}));
}

TEST(Capture, CountsReportsWhereNoPatternTellsTheStep) {
  EXPECT_EQ(reports(Capture(Patterns{{"acc", "accuracy ([0-9.]+)"}}, {}),
                    {"accuracy 0.5", "accuracy 0.25."}),
            (Texts{"1 acc=50", "2 acc=25"}));
}

TEST(Capture, WaitsForTheObjectivesMetricAndCarriesTheOthers) {
  const Patterns patterns{{"acc", "acc ([0-9.]+)"}, {"loss", "loss ([0-9.]+)"}};
  const Texts required{"acc", "not_captured"};
  EXPECT_EQ(reports(Capture(patterns, required), {"loss 1", "acc 0.5", "loss 0.25", "acc 0.75"}),
            (Texts{"1 acc=50 loss=100", "2 acc=75 loss=25"}));
}

TEST(Capture, TakesNanForNoNumber) {
  EXPECT_EQ(reports(Capture(kEpochs, {}), {"epoch 1 accuracy nan"}), (Texts{"1 acc=nan"}));
}

TEST(Capture, ReadsNumbersAsProgramsPrintThem) {
  EXPECT_EQ(captured_number("1e-3"), std::optional<double>{0.001});
  EXPECT_EQ(captured_number("+2"), std::optional<double>{2.0});
  EXPECT_EQ(captured_number("-.5."), std::optional<double>{-0.5});
  EXPECT_EQ(captured_number("inf"), std::optional<std::optional<double>>{std::optional<double>{}});
  EXPECT_FALSE(captured_number("..").has_value());
  EXPECT_FALSE(captured_number("12ab").has_value());
}

TEST(Capture, RefusesPatternsThatItCannotUse) {
  EXPECT_NE(refusal({{"a", "(x"}}).find("is not an ECMAScript regular expression"),
            std::string::npos);
  EXPECT_NE(refusal({{"a", "x"}}).find("has 0 groups and needs exactly one"), std::string::npos);
  EXPECT_NE(refusal({{"a", "(x)(y)"}}).find("has 2 groups"), std::string::npos);
  EXPECT_NE(refusal({{"a", "(x)\\1"}}).find("back reference"), std::string::npos);
  EXPECT_NE(refusal({{"step", "(x)"}}).find("at least one metric"), std::string::npos);
  EXPECT_NE(refusal({{"a", "(x)"}, {"a", "(y)"}}).find("two patterns for a"), std::string::npos);
  EXPECT_EQ(refusal({{"a", "(?:x|y)=([0-9]+)"}}), "accepted");
}

TEST(Capture, IsNotBroughtDownByALongLineOrANastyPattern) {
  Capture nasty(Patterns{{"a", "^(?:(?:x+)+)+y([0-9])$"}}, {});
  EXPECT_FALSE(nasty.read(std::string(200, 'x')).has_value());
  Capture alternation(Patterns{{"a", "(?:.|x)*([0-9])"}}, {});
  EXPECT_FALSE(alternation.read(std::string(1'000'000, 'y')).has_value());
}

}  // namespace
}  // namespace wattune::runners
