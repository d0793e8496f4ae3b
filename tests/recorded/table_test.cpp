#include "wattune/recorded/table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/must.hpp"
#include "support/spaces.hpp"
#include "support/temporary_folder.hpp"

namespace wattune::recorded {
namespace {

using space::ChoiceIndex;
using space::Configuration;
using space::Inactive;
using ::testing::HasSubstr;

const std::vector<std::string> kRequired{"accuracy"};

/// A rate in [0, 1], one of three optimisers, and a momentum that only sgd has.
space::Space small_space() {
  const space::Condition if_sgd{
      "optimizer", space::Comparison::In, {space::Choice{std::string{"sgd"}}}};
  return space::Space{
      {fake::parameter("lr", space::FloatDomain{0.0, 1.0, false, {}}),
       fake::parameter("optimizer",
                       space::ChoiceDomain{
                           {std::string{"sgd"}, std::string{"adam"}, std::string{"lion"}}, false}),
       fake::parameter("momentum", space::FloatDomain{0.0, 1.0, false, {}}, {if_sgd})}};
}

Configuration sgd(double lr, double momentum) {
  return Configuration{{lr, ChoiceIndex{0}, momentum}};
}
Configuration adam(double lr) {
  return Configuration{{lr, ChoiceIndex{1}, Inactive{}}};
}

const std::string kHeader = "lr,optimizer,momentum,step,accuracy,seconds,joules\n";
const std::string kTable =
    "lr,optimizer,momentum,step,accuracy,loss,seconds,joules\n"
    "0.1,sgd,0.9,1,0.5,1.5,10,100\n"
    "0.1,sgd,0.9,3,0.7,,30,290\n"
    "0.8,adam,,1,0.6,1.2,20,220\n";

std::unique_ptr<RecordedTable> parse(const std::string& text, TableOptions options = {}) {
  return parse_table(text, "curves.csv", small_space(), kRequired, options);
}

std::string refusal(const std::string& text) {
  try {
    static_cast<void>(parse(text));
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

RecordedStep first_of(const RecordedTable& table, const Configuration& configuration,
                      std::uint32_t seed = 0) {
  return must(table.open(configuration, seed))->next(0.0).value();
}

TEST(RecordedTable, PlaysTheRowsOfAConfiguration) {
  const auto table = parse(kTable);
  const auto recording = must(table->open(sgd(0.1, 0.9), 0));

  const auto first = recording->next(0.0);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->step, 1.0);
  EXPECT_EQ(first->time, Seconds{10.0});
  EXPECT_EQ(first->energy, Joules{100.0});
  ASSERT_EQ(first->metrics.size(), 2u);
  EXPECT_EQ(first->metrics[1].value, 1.5);

  const auto second = recording->next(1.0);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->step, 3.0);
  EXPECT_EQ(second->metrics.size(), 1u);  // an empty cell was not reported
  EXPECT_FALSE(recording->next(3.0));
  EXPECT_EQ(table->last_step(), 3.0);
  EXPECT_EQ(table->metrics(), (std::vector<std::string>{"accuracy", "loss"}));
}

TEST(RecordedTable, TakesRowsAndColumnsInAnyOrder) {
  const auto table = parse(
      "joules,seconds,accuracy,step,momentum,optimizer,lr\r\n"
      "290,30,0.7,3,0.9,sgd,0.1\r\n"
      "\r\n"
      "100, 10 ,0.5,1,0.9,\"sgd\",0.1\r\n");

  EXPECT_EQ(first_of(*table, sgd(0.1, 0.9)).step, 1.0);
}

TEST(RecordedTable, PlaysTheNearestConfigurationWhereOneIsNotThere) {
  const auto table = parse(kTable);

  EXPECT_EQ(first_of(*table, sgd(0.2, 0.7)).energy, Joules{100.0});
  EXPECT_EQ(first_of(*table, adam(0.3)).energy, Joules{220.0});
  // Another optimiser is 1 away; a momentum that only one of them has is 1 more.
  EXPECT_EQ(first_of(*table, Configuration{{0.1, ChoiceIndex{2}, Inactive{}}}).energy,
            Joules{220.0});
  EXPECT_FALSE(table->holds(sgd(0.2, 0.7)));
  EXPECT_TRUE(table->holds(sgd(0.1, 0.9)));
}

TEST(RecordedTable, HasNoOtherThanItsOwnWhereThatIsWanted) {
  const auto table = parse(kTable, {.takes_nearest = false});
  const auto recording = table->open(adam(0.3), 0);

  ASSERT_FALSE(recording);
  EXPECT_EQ(recording.error().kind, ErrorKind::NotFound);
}

TEST(RecordedTable, ChoosesAmongSeveralTrainingsBySeed) {
  const auto table = parse(
      "lr,optimizer,momentum,seed,step,accuracy,seconds,joules\n"
      "0.8,adam,,a,1,0.6,20,220\n"
      "0.8,adam,,b,1,0.5,21,230\n");

  EXPECT_EQ(first_of(*table, adam(0.8), 4).energy, Joules{220.0});
  EXPECT_EQ(first_of(*table, adam(0.8), 5).energy, Joules{230.0});
  EXPECT_EQ(table->num_configurations(), 1u);
}

TEST(RecordedTable, DerivesJoulesFromSecondsWhereItIsToldThePower) {
  const std::string text = "lr,optimizer,momentum,step,accuracy,seconds\n0.8,adam,,1,0.6,20\n";
  const auto table = parse(text, {.power = Watts{50.0}});

  EXPECT_EQ(first_of(*table, adam(0.8)).energy, Joules{1000.0});
  EXPECT_THAT(table->describe(), HasSubstr("derived from its seconds at a constant 50"));
  EXPECT_THAT(refusal(text), HasSubstr("curves.csv:1: no column `joules`"));
}

TEST(RecordedTable, KnowsATrainingThatDiverged) {
  const auto table = parse(kHeader + "0.8,adam,,1,nan,20,220\n");

  EXPECT_EQ(first_of(*table, adam(0.8)).not_finite, "accuracy");
  EXPECT_TRUE(first_of(*table, adam(0.8)).metrics.empty());
}

TEST(RecordedTable, NeedsNoStepsWhereProgramsRunAsAWhole) {
  const std::string text = "lr,optimizer,momentum,accuracy,seconds,joules\n0.8,adam,,0.6,20,220\n";

  EXPECT_EQ(first_of(*parse(text, {.runs_as_a_whole = true}), adam(0.8)).step, 1.0);
  EXPECT_THAT(refusal(text), HasSubstr("no column `step`"));
}

TEST(RecordedTable, NamesTheColumnThatIsMissing) {
  const std::string misspelt = "lr,optimiser,momentum,step,accuracy,seconds,joules\n";
  EXPECT_THAT(refusal(misspelt), HasSubstr("curves.csv:1: no column for parameter `optimizer`"));
  EXPECT_THAT(refusal(misspelt), HasSubstr("is it `optimiser`?"));
  EXPECT_THAT(refusal("lr,optimizer,momentum,step,acc,seconds,joules\n"),
              HasSubstr("no column for metric `accuracy`"));
  EXPECT_THAT(refusal("lr,lr,optimizer,momentum,step,accuracy,seconds,joules\n"),
              HasSubstr("`lr` is there twice"));
  EXPECT_THAT(refusal(""), HasSubstr("curves.csv: the table is empty"));
  EXPECT_THAT(refusal(kHeader), HasSubstr("no row"));
}

TEST(RecordedTable, NamesLineAndValueOfWhatItCannotTake) {
  const auto second = [&](const std::string& row) {
    return refusal(kHeader + "0.1,sgd,0.9,1,0.5,10,100\n" + row + "\n");
  };
  EXPECT_THAT(second("7,sgd,0.9,2,0.5,20,200"),
              HasSubstr("curves.csv:3: parameter `lr` is 7, which the study does not allow"));
  EXPECT_THAT(second("0.1,sgdd,0.9,2,0.5,20,200"), HasSubstr("parameter `optimizer` is sgdd"));
  EXPECT_THAT(second("0.1,adam,0.9,2,0.5,20,200"), HasSubstr("condition does not hold"));
  EXPECT_THAT(second("0.1,sgd,,2,0.5,20,200"), HasSubstr("condition does not hold"));
  EXPECT_THAT(second("0.1,sgd,0.9,2,high,20,200"), HasSubstr("metric `accuracy` is high"));
  EXPECT_THAT(second("0.1,sgd,0.9,0,0.5,20,200"), HasSubstr("`step` is 0"));
  EXPECT_THAT(second("0.1,sgd,0.9,two,0.5,20,200"), HasSubstr("`step` is two"));
  EXPECT_THAT(second("0.1,sgd,0.9,2,0.5,-1,200"), HasSubstr("`seconds` is -1"));
  EXPECT_THAT(second("0.1,sgd,0.9,2,0.5,20,"), HasSubstr("`joules` is empty"));
  EXPECT_THAT(second("0.1,sgd,0.9,2,0.5,20"), HasSubstr("curves.csv:3: 6 cells, but 7 columns"));
  EXPECT_THAT(second("0.1,\"sgd,0.9,2,0.5,20,200"), HasSubstr("curves.csv:3: a quote"));
}

TEST(RecordedTable, RefusesTimeThatRunsBackwardsAndStepsThatAreThereTwice) {
  const std::string good = "0.1,sgd,0.9,2,0.5,10,100\n";

  EXPECT_THAT(refusal(kHeader + good + "0.1,sgd,0.9,3,0.5,5,200\n"),
              HasSubstr("curves.csv:3: `seconds` falls from 10 at step 2 (line 2) to 5 at step 3"));
  EXPECT_THAT(refusal(kHeader + good + "0.1,sgd,0.9,3,0.5,20,99\n"),
              HasSubstr("`joules` falls from 100"));
  EXPECT_THAT(refusal(kHeader + good + good),
              HasSubstr("curves.csv:3: step 2 of this configuration is in line 2 already; several "
                        "trainings of it need a column `seed`"));
}

TEST(RecordedTable, SaysWhichFileCannotBeRead) {
  const TemporaryFolder folder;
  try {
    static_cast<void>(read_table(folder / "none.csv", small_space(), kRequired));
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), HasSubstr("none.csv cannot be read"));
  }
  const auto table = read_table(folder.write("t.csv", kTable), small_space(), kRequired);
  EXPECT_EQ(first_of(*table, adam(0.8)).energy, Joules{220.0});
}

}  // namespace
}  // namespace wattune::recorded
