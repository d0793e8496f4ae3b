#include "wattune/replication/analysis.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>

#include "wattune/replication/check.hpp"
#include "wattune/replication/document.hpp"

namespace wattune::replication {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

using Options = std::map<std::string, Option, std::less<>>;

Expression formula(const std::string& text) {
  return Expression{text};
}

Spec spec(std::string kind, std::string of, Options options) {
  Spec made;
  made.kind = std::move(kind);
  if (!of.empty()) made.of = {std::move(of)};
  made.options = std::move(options);
  return made;
}

Workbook book_of(const std::string& name, const std::string& csv) {
  Workbook book;
  book.put(name, table_from_csv(csv, name + ".csv"));
  return book;
}

double number_at(const Table& table, std::size_t row, std::string_view column) {
  const auto number = number_of(table.at(row, column));
  EXPECT_TRUE(number) << column << " is missing in row " << row;
  return number.value_or(std::nan(""));
}

Workbook published() {
  const std::string folder = std::string{SOURCE_DIR} + "/studies/green-practices/published/";
  Workbook book;
  for (const char* name : {"cells", "kruskal_wallis"}) {
    std::ifstream stream(folder + name + ".csv");
    const std::string text{std::istreambuf_iterator<char>{stream}, {}};
    book.put(name, table_from_csv(text, name));
  }
  return book;
}

constexpr const char* kCurves =
    "experiment,trial,parameter.lr,step,energy_j,duration_s,metric.accuracy\n"
    "grid,0,0.1,100,5,1,0.70\n"
    "grid,0,0.1,200,10,2,0.86\n"
    "grid,0,0.1,300,15,3,0.88\n"
    "grid,1,0.01,100,6,1,0.80\n"
    "grid,1,0.01,200,40,2,0.90\n"
    "grid,2,0.001,100,4,1,0.20\n"
    "grid,2,0.001,200,9,2,0.30\n";

Table to_target_of(const Workbook& book) {
  return analyse(
             spec("to_target", "curves", {{"metric", "metric.accuracy"}, {"best_fraction", 0.95}}),
             book)
      .table;
}

}  // namespace

// --- the published tables of Yarally et al. (CAIN 2023) ---------------------------------------

struct Percentages {
  const char* dataset;
  double convolution;
  double linear;
  double relu;
};

class PublishedCells : public ::testing::TestWithParam<Percentages> {};

TEST_P(PublishedCells, GiveThePrintedPercentages) {
  Spec made = spec("kruskal_wallis", "cells",
                   {{"value", formula("mean_j")},
                    {"factors", std::vector<std::string>{"convolution", "linear", "relu"}}});
  made.where = formula(std::string{"dataset == '"} + GetParam().dataset + "'");
  const Table table = analyse(made, published()).table;
  ASSERT_EQ(table.num_rows(), 3U);
  EXPECT_NEAR(number_at(table, 0, "percent"), GetParam().convolution, 0.05);
  EXPECT_NEAR(number_at(table, 1, "percent"), GetParam().linear, 0.05);
  EXPECT_NEAR(number_at(table, 2, "percent"), GetParam().relu, 0.05);
}

INSTANTIATE_TEST_SUITE_P(Datasets, PublishedCells,
                         ::testing::Values(Percentages{"FashionMNIST", 95.3, 4.9, 2.7},
                                           Percentages{"CIFAR-10", 66.4, 6.6, 2.9}));

TEST(PublishedCellsTable, GivesThePrintedVariation) {
  const Finding finding =
      analyse(spec("groups", "cells", {{"value", formula("deviation_j / mean_j")}}), published());
  EXPECT_NEAR(number_at(finding.table, 0, "mean"), 0.009, 5e-4);
  EXPECT_NEAR(number_at(finding.table, 0, "max"), 0.018, 5e-4);
}

TEST(PublishedTests, GiveThePrintedEtaSquaredWithThePapersGroups) {
  Spec made = spec("each", "kruskal_wallis",
                   {{"each", formula("abs((h - groups + 1) / (count - groups) - eta_squared) < "
                                     "0.0005")}});
  EXPECT_EQ(check(made, published()).state, CheckState::Holds);
}

TEST(KruskalWallisAnalysis, ReachesThePrintedCeilingAndBothEtaSquared) {
  std::string csv = "convolution,energy_j\n";
  for (int i = 0; i < 1536; ++i) {
    csv += "1," + std::to_string(i) + "\n4," + std::to_string(2000 + i) + "\n";
  }
  const Table table = analyse(spec("kruskal_wallis", "runs",
                                   {{"value", formula("energy_j")},
                                    {"factors", std::vector<std::string>{"convolution"}},
                                    {"groups_in_paper", 8.0}}),
                              book_of("runs", csv))
                          .table;
  EXPECT_NEAR(number_at(table, 0, "h"), 2303.25, 0.005);
  EXPECT_NEAR(number_at(table, 0, "eta_squared_paper"), 0.749, 5e-4);
  EXPECT_NEAR(number_at(table, 0, "eta_squared"), 0.750, 5e-4);
}

// --- energy to a target ----------------------------------------------------------------------

TEST(ToTarget, FindsTheFirstReportAtTheTargetAndKeepsWhoNeverGotThere) {
  Workbook book = book_of("curves", kCurves);
  const Finding finding = analyse(
      spec("to_target", "curves", {{"metric", "metric.accuracy"}, {"best_fraction", 0.95}}), book);
  ASSERT_EQ(finding.table.num_rows(), 3U);
  EXPECT_DOUBLE_EQ(number_at(finding.table, 0, "target"), 0.95 * 0.90);
  EXPECT_DOUBLE_EQ(number_at(finding.table, 0, "energy_j"), 10.0);
  EXPECT_DOUBLE_EQ(number_at(finding.table, 1, "energy_j"), 40.0);
  EXPECT_EQ(finding.table.at(2, "reached"), Cell{0.0});
  EXPECT_TRUE(is_missing(finding.table.at(2, "energy_j")));
  EXPECT_DOUBLE_EQ(number_at(finding.table, 2, "spent_j"), 9.0);
  EXPECT_THAT(finding.notes, Contains(HasSubstr("1 of 3 trainings never reached the target")));
}

TEST(ToTarget, IsThereWhereTheMetricIsExactlyTheTarget) {
  const Table table =
      analyse(spec("to_target", "curves",
                   {{"metric", "metric.accuracy"}, {"target", formula("0.43 * 2")}}),
              book_of("curves", kCurves))
          .table;
  EXPECT_DOUBLE_EQ(number_at(table, 0, "energy_j"), 10.0);
}

TEST(ToTarget, LooksForSmallValuesWhereLessIsBetter) {
  const Workbook book = book_of("curves",
                                "experiment,trial,step,energy_j,duration_s,loss\n"
                                "a,0,1,2,1,4.0\na,0,2,3,2,1.0\na,0,3,5,3,0.9\n");
  const Table table =
      analyse(spec("to_target", "curves",
                   {{"metric", "loss"}, {"target", formula("1.0")}, {"minimize", true}}),
              book)
          .table;
  EXPECT_DOUBLE_EQ(number_at(table, 0, "energy_j"), 3.0);
}

TEST(Extremes, SetsTheWorstAgainstTheBestOfThoseThatGotThere) {
  Workbook book = book_of("curves", kCurves);
  book.put("to_target", to_target_of(book));
  const Table table = analyse(spec("extremes", "to_target",
                                   {{"value", formula("energy_j")},
                                    {"reached", formula("reached")},
                                    {"label", std::vector<std::string>{"parameter.lr"}}}),
                              book)
                          .table;
  EXPECT_DOUBLE_EQ(number_at(table, 0, "ratio"), 4.0);
  EXPECT_EQ(number_at(table, 0, "reached"), 2.0);
  EXPECT_EQ(number_at(table, 0, "not_reached"), 1.0);
  EXPECT_EQ(table.at(0, "best"), Cell{std::string{"lr=0.1"}});
  EXPECT_EQ(table.at(0, "worst"), Cell{std::string{"lr=0.01"}});
}

TEST(Extremes, SaysThatNobodyReachedTheTarget) {
  const Finding finding = analyse(
      spec("extremes", "t", {{"value", formula("energy_j")}, {"reached", formula("reached")}}),
      book_of("t", "energy_j,reached\n,0\n,0\n"));
  EXPECT_TRUE(is_missing(finding.table.at(0, "ratio")));
  EXPECT_EQ(number_at(finding.table, 0, "not_reached"), 2.0);
  EXPECT_THAT(finding.notes, Contains(HasSubstr("not reached by any")));
}

TEST(Extremes, NamesARowByWhatItHas) {
  const Table table =
      analyse(spec("extremes", "t",
                   {{"value", formula("j")},
                    {"label", std::vector<std::string>{"experiment", "parameter.amount"}}}),
              book_of("t", "experiment,parameter.amount,j\ninfer-cnn,,1\ninfer-mlp,0.5,2\n"))
          .table;
  EXPECT_EQ(table.at(0, "best"), Cell{std::string{"infer-cnn"}});
  EXPECT_EQ(table.at(0, "worst"), Cell{std::string{"infer-mlp amount=0.5"}});
}

// --- the others ------------------------------------------------------------------------------

TEST(Groups, GiveMeanDeviationAndVariation) {
  const Finding finding =
      analyse(spec("groups", "t", {{"value", formula("j")}, {"by", std::vector<std::string>{"d"}}}),
              book_of("t", "d,j\n1,9\n1,10\n1,11\n2,\n"));
  ASSERT_EQ(finding.table.num_rows(), 1U);
  EXPECT_DOUBLE_EQ(number_at(finding.table, 0, "mean"), 10.0);
  EXPECT_DOUBLE_EQ(number_at(finding.table, 0, "deviation"), 1.0);
  EXPECT_DOUBLE_EQ(number_at(finding.table, 0, "cv"), 0.1);
  EXPECT_THAT(finding.notes, Contains("1 of 4 rows has no value and is left out"));
}

TEST(Wilcoxon, ComparesPairsAndCorrectsForSeveralTreatments) {
  std::string csv = "model,tactic,j\n";
  for (int model = 1; model <= 6; ++model) {
    const std::string name = "m" + std::to_string(model);
    csv += name + ",none," + std::to_string(100 * model) + "\n";
    csv += name + ",int8," + std::to_string(50 * model) + "\n";
    csv += name + ",prune," + std::to_string(100 * model + (model % 2 == 0 ? 1 : -1)) + "\n";
  }
  const Table table = analyse(spec("wilcoxon", "t",
                                   {{"value", formula("j")},
                                    {"treatment", "tactic"},
                                    {"control", "none"},
                                    {"pairs", std::vector<std::string>{"model"}}}),
                              book_of("t", csv))
                          .table;
  ASSERT_EQ(table.num_rows(), 2U);
  EXPECT_EQ(table.at(0, "treatment"), Cell{std::string{"int8"}});
  EXPECT_DOUBLE_EQ(number_at(table, 0, "median_ratio"), 0.5);
  EXPECT_DOUBLE_EQ(number_at(table, 0, "p"), 2.0 / 64.0);       // all six signs alike
  EXPECT_DOUBLE_EQ(number_at(table, 0, "p_holm"), 4.0 / 64.0);  // the smaller of two
  EXPECT_DOUBLE_EQ(number_at(table, 1, "p"), 1.0);
}

TEST(PowerLawAnalysis, FindsTheExponentAndItsInterval) {
  const Table table =
      analyse(spec("power_law", "t", {{"value", formula("eff")}, {"x", formula("n")}}),
              book_of("t", "n,eff\n1,10\n4,5\n16,2.5\n64,1.25\n"))
          .table;
  EXPECT_NEAR(number_at(table, 0, "exponent"), -0.5, 1e-12);
  EXPECT_NEAR(number_at(table, 0, "factor"), 10.0, 1e-9);
}

TEST(OptimumRound, CountsTheEnergyUntilThePlateauAndUntilTheBest) {
  const Table table =
      analyse(
          spec("optimum_round", "t",
               {{"value", formula("accuracy")}, {"energy", formula("j")}, {"least_gain", 0.002}}),
          book_of("t", "accuracy,j\n0.6,1\n,1\n0.85,1\n0.8,1\n0.851,1\n"))
          .table;
  EXPECT_EQ(number_at(table, 0, "rounds"), 5.0);
  EXPECT_EQ(number_at(table, 0, "optimum_round"), 3.0);
  EXPECT_EQ(number_at(table, 0, "energy_to_optimum_j"), 3.0);
  EXPECT_EQ(number_at(table, 0, "energy_to_best_j"), 5.0);
}

TEST(Ranking, TellsWhetherTwoDevicesAgree) {
  const Table table = analyse(spec("ranking", "t",
                                   {{"value", formula("j")},
                                    {"item", std::vector<std::string>{"lr"}},
                                    {"between", "device"}}),
                              book_of("t",
                                      "device,lr,j\n1,a,1\n1,b,2\n1,c,3\n"
                                      "2,a,5\n2,b,4\n2,c,9\n2,d,1\n"))
                          .table;
  EXPECT_NEAR(number_at(table, 0, "kendall_tau"), 1.0 / 3.0, 1e-12);
  EXPECT_EQ(number_at(table, 0, "items"), 3.0);
  EXPECT_EQ(table.at(0, "lowest_second"), Cell{std::string{"lr=d"}});
}

TEST(PayBack, TakesItsFiguresFromOtherAnalyses) {
  Workbook book = book_of("search", "energy_j\n66996\n");
  book.put("best", table_from_csv("eff\n2.67\n", "b"));
  Spec made = spec("pay_back", "",
                   {{"cost", formula("search.energy_j")},
                    {"saving_per_use", formula("38 / best.eff - 1 / best.eff")},
                    {"unit", "tokens"}});
  const Table table = analyse(made, book).table;
  EXPECT_NEAR(number_at(table, 0, "uses"), 4834.0, 1.0);
}

TEST(Saving, IsNotComparableWhereTheQualityIsWorse) {
  Workbook book;
  Options options{{"spent", formula("60")},
                  {"against", formula("80")},
                  {"quality", formula("0.90")},
                  {"quality_against", formula("0.905")}};
  EXPECT_DOUBLE_EQ(number_at(analyse(spec("saving", "", options), book).table, 0, "percent"), 25.0);
  options.insert_or_assign("quality", formula("0.80"));
  const Finding worse = analyse(spec("saving", "", options), book);
  EXPECT_TRUE(is_missing(worse.table.at(0, "percent")));
  EXPECT_EQ(number_at(worse.table, 0, "comparable"), 0.0);
  EXPECT_THAT(worse.notes, Contains(HasSubstr("not comparable: the quality is worse by 0.105")));
}

TEST(Analyse, SaysThatAColumnIsNotThere) {
  const Finding finding =
      analyse(spec("groups", "t", {{"value", formula("enrgy_j")}}), book_of("t", "energy_j\n1\n"));
  EXPECT_THAT(finding.notes, Contains("nothing has the name `enrgy_j`; is it `energy_j`?"));
}

TEST(Analyse, SaysThatAnExperimentLeftNothing) {
  const Finding finding =
      analyse(spec("groups", "gone", {{"value", formula("energy_j")}}), Workbook{});
  EXPECT_EQ(finding.table.num_rows(), 0U);
  EXPECT_THAT(finding.notes, Contains("there is nothing in gone"));
}

// --- claims ----------------------------------------------------------------------------------

TEST(Check, FollowsAnOrderWithinGroups) {
  const Workbook book = book_of("t", "g,x,y\na,1,1\na,2,2\nb,1,9\nb,2,10\n");
  Options options{{"rising", "y"}, {"with", "x"}, {"within", std::vector<std::string>{"g"}}};
  EXPECT_EQ(check(spec("rising", "t", options), book).state, CheckState::Holds);
  const Workbook falls = book_of("t", "g,x,y\na,1,10\na,2,9.5\n");
  EXPECT_EQ(check(spec("rising", "t", options), falls).state, CheckState::Broken);
  options.emplace("tolerance", 0.06);
  EXPECT_EQ(check(spec("rising", "t", options), falls).state, CheckState::Holds);
}

TEST(Check, CannotTellWithoutWhatItNeeds) {
  const Workbook book = book_of("t", "x,y\n1,\n2,\n");
  EXPECT_EQ(check(spec("rising", "t", {{"rising", "y"}, {"with", "x"}}), book).state,
            CheckState::Untold);
  EXPECT_EQ(check(spec("each", "t", {{"each", formula("y > 0")}}), book).state, CheckState::Untold);
  EXPECT_EQ(check(spec("holds", "", {{"holds", formula("t.y > 0")}}), book).state,
            CheckState::Untold);
}

TEST(Check, RecomputesAColumn) {
  const Options options{{"same", "r"}, {"as", formula("a / b")}};
  EXPECT_EQ(check(spec("same", "t", options), book_of("t", "a,b,r\n6,2,3\n1,0,\n")).state,
            CheckState::Holds);
  EXPECT_EQ(check(spec("same", "t", options), book_of("t", "a,b,r\n6,2,3.1\n")).state,
            CheckState::Broken);
}

Manifest bare_manifest() {
  return {.source = config::SourceText("m", ""), .folder = {}, .name = "m"};
}

TEST(Evaluate, FindsASummaryThatItsTablesDoNotMake) {
  Manifest manifest = bare_manifest();
  Spec mean = spec("groups", "t", {{"value", formula("j")}});
  mean.name = "mean";
  manifest.analyses.push_back(mean);
  Workbook book = book_of("t", "j\n1\n3\n");
  const auto document = evaluate(manifest, Scale::Small, book);
  EXPECT_TRUE(differences(document, document).empty());
  Workbook changed = book_of("t", "j\n1\n4\n");
  const auto other = evaluate(manifest, Scale::Small, changed);
  EXPECT_THAT(differences(document, other), Contains(HasSubstr("`mean` is not what its tables")));
}

TEST(Evaluate, DrawsTheLowestSoFarOverAllThatWasSpent) {
  Manifest manifest = bare_manifest();
  manifest.figures.push_back(spec("lines", "t",
                                  {{"x", formula("j")},
                                   {"y", formula("j / kept")},
                                   {"group", std::vector<std::string>{"search"}},
                                   {"running_best", true},
                                   {"minimize", true},
                                   {"cumulative_x", true}}));
  Workbook book = book_of("t", "search,j,kept\na,4,1\na,1,0\na,3,1\na,5,1\n");
  const auto document = evaluate(manifest, Scale::Small, book);
  EXPECT_EQ(document.at("figures").at(0).at("series").at(0).at("points"),
            nlohmann::ordered_json::parse("[[4.0,4.0],[8.0,3.0],[13.0,3.0]]"));
}

}  // namespace wattune::replication
