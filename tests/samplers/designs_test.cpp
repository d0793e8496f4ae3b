#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "support/history_builder.hpp"
#include "support/spaces.hpp"
#include "wattune/base/result.hpp"
#include "wattune/samplers/differential_evolution.hpp"
#include "wattune/samplers/enqueued.hpp"
#include "wattune/samplers/latin_hypercube.hpp"
#include "wattune/samplers/random.hpp"

namespace wattune::samplers {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;
using trial::Direction;

/// Points of the first `count` suggestions.
std::vector<std::vector<double>> points_of(Sampler& sampler, const space::Space& space,
                                           std::size_t count) {
  fake::HistoryBuilder builder{fake::make_problem(space, {Direction::Minimize})};
  builder.add_running(space.from_unit(std::vector<double>(space.size(), 0.5)),
                      trial::Origin::Default);
  Rng rng{1};
  std::vector<std::vector<double>> points;
  for (std::size_t i = 0; i < count; ++i) {
    const auto suggestion = sampler.suggest(builder.history(), rng);
    points.push_back(space.to_unit(*suggestion));
    builder.add_failed(*suggestion);
  }
  return points;
}

}  // namespace

TEST(LatinHypercube, PutsOnePointOfADesignIntoEveryPartOfEveryParameter) {
  const space::Space space = fake::unit_cube(3);
  const auto sampler = make_latin_hypercube(space, {.count = 10, .seed = 4});
  const auto points = points_of(*sampler, space, 20);
  for (std::size_t design = 0; design < 2; ++design) {
    for (std::size_t axis = 0; axis < 3; ++axis) {
      std::set<int> parts;
      for (std::size_t i = 0; i < 10; ++i) {
        parts.insert(static_cast<int>(points[10 * design + i][axis] * 10.0));
      }
      EXPECT_EQ(parts.size(), 10u) << "design " << design << ", parameter " << axis;
    }
  }
  EXPECT_NE(points[0], points[10]);  // the second design is another one
}

TEST(LatinHypercube, ASeedNamesItsDesigns) {
  const space::Space space = fake::unit_cube(2);
  const auto of_seed = [&](std::uint64_t seed) {
    return points_of(*make_latin_hypercube(space, {.count = 5, .seed = seed}), space, 5);
  };
  EXPECT_EQ(of_seed(1), of_seed(1));
  EXPECT_NE(of_seed(1), of_seed(2));
}

TEST(LatinHypercube, RefusesACountOfNone) {
  EXPECT_THAT([] { static_cast<void>(make_latin_hypercube(fake::unit_cube(1), {.count = 0})); },
              ThrowsMessage<ConfigError>(HasSubstr("count is 0")));
}

TEST(Enqueued, GoesThroughTheGivenOnesThenAsksTheOther) {
  const space::Space space = fake::unit_cube(1);
  const auto at = [&](double x) { return space.from_unit(std::vector{x}); };
  const auto make = [&] {
    return make_enqueued(space, {at(0.1), at(0.2), at(0.3)}, make_random(space));
  };
  fake::HistoryBuilder builder{fake::make_problem(space, {Direction::Minimize})};
  builder.add_completed(at(0.2), 1.0);  // by hand, before
  Rng rng{1};
  EXPECT_EQ(make()->suggest(builder.history(), rng), at(0.1));
  builder.add_running(at(0.1));
  // The study was stopped; a new program goes on.
  const auto resumed = make();
  EXPECT_EQ(resumed->suggest(builder.history(), rng), at(0.3));
  builder.add_failed(at(0.3));
  Rng one{7};
  Rng same{7};
  EXPECT_EQ(resumed->suggest(builder.history(), one),
            make_random(space)->suggest(builder.history(), same));
  EXPECT_EQ(make()->describe(), "3 given configurations, then random");
}

TEST(Enqueued, RefusesWhatIsNotInTheSpace) {
  const space::Configuration outside{{space::Value{2.0}}};
  EXPECT_THAT(
      [&] {
        static_cast<void>(
            make_enqueued(fake::unit_cube(1), {outside}, make_random(fake::unit_cube(1))));
      },
      ThrowsMessage<ConfigError>(HasSubstr("configuration 0")));
}

TEST(DifferentialEvolution, RefusesOptionsOutOfRange) {
  const auto make = [](const DifferentialEvolutionOptions& options) {
    return
        [options] { static_cast<void>(make_differential_evolution(fake::unit_cube(1), options)); };
  };
  EXPECT_THAT(make({.population_size = 3}),
              ThrowsMessage<ConfigError>(HasSubstr("population_size is 3")));
  EXPECT_THAT(make({.differential_weight = 0.0}),
              ThrowsMessage<ConfigError>(HasSubstr("differential_weight is 0")));
  EXPECT_THAT(make({.crossover_probability = 1.5}),
              ThrowsMessage<ConfigError>(HasSubstr("crossover_probability is 1.5")));
  EXPECT_THAT(make({.best_fraction = 0.0}),
              ThrowsMessage<ConfigError>(HasSubstr("best_fraction is 0")));
}

}  // namespace wattune::samplers
