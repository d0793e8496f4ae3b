#include "wattune/schedulers/ranking.hpp"

#include <gtest/gtest.h>

namespace wattune::schedulers {
namespace {

Standing standing(std::uint32_t number, std::vector<double> losses,
                  std::optional<double> violation = 0.0) {
  return {TrialId{number}, std::move(losses), violation};
}

std::vector<std::uint32_t> ranked(std::vector<Standing> standings, RankBy rank_by) {
  std::vector<std::uint32_t> numbers;
  for (const TrialId id : rank(std::move(standings), rank_by)) numbers.push_back(id.number());
  return numbers;
}

TEST(Rank, OrdersByTheFirstObjectiveAndTheOlderTrialWinsATie) {
  const std::vector<Standing> standings{standing(3, {1.0}), standing(1, {2.0}), standing(2, {1.0})};
  EXPECT_EQ(ranked(standings, RankBy::FirstObjective), (std::vector<std::uint32_t>{2, 3, 1}));
}

TEST(Rank, OrdersByFrontAndInsideAFrontByTheFirstObjective) {
  // 0 and 1 are on the first front, 2 and 3 on the second, 4 on the third.
  const std::vector<Standing> standings{standing(0, {3.0, 1.0}), standing(1, {1.0, 3.0}),
                                        standing(2, {2.0, 4.0}), standing(3, {4.0, 2.0}),
                                        standing(4, {5.0, 5.0})};
  EXPECT_EQ(ranked(standings, RankBy::NonDominated), (std::vector<std::uint32_t>{1, 0, 2, 3, 4}));
  EXPECT_EQ(ranked(standings, RankBy::FirstObjective), (std::vector<std::uint32_t>{1, 2, 0, 3, 4}));
}

TEST(Rank, EqualTrialsShareAFront) {
  const std::vector<Standing> standings{standing(0, {1.0, 1.0}), standing(1, {1.0, 1.0}),
                                        standing(2, {1.0, 2.0})};
  EXPECT_EQ(ranked(standings, RankBy::NonDominated), (std::vector<std::uint32_t>{0, 1, 2}));
}

TEST(Rank, FeasibleFirstThenTheLeastViolationThenUnknown) {
  const std::vector<Standing> standings{standing(0, {1.0}, 2.0), standing(1, {2.0}, std::nullopt),
                                        standing(2, {9.0}, 0.0), standing(3, {3.0}, 0.5),
                                        standing(4, {}, 0.0)};
  EXPECT_EQ(ranked(standings, RankBy::FirstObjective), (std::vector<std::uint32_t>{2, 3, 0, 1, 4}));
}

TEST(Rank, NobodyIsRankedAmongNobody) {
  EXPECT_TRUE(rank({}, RankBy::NonDominated).empty());
}

}  // namespace
}  // namespace wattune::schedulers
