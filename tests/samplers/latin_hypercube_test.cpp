#include "wattune/samplers/latin_hypercube.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "support/history_builder.hpp"
#include "support/spaces.hpp"
#include "wattune/base/result.hpp"

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

}  // namespace wattune::samplers
