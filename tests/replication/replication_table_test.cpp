#include "wattune/replication/table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "wattune/base/result.hpp"
#include "wattune/replication/expression.hpp"
#include "wattune/replication/workbook.hpp"

namespace wattune::replication {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// What goes wrong with a text; empty where nothing does.
std::string problem_of(const std::string& csv) {
  try {
    [[maybe_unused]] const Table table = table_from_csv(csv, "t.csv");
  } catch (const ConfigError& error) {
    return error.what();
  }
  return {};
}

Cell value_of(const std::string& formula) {
  const Lookup lookup = [](std::string_view name) -> Cell {
    if (name == "two") return 2.0;
    if (name == "phase.train.energy_j") return 50.0;
    if (name == "outcome") return std::string{"completed"};
    return {};
  };
  return Expression{formula}.evaluate(lookup);
}

std::string refusal_of(const std::string& formula) {
  try {
    [[maybe_unused]] const Expression expression{formula};
  } catch (const ConfigError& error) {
    return error.what();
  }
  return {};
}

Table energies() {
  return table_from_csv(
      "experiment,lr,joules\n"
      "a,0.1,10\n"
      "a,0.01,20\n"
      "b,0.1,\n"
      "b,0.01,40\n",
      "t.csv");
}

}  // namespace

TEST(Table, ReadsBackWhatItWrote) {
  Table table{{"name", "value"}};
  table.add({std::string{"a, \"b\""}, 0.1});
  table.add({Cell{}, 1e300});
  const Table again = table_from_csv(to_csv(table), "t.csv");
  ASSERT_EQ(again.num_rows(), 2U);
  EXPECT_EQ(again.row(0), table.row(0));
  EXPECT_EQ(again.row(1), table.row(1));
}

TEST(Table, TakesInfinityAndNanForTexts) {
  const Table table = table_from_csv("a,b\nnan,inf\n", "t.csv");
  EXPECT_THAT(table.row(0), ElementsAre(Cell{std::string{"nan"}}, Cell{std::string{"inf"}}));
}

TEST(Table, NamesTheLineOfAWrongShape) {
  EXPECT_THAT(problem_of("a,b\n1,2\n1,2,3\n"), HasSubstr("t.csv:3: 3 cells, but 2 columns"));
  EXPECT_THAT(problem_of("a,a\n1,2\n"), HasSubstr("t.csv:1: column `a` is there twice"));
  EXPECT_THAT(problem_of("a,,c\n"), HasSubstr("a column has no name"));
  EXPECT_THAT(problem_of(""), HasSubstr("t.csv: the table is empty"));
  EXPECT_THAT(problem_of("a\n\"b\n"), HasSubstr("t.csv:2: a quote is not closed"));
}

TEST(Table, JoinsTablesOfDifferentColumns) {
  Table table = energies();
  Table other{{"joules", "watts"}};
  other.add({5.0, 7.0});
  table.append(other);
  EXPECT_THAT(table.columns(), ElementsAre("experiment", "lr", "joules", "watts"));
  EXPECT_THAT(table.row(4), ElementsAre(Cell{}, Cell{}, Cell{5.0}, Cell{7.0}));
  EXPECT_TRUE(is_missing(table.at(0, "watts")));
}

TEST(Table, GroupsRowsInTheOrderOfTheirKeys) {
  const std::vector<std::string> by{"lr"};
  const std::vector<Group> groups = grouped(energies(), by);
  ASSERT_EQ(groups.size(), 2U);
  EXPECT_EQ(groups[0].key[0], Cell{0.01});
  EXPECT_THAT(groups[0].rows, ElementsAre(1U, 3U));
  EXPECT_THAT(groups[1].rows, ElementsAre(0U, 2U));
}

TEST(Expression, BindsAsOneIsUsedTo) {
  EXPECT_EQ(value_of("1 + 2 * 3"), Cell{7.0});
  EXPECT_EQ(value_of("(1 + 2) * 3"), Cell{9.0});
  EXPECT_EQ(value_of("-two ^ 2"), Cell{-4.0});
  EXPECT_EQ(value_of("10 - 4 - 3"), Cell{3.0});
  EXPECT_EQ(value_of("1 / phase.train.energy_j * 3600"), Cell{72.0});
  EXPECT_EQ(value_of("max(1, two) + log2(8)"), Cell{5.0});
  EXPECT_EQ(value_of("1e-3*1000"), Cell{1.0});
}

TEST(Expression, ComparesNumbersAndTexts) {
  EXPECT_EQ(value_of("two >= 2 and outcome == 'completed'"), Cell{1.0});
  EXPECT_EQ(value_of("two < 2 or outcome != 'completed'"), Cell{0.0});
  EXPECT_EQ(value_of("not two == 3"), Cell{1.0});
  EXPECT_TRUE(is_missing(value_of("two == 'completed'")));
}

TEST(Expression, PassesOnWhatIsMissing) {
  EXPECT_TRUE(is_missing(value_of("absent + 1")));
  EXPECT_TRUE(is_missing(value_of("absent > 1")));
  EXPECT_TRUE(is_missing(value_of("1 / 0")));
  EXPECT_TRUE(is_missing(value_of("log(0 - 1)")));
  EXPECT_EQ(value_of("missing(absent)"), Cell{1.0});
  EXPECT_EQ(value_of("absent > 1 or two == 2"), Cell{1.0});
  EXPECT_EQ(value_of("absent > 1 and two == 3"), Cell{0.0});
}

TEST(Expression, SaysWhereItIsWrong) {
  EXPECT_THAT(refusal_of("1 + "), HasSubstr("something is missing, at letter 5"));
  EXPECT_THAT(refusal_of("(1"), HasSubstr("`)` is missing"));
  EXPECT_THAT(refusal_of("1 2"), HasSubstr("is not understood, at letter 3"));
  EXPECT_THAT(refusal_of("sine(1)"), HasSubstr("unknown function `sine`; there are abs"));
  EXPECT_THAT(refusal_of("log(1, 2)"), HasSubstr("`log` takes 1 value"));
  EXPECT_THAT(refusal_of("'open"), HasSubstr("the text is not closed"));
  EXPECT_THAT(refusal_of(std::string(200, '(')), HasSubstr("too many brackets"));
}

TEST(Workbook, FindsCellsByKeyAndByTheOnlyRow) {
  Workbook book;
  book.put("all", energies());
  Table one{{"ratio"}};
  one.add({5.0});
  book.put("penalty", one);
  EXPECT_EQ(book.cell("penalty.ratio"), Cell{5.0});
  EXPECT_EQ(book.cell("all[a/0.01].joules"), Cell{20.0});
  EXPECT_EQ(book.cell("all[b].lr"), Cell{0.1});  // the first of b
  EXPECT_TRUE(is_missing(book.cell("all.joules")));
  EXPECT_TRUE(is_missing(book.cell("all[c].joules")));
  EXPECT_TRUE(is_missing(book.cell("none.joules")));
  EXPECT_TRUE(is_missing(book.cell("word")));
}

TEST(Workbook, KeepsOnlyRowsThatFit) {
  Workbook book;
  book.put("all", energies());
  Spec spec;
  spec.of = {"all", "absent"};
  spec.where = Expression{"experiment == 'b' and not missing(joules)"};
  const Table rows = book.rows_of(spec);
  ASSERT_EQ(rows.num_rows(), 1U);
  EXPECT_EQ(rows.at(0, "joules"), Cell{40.0});
}

}  // namespace wattune::replication
