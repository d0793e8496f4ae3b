#include "search/comparison.hpp"

#include <gtest/gtest.h>

namespace wattune::bench {
namespace {

const std::vector<Scores> kScores{{"judged", {1.0, 2.0, 3.0, 4.0, 5.0}},
                                  {"worse", {2.0, 4.0, 6.0, 8.0, 10.0}},
                                  {"missing", {0.5, std::nullopt, 2.5, std::nullopt, 4.5}}};

}  // namespace

TEST(Comparison, RanksMissingValuesLast) {
  // The third is first where it has a value and last where it has none.
  const auto ranks = mean_ranks(kScores);
  ASSERT_EQ(ranks.size(), 3U);
  EXPECT_DOUBLE_EQ(ranks[0], (2.0 + 1.0 + 2.0 + 1.0 + 2.0) / 5.0);
  EXPECT_DOUBLE_EQ(ranks[1], (3.0 + 2.0 + 3.0 + 2.0 + 3.0) / 5.0);
  EXPECT_DOUBLE_EQ(ranks[2], (1.0 + 3.0 + 1.0 + 3.0 + 1.0) / 5.0);
}

TEST(Comparison, TestsTheFirstAgainstEachOther) {
  const auto rows = compare(kScores);
  EXPECT_EQ(rows[0].median, 3.0);
  EXPECT_EQ(rows[0].low_quartile, 2.0);
  EXPECT_EQ(rows[0].high_quartile, 4.0);
  EXPECT_DOUBLE_EQ(rows[1].p_judged_better, 1.0 / 32.0);
  EXPECT_DOUBLE_EQ(rows[1].p_judged_worse, 1.0);
  EXPECT_EQ(rows[0].p_judged_better, 1.0);
  EXPECT_EQ(rows[2].num_missing, 2U);
}

}  // namespace wattune::bench
