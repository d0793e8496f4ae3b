#include "wattune/math/front_quality.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "support/made_points.hpp"
#include "wattune/base/random.hpp"

namespace wattune::math {
namespace {

using Points = std::vector<std::vector<double>>;
using PairRun = std::vector<Pair>;
using test::made_plane;
using test::made_sphere;

Points moved(Points points, double by) {
  for (auto& point : points) {
    for (double& loss : point) loss += by;
  }
  return points;
}

}  // namespace

TEST(Epsilon, IsTheLeastShiftOrFactorThatReachesTheTarget) {
  const Points front{{1.0, 4.0}, {3.0, 2.0}};
  EXPECT_DOUBLE_EQ(additive_epsilon(front, Points{{1.0, 3.5}, {2.0, 2.0}}), 1.0);
  EXPECT_DOUBLE_EQ(multiplicative_epsilon(front, Points{{1.0, 3.0}, {2.0, 2.0}}), 1.5);
  EXPECT_DOUBLE_EQ(additive_epsilon(front, front), 0.0);
  EXPECT_DOUBLE_EQ(additive_epsilon(front, Points{{4.0, 5.0}}), -1.0);
}

// Golden values: moocore 0.3.2 on the same points.
TEST(Epsilon, EqualsWhatMoocoreFinds) {
  const Points two = made_sphere(30, 2, 22), target_of_two = made_plane(25, 2, 32);
  const Points three = made_sphere(30, 3, 23), target_of_three = made_plane(25, 3, 33);
  EXPECT_NEAR(additive_epsilon(two, target_of_two), -0.09202315191643162, 1e-14);
  EXPECT_NEAR(additive_epsilon(three, target_of_three), 0.3243355855120543, 1e-14);
  EXPECT_NEAR(multiplicative_epsilon(moved(two, 0.1), moved(target_of_two, 0.1)),
              0.8435079049382211, 1e-14);
  EXPECT_NEAR(multiplicative_epsilon(moved(three, 0.1), moved(target_of_three, 0.1)),
              2.52759150399138, 1e-14);
}

TEST(MeanShortfall, CountsOnlyWhatIsWorse) {
  EXPECT_DOUBLE_EQ(mean_shortfall(Points{{3.0, 4.0}}, Points{{0.0, 0.0}, {9.0, 1.0}}), 4.0);
  EXPECT_DOUBLE_EQ(mean_shortfall(made_sphere(30, 2, 22), made_plane(25, 2, 32)), 0.0);
  EXPECT_NEAR(mean_shortfall(made_sphere(30, 3, 23), made_plane(25, 3, 33)), 0.2358562124547191,
              1e-14);
}

TEST(AttainmentLevels, AreWhatSoManyRunsReached) {
  const std::vector<PairRun> runs{{{1, 3}, {3, 1}}, {{2, 2}}, {}};
  const auto levels = attainment_levels(runs);

  ASSERT_EQ(levels.size(), 3u);
  EXPECT_THAT(levels[0], testing::ElementsAre(Pair{1, 3}, Pair{2, 2}, Pair{3, 1}));
  EXPECT_THAT(levels[1], testing::ElementsAre(Pair{2, 3}, Pair{3, 2}));
  EXPECT_TRUE(levels[2].empty());
}

TEST(AttainmentLevels, AgreeWithCountingRunsAtEveryPlace) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Rng rng{seed};
    std::vector<PairRun> runs(5);
    for (PairRun& run : runs) {
      for (std::size_t i = rng.index(6); i > 0; --i) {
        run.push_back({static_cast<double>(rng.index(8)), static_cast<double>(rng.index(8))});
      }
    }
    const auto levels = attainment_levels(runs);
    for (double x = -0.5; x < 9.0; x += 0.5) {
      for (double y = -0.5; y < 9.0; y += 0.5) {
        const double share = attained_share(runs, {x, y});
        for (std::size_t k = 0; k < levels.size(); ++k) {
          const bool is_reached = attained_share(std::vector<PairRun>(1, levels[k]), {x, y}) > 0.0;
          ASSERT_EQ(is_reached, share * 5.0 > static_cast<double>(k) + 0.5)
              << "seed " << seed << ", level " << k << ", " << x << ' ' << y;
        }
      }
    }
  }
}

TEST(AttainmentLevels, HoldNoPointThatIsDominated) {
  for (const auto& level : attainment_levels(std::vector<PairRun>{
           {{1, 5}, {2, 5}, {2, 3}, {2, 3}, {4, 3}}, {{1, 5}, {3, 1}, {3, 2}}})) {
    for (std::size_t i = 1; i < level.size(); ++i) {
      EXPECT_LT(level[i - 1][0], level[i][0]);
      EXPECT_GT(level[i - 1][1], level[i][1]);
    }
  }
}

}  // namespace wattune::math
