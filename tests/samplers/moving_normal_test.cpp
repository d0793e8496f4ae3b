#include "../../src/samplers/moving_normal.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "../../src/samplers/choice_weights.hpp"
#include "support/spaces.hpp"
#include "wattune/base/result.hpp"
#include "wattune/samplers/cma_es.hpp"

namespace wattune::samplers {
namespace {

double normal_cdf(double z) {
  return 0.5 * std::erfc(-z / std::sqrt(2.0));
}

Eigen::VectorXd point(std::initializer_list<double> coordinates) {
  Eigen::VectorXd vector(static_cast<Eigen::Index>(coordinates.size()));
  Eigen::Index i = 0;
  for (const double coordinate : coordinates) vector[i++] = coordinate;
  return vector;
}

}  // namespace

TEST(CmaRates, AreThoseOfTheTutorial) {
  // Table 1 of the tutorial with d = 10 and a population of 10, worked out by hand.
  const CmaRates rates(10, 10);
  EXPECT_NEAR(rates.effective_size, 3.1673, 1e-4);
  EXPECT_NEAR(rates.weights[0], 0.4563, 1e-4);
  EXPECT_NEAR(std::accumulate(rates.weights.begin(), rates.weights.begin() + 5, 0.0), 1.0, 1e-12);
  EXPECT_NEAR(rates.rank_one_rate, 2.0 / (11.3 * 11.3 + 3.1673), 1e-5);
  EXPECT_NEAR(rates.rank_mu_rate, 2.0 * (0.25 + 3.1673 + 1 / 3.1673 - 2.0) / (144.0 + 3.1673),
              1e-5);
  EXPECT_NEAR(rates.step_rate, 5.1673 / 18.1673, 1e-5);
  EXPECT_LT(rates.weights[9], rates.weights[6]);
  EXPECT_LT(rates.weights[6], 0.0);
}

TEST(MovingNormal, MovesTowardsTheBestAndNotTowardsWhatFailed) {
  MovingNormal normal(4, {{}, {}}, point({0.5, 0.5}), 0.2);
  const std::vector<Eigen::VectorXd> points{point({0.7, 0.5}), point({0.1, 0.5}), point({0.4, 0.4}),
                                            point({0.4, 0.6})};
  normal.learn(points, 1);
  EXPECT_NEAR(normal.mean()[0], 0.7, 1e-12);  // one that counts has all the weight
  EXPECT_NEAR(normal.mean()[1], 0.5, 1e-12);
}

TEST(MovingNormal, StretchesAlongTheDirectionThatPays) {
  MovingNormal normal(6, {{}, {}}, point({0.2, 0.5}), 0.1);
  Rng rng{3};
  for (int generation = 0; generation < 12; ++generation) {
    std::vector<Eigen::VectorXd> points;
    for (int i = 0; i < 6; ++i) points.push_back(normal.draw(rng));
    std::ranges::sort(points, [](const auto& a, const auto& b) {
      return std::abs(a[1] - 0.5) < std::abs(b[1] - 0.5);
    });
    normal.learn(points, 6);
  }
  EXPECT_LT(normal.deviation(1), 0.5 * normal.deviation(0));
}

TEST(MovingNormal, APointFromFarAwayCountsAsIfItWereNearer) {
  MovingNormal normal(4, {{}, {}}, point({0.5, 0.5}), 0.01);
  const std::vector<Eigen::VectorXd> points(4, point({1.0, 0.5}));
  normal.learn(points, 4);
  // sqrt(2) + 2 * 2 / (2 + 2) steps of 0.01
  EXPECT_NEAR(normal.mean()[0], 0.5 + 0.01 * (std::sqrt(2.0) + 1.0), 1e-12);
}

TEST(MovingNormal, NeighbouringValuesKeepALeastProbability) {
  const Edges quarters{0.0, 0.25, 0.5, 0.75, 1.0};
  for (const double start : {0.05, 0.3, 0.4, 0.6, 0.99}) {
    MovingNormal normal(4, {quarters, {}}, point({start, 0.5}), 0.001);
    const std::vector<Eigen::VectorXd> points(4, point({start, 0.5}));
    normal.learn(points, 4);
    const double least = 1.0 / (2.0 * 4.0);
    const double centre = normal.mean()[0];
    const double spread = normal.deviation(0);
    const double cell = std::min(std::floor(centre * 4.0), 3.0);
    const double below = normal_cdf((cell / 4.0 - centre) / spread);
    const double above = normal_cdf((centre - (cell + 1.0) / 4.0) / spread);
    if (cell == 0.0) {
      EXPECT_GE(above, least - 1e-9) << start;
    } else if (cell == 3.0) {
      EXPECT_GE(below, least - 1e-9) << start;
    } else {
      EXPECT_GE(std::min(below, above), 0.5 * least - 1e-9) << start;
    }
    EXPECT_LT(normal.deviation(1), 0.01);  // the continuous one is left alone
  }
}

TEST(MovingNormal, AValueStandsForAnyPlaceInItsPart) {
  const MovingNormal normal(4, {{0.0, 0.25, 0.5, 1.0}}, point({0.5}), 0.1);
  EXPECT_NEAR(normal.within(0, 0.0, 1.0, 0.5), 0.5, 1e-9);
  EXPECT_NEAR(normal.within(0, 0.5, 1.0, 0.5), 0.5 + 0.1 * 0.6745, 1e-4);
  EXPECT_EQ(normal.within(0, 0.0, 1e-9, 0.5), 1e-9);  // so far off that only the end matters
}

TEST(ChoiceWeights, MoveTowardsWhatWasGoodAndKeepTheLeast) {
  ChoiceWeights weights(3, 0.5, 0.05);
  for (int i = 0; i < 30; ++i) weights.learn(std::vector<WeightedChoice>{{2, 0.7}, {2, 0.3}});
  EXPECT_NEAR(weights.probabilities()[2], 0.9, 1e-9);
  EXPECT_NEAR(weights.probabilities()[0], 0.05, 1e-9);

  // A trial in which the parameter was inactive says nothing of it.
  weights.learn(std::vector<WeightedChoice>{{std::nullopt, 1.0}});
  EXPECT_NEAR(weights.probabilities()[2], 0.9, 1e-9);
  Rng rng{1};
  int num_last = 0;
  for (int i = 0; i < 1000; ++i) num_last += weights.draw(rng) == 2 ? 1 : 0;
  EXPECT_NEAR(num_last, 900, 40);
}

TEST(CmaEs, RefusesAPopulationOrADeviationThatIsNone) {
  EXPECT_THROW(static_cast<void>(make_cma_es(fake::unit_cube(1), {.population_size = 3})),
               ConfigError);
  EXPECT_THROW(static_cast<void>(make_cma_es(fake::unit_cube(1), {.initial_deviation = 0.0})),
               ConfigError);
  EXPECT_THROW(static_cast<void>(make_cma_es(fake::unit_cube(1), {.initial_deviation = 1.5})),
               ConfigError);
}

}  // namespace wattune::samplers
