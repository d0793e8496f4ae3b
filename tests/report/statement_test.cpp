#include "wattune/report/statement.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

namespace wattune::report {
namespace {

using Json = nlohmann::ordered_json;
using ::testing::HasSubstr;
using ::testing::Not;

Json figure(double joules) {
  return {{"value", joules}, {"uncertainty", joules / 2}, {"provenance", "modelled"}};
}

/// A document of docs/report-data.md with what a statement reads of it.
Json document() {
  return {
      {"wattune", "0.1.0"},
      {"study",
       {{"name", "mnist_1"},
        {"seed", 7},
        {"strategy", "race"},
        {"elapsed_s", 65.0},
        {"host",
         {{"name", "box"}, {"cpu", "A & B"}, {"num_cores", 4}, {"gpus", Json::array({"H100"})}}}}},
      {"channels", Json::array({{{"id", "rapl:package-0"},
                                 {"kind", "package"},
                                 {"provenance", "measured"},
                                 {"gain_uncertainty", 0.05}}})},
      {"trials", Json::array({{{"id", 0},
                               {"configuration", {{"lr", 0.1}}},
                               {"objectives", Json::object()},
                               {"full_training_energy", figure(72.0)}}})},
      {"recommendations", Json::array({{{"trial", 0}}})},
      {"ledger",
       {{"total", figure(360.0)},
        {"entries", Json::array({{{"name", "rung_0"}, {"energy", figure(100.0)}},
                                 {{"name", "rung_1"}, {"energy", figure(60.0)}},
                                 {{"name", "final"}, {"energy", figure(72.0)}},
                                 {{"name", "failed"}, {"energy", figure(128.0)}}})},
        {"carbon",
         {{"value", 0.038},
          {"uncertainty", 0.019},
          {"pue", 1.0},
          {"basis", "DEU 2023, 381 g/kWh, life-cycle average"}}}}}};
}

}  // namespace

TEST(Statement, TellsSearchAndFinalTrainingApartAndKeepsFailures) {
  const Json made = statement(document());
  EXPECT_DOUBLE_EQ(made.at("energy").at("parts").at("exploration").get<double>(), 160.0);
  EXPECT_DOUBLE_EQ(made.at("energy").at("parts").at("failed").get<double>(), 128.0);
  EXPECT_DOUBLE_EQ(made.at("recommended").at("full_training").at("value").get<double>(), 72.0);
  const std::string text = statement_markdown(made);
  EXPECT_THAT(text, HasSubstr("| Total of the search | 360 J ± 180 J (100 mWh; modelled) |"));
  EXPECT_THAT(text, HasSubstr("| of it failed trials | 128 J |"));
  EXPECT_THAT(text, HasSubstr("| Hardware | A & B, 4 hardware threads, H100 |"));
  EXPECT_THAT(text, HasSubstr("DEU 2023, 381 g/kWh, life-cycle average"));
  EXPECT_THAT(text, HasSubstr("rapl:package-0 (measured), ± 5 %"));
}

TEST(Statement, NamesWhatItLeavesOut) {
  const std::string text = statement_markdown(statement(document()));
  EXPECT_THAT(text, HasSubstr("Memory has no channel of its own."));
  EXPECT_THAT(text, HasSubstr("(PUE 1)"));
  EXPECT_THAT(text, HasSubstr("Making the machine is left out."));
}

TEST(Statement, PromisesNothingThatIsNotKnown) {
  Json unknown = document();
  unknown["ledger"]["total"]["value"] = nullptr;
  unknown["ledger"]["entries"][0]["energy"]["value"] = nullptr;
  unknown["ledger"]["carbon"] = nullptr;
  unknown["recommendations"] = Json::array();
  const Json made = statement(unknown);
  EXPECT_TRUE(made.at("energy").at("parts").at("exploration").is_null());
  EXPECT_TRUE(made.at("recommended").is_null());
  const std::string text = statement_markdown(made);
  EXPECT_THAT(text, HasSubstr("| Total of the search | unknown |"));
  EXPECT_THAT(text, HasSubstr("No grid intensity was given: carbon is not stated."));
  EXPECT_THAT(text, HasSubstr("Part of the energy is not known"));
  EXPECT_THAT(text, Not(HasSubstr("| 0 J")));
}

TEST(Statement, EscapesWhatLatexWouldTakeForItself) {
  const std::string text = statement_latex(statement(document()));
  EXPECT_THAT(text, HasSubstr("A \\& B, 4 hardware threads"));
  EXPECT_THAT(text, HasSubstr("mnist\\_1"));
  EXPECT_THAT(text, HasSubstr("360 J $\\pm$ 180 J"));
  EXPECT_THAT(text, HasSubstr("$\\pm$ 5 \\%"));
}

}  // namespace wattune::report
