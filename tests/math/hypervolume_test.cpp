#include "wattune/math/hypervolume.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "support/made_points.hpp"
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

/// Sum over all subsets of the volume that the points of the subset share, with changing signs.
double volume_by_inclusion_and_exclusion(const Points& points,
                                         const std::vector<double>& reference) {
  double volume = 0.0;
  for (std::size_t subset = 1; subset < (std::size_t{1} << points.size()); ++subset) {
    std::vector<double> corner(reference.size(), -1e300);
    double sign = -1.0;
    for (std::size_t i = 0; i < points.size(); ++i) {
      if ((subset >> i) % 2 == 0) continue;
      sign = -sign;
      for (std::size_t k = 0; k < corner.size(); ++k) corner[k] = std::max(corner[k], points[i][k]);
    }
    double shared = sign;
    for (std::size_t k = 0; k < corner.size(); ++k) {
      shared *= std::max(0.0, reference[k] - corner[k]);
    }
    volume += shared;
  }
  return volume;
}

Points random_points(std::size_t count, std::size_t num_objectives, std::uint64_t seed) {
  Rng rng{seed};
  Points points(count, std::vector<double>(num_objectives));
  for (auto& point : points) {
    for (double& loss : point) loss = rng.uniform(0.0, 1.1);  // the reference is at 1
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
  for (std::size_t num_objectives = 1; num_objectives <= 6; ++num_objectives) {
    const std::vector<double> reference(num_objectives, 6.0);
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
      const Points points = random_grid_points(14, num_objectives, seed);
      EXPECT_DOUBLE_EQ(hypervolume(points, reference), volume_by_counting(points, num_objectives))
          << num_objectives << " objectives, seed " << seed;
    }
  }
}

TEST(Hypervolume, EqualsInclusionAndExclusion) {
  for (std::size_t num_objectives = 1; num_objectives <= 9; ++num_objectives) {
    const std::vector<double> reference(num_objectives, 1.0);
    for (std::uint64_t seed = 0; seed < 8; ++seed) {
      const Points points = random_points(10, num_objectives, seed);
      EXPECT_NEAR(hypervolume(points, reference),
                  volume_by_inclusion_and_exclusion(points, reference), 1e-13)
          << num_objectives << " objectives, seed " << seed;
    }
  }
}

// Golden values: moocore 0.3.2 (libmoocore's fpli_hv) on the same points, reference (1, ..., 1).
TEST(Hypervolume, EqualsWhatMoocoreFinds) {
  struct Golden {
    std::size_t num_objectives, num_points;
    double sphere, plane;
  };
  for (const Golden& golden : {Golden{2, 1000, 0.784598135208936, 0.4987715174251189},
                               Golden{3, 1000, 0.5029439812592286, 0.7975234761388829},
                               Golden{4, 500, 0.24109230238314877, 0.875666494535541},
                               Golden{5, 200, 0.08045271641827006, 0.8739537409255305},
                               Golden{6, 100, 0.019532014013818287, 0.8495683547796065}}) {
    const std::size_t m = golden.num_objectives;
    const std::vector<double> reference(m, 1.0);
    EXPECT_NEAR(hypervolume(test::made_sphere(golden.num_points, m, m), reference) / golden.sphere,
                1.0, 1e-12)
        << m << " objectives";
    EXPECT_NEAR(hypervolume(test::made_plane(golden.num_points, m, m), reference) / golden.plane,
                1.0, 1e-12)
        << m << " objectives";
  }
}

TEST(Hypervolume, DoesNotDependOnOrderCopiesOrDominatedPoints) {
  for (std::size_t m = 2; m <= 7; ++m) {
    const std::vector<double> reference(m, 1.0);
    Points points = test::made_sphere(30, m, 50 + m);
    const double volume = hypervolume(points, reference);
    Rng rng{m};
    for (std::size_t i = 0; i < 30; ++i) {
      points.push_back(points[rng.index(30)]);  // a copy
      points.push_back(points[i]);              // a dominated one
      for (double& loss : points.back()) loss += rng.uniform(0.0, 0.2);
      points.push_back(points[i]);  // one at the reference
      points.back()[rng.index(m)] = 1.0;
    }
    for (std::size_t i = points.size(); i > 1; --i) std::swap(points[i - 1], points[rng.index(i)]);
    EXPECT_NEAR(hypervolume(points, reference), volume, 1e-13) << m << " objectives";
  }
}

TEST(HypervolumeContributions, EqualWhatMoocoreFinds) {
  struct Golden {
    std::size_t num_objectives, num_points;
    double sum, largest;
    std::size_t index_of_largest;
  };
  for (const Golden& golden : {Golden{2, 60, 0.012865741438883664, 0.0020371350491414503, 18},
                               Golden{3, 60, 0.04050835328454036, 0.0027150485583972003, 2},
                               Golden{4, 40, 0.03771754454129955, 0.003146346625288121, 39},
                               Golden{5, 30, 0.01802537949290333, 0.0016493731167019979, 12},
                               Golden{6, 20, 0.005117055769368722, 0.0008231234754784954, 8}}) {
    const std::size_t m = golden.num_objectives;
    const std::vector<double> contributions = hypervolume_contributions(
        test::made_sphere(golden.num_points, m, 10 + m), std::vector<double>(m, 1.0));
    EXPECT_NEAR(std::accumulate(contributions.begin(), contributions.end(), 0.0), golden.sum,
                1e-13);
    const auto largest = std::ranges::max_element(contributions);
    EXPECT_NEAR(*largest, golden.largest, 1e-14);
    EXPECT_EQ(static_cast<std::size_t>(largest - contributions.begin()), golden.index_of_largest);
  }
}

TEST(HypervolumeContributions, AreWhatIsLostWithoutThePoint) {
  for (std::size_t num_objectives = 2; num_objectives <= 6; ++num_objectives) {
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
