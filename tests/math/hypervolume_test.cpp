#include "wattune/math/hypervolume.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "wattune/base/random.hpp"

namespace wattune::math {
namespace {

using Points = std::vector<std::vector<double>>;

Points random_grid_points(std::size_t count, std::size_t num_objectives, std::uint64_t seed) {
  Rng rng{seed};
  Points points(count, std::vector<double>(num_objectives));
  for (auto& point : points) {
    for (double& loss : point) loss = static_cast<double>(rng.index(7));  // the reference is at 6
  }
  return points;
}

/// Counts the unit cells below (6, ..., 6) that some point covers.
double volume_by_counting(const Points& points, std::size_t num_objectives) {
  std::size_t num_cells = 1;
  for (std::size_t i = 0; i < num_objectives; ++i) num_cells *= 6;
  double volume = 0.0;
  for (std::size_t cell = 0; cell < num_cells; ++cell) {
    const bool is_covered = std::ranges::any_of(points, [&](const std::vector<double>& point) {
      std::size_t rest = cell;
      for (const double loss : point) {
        if (static_cast<double>(rest % 6) < loss) return false;
        rest /= 6;
      }
      return true;
    });
    volume += is_covered ? 1.0 : 0.0;
  }
  return volume;
}

}  // namespace

TEST(Hypervolume, OfKnownSets) {
  EXPECT_DOUBLE_EQ(hypervolume(Points{{1, 4}, {2, 3}, {3.5, 1}}, std::vector{5.0, 5.0}), 10.0);
  EXPECT_DOUBLE_EQ(hypervolume(Points{{0, 0, 1}, {1, 1, 0}}, std::vector{2.0, 2.0, 2.0}), 5.0);
  EXPECT_DOUBLE_EQ(hypervolume(Points{{3}, {1}}, std::vector{4.0}), 3.0);
  EXPECT_DOUBLE_EQ(hypervolume({}, std::vector{1.0, 1.0}), 0.0);
}

TEST(Hypervolume, IgnoresPointsThatAreNotBelowTheReference) {
  EXPECT_DOUBLE_EQ(hypervolume(Points{{5, 0}, {0, 6}, {4, 4}}, std::vector{5.0, 5.0}), 1.0);
}

TEST(Hypervolume, EqualsTheCountOfCoveredCells) {
  for (std::size_t num_objectives = 1; num_objectives <= 5; ++num_objectives) {
    const std::vector<double> reference(num_objectives, 6.0);
    for (std::uint64_t seed = 0; seed < 15; ++seed) {
      const Points points = random_grid_points(14, num_objectives, seed);
      EXPECT_DOUBLE_EQ(hypervolume(points, reference), volume_by_counting(points, num_objectives))
          << num_objectives << " objectives, seed " << seed;
    }
  }
}

TEST(HypervolumeContributions, AreWhatIsLostWithoutThePoint) {
  for (std::size_t num_objectives = 2; num_objectives <= 4; ++num_objectives) {
    const std::vector<double> reference(num_objectives, 6.0);
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
      const Points points = random_grid_points(10, num_objectives, seed);
      const std::vector<double> contributions = hypervolume_contributions(points, reference);
      for (std::size_t i = 0; i < points.size(); ++i) {
        Points others = points;
        others.erase(others.begin() + static_cast<std::ptrdiff_t>(i));
        EXPECT_DOUBLE_EQ(contributions[i],
                         hypervolume(points, reference) - hypervolume(others, reference));
      }
    }
  }
}

TEST(SelectByHypervolume, TakesTheLargestGainFirstAndSpreads) {
  const Points points{{1, 9}, {5, 5}, {5.1, 4.9}, {9, 1}};
  const auto chosen = select_by_hypervolume(points, std::vector{10.0, 10.0}, 3);
  EXPECT_EQ(chosen, (std::vector<std::size_t>{1, 0, 3}));
}

TEST(SelectByHypervolume, AgreesWithTryingEveryPointInEveryStep) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Points points = random_grid_points(20, 3, seed);
    const std::vector<double> reference(3, 6.0);
    Points chosen;
    for (const std::size_t index : select_by_hypervolume(points, reference, 6)) {
      double best = 0.0;
      for (const auto& point : points) {
        best = std::max(best, hypervolume_gain(point, chosen, reference));
      }
      EXPECT_DOUBLE_EQ(hypervolume_gain(points[index], chosen, reference), best);
      chosen.push_back(points[index]);
    }
    EXPECT_EQ(chosen.size(), 6u);
  }
}

}  // namespace wattune::math
