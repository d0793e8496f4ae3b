#include "../../src/schedulers/rung_table.hpp"

#include <gtest/gtest.h>

#include "wattune/base/random.hpp"
#include "wattune/math/pareto.hpp"

namespace wattune::schedulers {
namespace {

/// Trials of all kinds, many of them equal in something.
std::vector<Standing> standings(Rng& rng, std::size_t num, std::size_t num_objectives) {
  std::vector<Standing> made;
  for (std::size_t i = 0; i < num; ++i) {
    Standing standing;
    standing.trial = TrialId{static_cast<std::uint32_t>(i)};
    if (rng.uniform() < 0.9) {
      for (std::size_t k = 0; k < num_objectives; ++k) {
        standing.losses.push_back(static_cast<double>(rng.index(20)));
      }
    }
    // No two violations alike: those that are, the table does not put in fronts.
    const double kind = rng.uniform();
    if (kind < 0.7) {
      standing.violation = 0.0;
    } else if (kind < 0.9) {
      standing.violation = 1.0 + static_cast<double>(i);
    }
    made.push_back(std::move(standing));
  }
  return made;
}

TEST(RungTable, PutsTrialsInTheOrderOfTheirRanksWhateverTheOrderTheyCameIn) {
  Rng rng{3};
  for (const RankBy rank_by : {RankBy::FirstObjective, RankBy::NonDominated}) {
    for (const std::size_t num_objectives : {1U, 2U, 3U}) {
      auto made = standings(rng, 120, num_objectives);
      std::erase_if(made, [](const Standing& one) { return !one.violation.has_value(); });
      const std::vector<TrialId> expected = rank(made, rank_by);
      for (std::size_t i = made.size(); i > 1; --i) std::swap(made[i - 1], made[rng.index(i)]);
      RungTable table(rank_by, 2);
      for (const Standing& one : made) table.put(one);
      for (const TrialId id : expected) {
        ASSERT_EQ(table.best(), id);
        table.set_gone(id, true);
      }
      EXPECT_EQ(table.best(), std::nullopt);
    }
  }
}

TEST(RungTable, TheFirstOfANetIsTheBestOfItsRank) {
  Rng rng{4};
  for (int i = 0; i < 20; ++i) {
    const auto made = standings(rng, 60, 2);
    RungTable table(RankBy::NonDominatedNet, 2);
    for (const Standing& one : made) table.put(one);
    EXPECT_EQ(table.best(), rank(made, RankBy::NonDominatedNet).front());
  }
}

TEST(RungTable, RanksAnewWhatHasChanged) {
  RungTable table(RankBy::NonDominatedNet, 3);
  for (std::uint32_t i = 0; i < 3; ++i) table.put({TrialId{i}, {1.0 + i, 1.0 + i}, 0.0});
  EXPECT_EQ(table.next(), TrialId{0});
  table.put({TrialId{2}, {0.0, 0.0}, 0.0});
  EXPECT_EQ(table.next(), TrialId{2});
  EXPECT_EQ(table.size(), 3U);
}

TEST(RungTable, CountsAnUnknownWeightAsTheMeanOfTheOthers) {
  RungTable table(RankBy::FirstObjective, 2);
  table.put({TrialId{0}, {0.1}, 0.0}, 10);
  table.put({TrialId{1}, {0.2}, 0.0}, std::nullopt);  // 20, as are the two others together a half
  table.put({TrialId{2}, {0.3}, 0.0}, 30);
  EXPECT_EQ(table.next(), TrialId{0});
  table.set_gone(TrialId{0}, true);
  EXPECT_EQ(table.next(), TrialId{1});
  table.set_gone(TrialId{1}, true);
  EXPECT_EQ(table.next(), std::nullopt);
}

TEST(RungFronts, AreThoseOfSortingAllAtOnce) {
  Rng rng{5};
  for (const std::size_t num_objectives : {2U, 3U, 4U}) {
    RungFronts fronts;
    std::vector<std::vector<double>> points;
    for (RungFronts::Index i = 0; i < 200; ++i) {
      points.emplace_back();
      for (std::size_t k = 0; k < num_objectives; ++k) {
        points.back().push_back(static_cast<double>(rng.index(15)));
      }
      fronts.add(i, points.back());
    }
    const auto ranks = math::non_dominated_ranks(points);
    for (std::size_t front = 0; front < fronts.fronts().size(); ++front) {
      for (const RungFronts::Index i : fronts.fronts()[front]) EXPECT_EQ(ranks[i], front);
    }
  }
}

}  // namespace
}  // namespace wattune::schedulers
