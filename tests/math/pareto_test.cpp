#include "wattune/math/pareto.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "wattune/base/random.hpp"

namespace wattune::math {
namespace {

std::vector<std::vector<double>> random_points(std::size_t count, std::size_t num_objectives,
                                               std::uint64_t seed) {
  Rng rng{seed};
  std::vector<std::vector<double>> points(count, std::vector<double>(num_objectives));
  for (auto& point : points) {
    // A coarse grid, so that equal coordinates and equal points occur.
    for (double& loss : point) loss = static_cast<double>(rng.index(12));
  }
  return points;
}

/// Peels one front after another, straight from the definition.
std::vector<std::size_t> ranks_by_definition(const std::vector<std::vector<double>>& points) {
  std::vector<std::size_t> ranks(points.size(), points.size());
  std::size_t num_left = points.size();
  for (std::size_t rank = 0; num_left > 0; ++rank) {
    std::vector<std::size_t> front;
    for (std::size_t i = 0; i < points.size(); ++i) {
      if (ranks[i] < rank) continue;
      bool is_dominated = false;
      for (std::size_t j = 0; j < points.size(); ++j) {
        is_dominated = is_dominated || (ranks[j] >= rank && dominates(points[j], points[i]));
      }
      if (!is_dominated) front.push_back(i);
    }
    for (const std::size_t i : front) ranks[i] = rank;
    num_left -= front.size();
  }
  return ranks;
}

}  // namespace

TEST(Dominance, NeedsOneBetterAndNoneWorse) {
  EXPECT_TRUE(dominates(std::vector{1.0, 2.0}, std::vector{1.0, 3.0}));
  EXPECT_FALSE(dominates(std::vector{1.0, 3.0}, std::vector{2.0, 2.0}));
  EXPECT_FALSE(dominates(std::vector{1.0, 2.0}, std::vector{1.0, 2.0}));
}

TEST(NonDominatedRanks, PeelFrontAfterFront) {
  const std::vector<std::vector<double>> points{{1, 4}, {2, 3}, {4, 1}, {2, 4}, {4, 4}, {2, 3}};
  EXPECT_EQ(non_dominated_ranks(points), (std::vector<std::size_t>{0, 0, 0, 1, 2, 0}));
}

TEST(NonDominatedRanks, AgreeWithTheDefinitionForOneToSixObjectives) {
  for (std::size_t num_objectives = 1; num_objectives <= 6; ++num_objectives) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      const auto points = random_points(60, num_objectives, seed);
      EXPECT_EQ(non_dominated_ranks(points), ranks_by_definition(points))
          << num_objectives << " objectives, seed " << seed;
    }
  }
}

TEST(ParetoFront, IsTheFirstOfTheFronts) {
  for (std::size_t num_objectives = 1; num_objectives <= 6; ++num_objectives) {
    const auto points = random_points(200, num_objectives, num_objectives);
    const auto ranks = ranks_by_definition(points);
    std::vector<std::size_t> first;
    for (std::size_t i = 0; i < points.size(); ++i) {
      if (ranks[i] == 0) first.push_back(i);
    }
    EXPECT_EQ(pareto_front(points), first) << num_objectives << " objectives";
  }
}

TEST(ParetoFront, KeepsEqualPointsAndIsEmptyForNone) {
  const std::vector<std::vector<double>> points{{3, 3}, {1, 2}, {1, 2}, {0, 5}};
  EXPECT_EQ(pareto_front(points), (std::vector<std::size_t>{1, 2, 3}));
  EXPECT_TRUE(pareto_front({}).empty());
}

}  // namespace wattune::math
