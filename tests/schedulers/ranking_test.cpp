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

TEST(Rank, GivesTheTrialsInOrderAndNotPlacesInAnOrder) {
  // Of (2,2), (3,3), (1,1) the third is best; its place in the list is not its rank.
  const std::vector<Standing> standings{standing(0, {2.0, 2.0}), standing(1, {3.0, 3.0}),
                                        standing(2, {1.0, 1.0})};
  for (const RankBy rank_by : {RankBy::NonDominated, RankBy::NonDominatedNet}) {
    EXPECT_EQ(ranked(standings, rank_by), (std::vector<std::uint32_t>{2, 0, 1}));
  }
}

TEST(Rank, ANetSpreadsEveryBeginningOverTheFront) {
  const std::vector<Standing> standings{standing(0, {0.0, 1.0}), standing(1, {0.1, 0.9}),
                                        standing(2, {0.5, 0.5}), standing(3, {1.0, 0.0}),
                                        standing(4, {2.0, 2.0})};
  EXPECT_EQ(ranked(standings, RankBy::NonDominatedNet),
            (std::vector<std::uint32_t>{0, 3, 2, 1, 4}));
  EXPECT_EQ(ranked(standings, RankBy::NonDominated), (std::vector<std::uint32_t>{0, 1, 2, 3, 4}));
}

TEST(SpreadOrder, ScalesObjectivesToTheirRange) {
  // Without, the 10 J between the two in the middle would count for more than half an error rate.
  const std::vector<std::vector<double>> points{
      {0.0, 1000.0}, {0.5, 600.0}, {0.98, 590.0}, {1.0, 0.0}};
  const std::vector<std::span<const double>> spans(points.begin(), points.end());
  EXPECT_EQ(spread_order(spans), (std::vector<std::size_t>{0, 3, 1, 2}));
}

TEST(SpreadOrder, GoesOnFromThePointsThatAreChosen) {
  const std::vector<std::vector<double>> points{{0.5, 0.5}, {0.0, 1.0}, {0.4, 0.6}, {1.0, 0.0}};
  const std::vector<std::span<const double>> spans(points.begin(), points.end());
  EXPECT_EQ(spread_order(spans, 1), (std::vector<std::size_t>{1, 3, 2}));
  EXPECT_EQ(spread_order(spans, 2, 1), (std::vector<std::size_t>{3}));
  EXPECT_TRUE(spread_order(spans, 4).empty());
}

}  // namespace
}  // namespace wattune::schedulers
