#include "wattune/samplers/tpe.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "support/history_builder.hpp"
#include "support/spaces.hpp"
#include "wattune/base/result.hpp"

namespace wattune::samplers {
namespace {

double sphere(const space::Configuration& configuration) {
  double sum = 0.0;
  for (std::size_t i = 0; i < configuration.size(); ++i) {
    const double distance = std::get<double>(configuration[i]) - 0.3;
    sum += distance * distance;
  }
  return sum;
}

fake::HistoryBuilder random_study(const space::Space& space, std::size_t num_trials) {
  fake::HistoryBuilder builder{fake::make_problem(space, {trial::Direction::Minimize})};
  Rng rng{5};
  for (std::size_t i = 0; i < num_trials; ++i) {
    const auto configuration = *space.sample(rng);
    builder.add_completed(configuration, sphere(configuration));
  }
  return builder;
}

/// Suggestions that are asked for while none of them has ended.
std::vector<space::Configuration> batch(fake::HistoryBuilder builder, const TpeOptions& options,
                                        std::size_t size) {
  const auto sampler = make_tpe(builder.history().problem().space, options);
  std::vector<space::Configuration> suggestions;
  for (std::size_t i = 0; i < size; ++i) {
    Rng rng{9, i};
    suggestions.push_back(*sampler->suggest(builder.history(), rng));
    builder.add_running(suggestions.back());
  }
  return suggestions;
}

double mean_distance(const std::vector<space::Configuration>& points) {
  double sum = 0.0;
  int num_pairs = 0;
  for (std::size_t i = 0; i < points.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      double square = 0.0;
      for (std::size_t a = 0; a < points[i].size(); ++a) {
        const double side = std::get<double>(points[i][a]) - std::get<double>(points[j][a]);
        square += side * side;
      }
      sum += std::sqrt(square);
      ++num_pairs;
    }
  }
  return sum / num_pairs;
}

}  // namespace

TEST(Tpe, ANewObjectSuggestsTheSameWhereTheJointDensityIsASample) {
  const space::Space space = fake::unit_cube(3);
  auto builder = random_study(space, 1100);  // over 1,024 bad ones
  const auto kept = make_tpe(space, {});
  for (std::size_t i = 0; i < 40; ++i) {
    Rng rng{1, i};
    const auto suggestion = *kept->suggest(builder.history(), rng);
    Rng same_rng{1, i};
    ASSERT_EQ(suggestion, *make_tpe(space, {})->suggest(builder.history(), same_rng));
    builder.add_completed(suggestion, sphere(suggestion));
  }
}

TEST(Tpe, ABatchIsOfDistinctUsefulPointsAndSpreadsOut) {
  const auto builder = random_study(fake::unit_cube(2), 60);
  const auto points = batch(builder, {}, 16);
  double worst = 0.0;
  for (std::size_t i = 0; i < points.size(); ++i) {
    worst = std::max(worst, sphere(points[i]));
    EXPECT_EQ(std::ranges::count(points, points[i]), 1);
  }
  EXPECT_LT(worst, 0.3);  // uniform points: 0.25 on average, up to 0.98
  EXPECT_GT(mean_distance(points), mean_distance(batch(builder, {.constant_liar = false}, 16)));
}

TEST(Tpe, RefusesOptionsOutsideTheirRange) {
  const space::Space space = fake::unit_cube(1);
  EXPECT_THROW(static_cast<void>(make_tpe(space, {.num_candidates = 0})), ConfigError);
  EXPECT_THROW(static_cast<void>(make_tpe(space, {.good_fraction = 0.0})), ConfigError);
  EXPECT_THROW(static_cast<void>(make_tpe(space, {.good_fraction_several = 1.5})), ConfigError);
  EXPECT_THROW(static_cast<void>(make_tpe(space, {.max_good = 0})), ConfigError);
  EXPECT_THROW(static_cast<void>(make_tpe(space, {.prior_weight = 0.0})), ConfigError);
  EXPECT_THROW(static_cast<void>(make_tpe(space, {.joint_share = -0.1})), ConfigError);
}

}  // namespace wattune::samplers
