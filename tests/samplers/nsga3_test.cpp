#include "wattune/samplers/nsga3.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "../../src/samplers/reference_plane.hpp"
#include "support/spaces.hpp"
#include "wattune/base/result.hpp"

namespace wattune::samplers {
namespace {

using ::testing::DoubleEq;
using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

std::vector<const std::vector<double>*> pointers(const std::vector<std::vector<double>>& points) {
  std::vector<const std::vector<double>*> all;
  for (const auto& point : points) all.push_back(&point);
  return all;
}

}  // namespace

TEST(Nsga3, ReferenceDirectionsAreAllSharesThatAddUpToOne) {
  EXPECT_THAT(reference_directions(2, 2),
              ElementsAre(ElementsAre(0.0, 1.0), ElementsAre(0.5, 0.5), ElementsAre(1.0, 0.0)));
  EXPECT_EQ(reference_directions(3, 12).size(), 91u);  // as the source has it
  EXPECT_EQ(reference_directions(5, 6).size(), 210u);
  EXPECT_THAT(reference_directions(1, 1), ElementsAre(ElementsAre(1.0)));
}

TEST(Nsga3, HasAsManyDirectionsAsThePopulationAllows) {
  EXPECT_THAT(make_nsga3(fake::unit_cube(2), 3, {.population_size = 92})->describe(),
              HasSubstr("91 directions"));
  EXPECT_THAT(make_nsga3(fake::unit_cube(2), 3, {.divisions = 3})->describe(),
              HasSubstr("10 directions"));
}

TEST(Nsga3, RefusesDirectionsThatAreNoneOrTooMany) {
  EXPECT_THAT([] { static_cast<void>(make_nsga3(fake::unit_cube(2), 3, {.divisions = 0})); },
              ThrowsMessage<ConfigError>(HasSubstr("divisions is 0")));
  EXPECT_THAT([] { static_cast<void>(make_nsga3(fake::unit_cube(2), 9, {.divisions = 50})); },
              ThrowsMessage<ConfigError>(HasSubstr("more than 100000 directions")));
  EXPECT_THAT([] { static_cast<void>(make_nsga3(fake::unit_cube(2), 3, {.population_size = 3})); },
              ThrowsMessage<ConfigError>(HasSubstr("nsga3: population_size is 3")));
}

TEST(ReferencePlane, MeetsTheAxesWhereTheExtremePointsLie) {
  ReferencePlane plane;
  // Ideal (1, 10), a straight front down to (5, 10) and (1, 30); the last point is behind it.
  const std::vector<std::vector<double>> losses{{1.0, 30.0}, {5.0, 10.0}, {3.0, 20.0}, {6.0, 40.0}};
  plane.learn(pointers(losses), 3);
  EXPECT_THAT(plane.ideal(), ElementsAre(1.0, 10.0));
  EXPECT_THAT(plane.nadir(), ElementsAre(DoubleNear(5.0, 1e-9), DoubleNear(30.0, 1e-9)));
  EXPECT_THAT(plane.scaled({3.0, 20.0}), ElementsAre(DoubleNear(0.5, 1e-9), DoubleNear(0.5, 1e-9)));
}

TEST(ReferencePlane, TakesTheWorstOfTheFrontWhereThereIsNoPlane) {
  ReferencePlane plane;
  const std::vector<std::vector<double>> losses{{1.0, 1.0}, {2.0, 5.0}};
  plane.learn(pointers(losses), 1);
  // One point is the whole front: the scale is that of all candidates.
  EXPECT_THAT(plane.scaled({2.0, 3.0}), ElementsAre(DoubleEq(1.0), DoubleEq(0.5)));
}

TEST(ReferencePlane, RemembersTheBestOfEarlierGenerations) {
  ReferencePlane plane;
  plane.learn(pointers({{0.0, 8.0}, {8.0, 0.0}}), 2);
  const std::vector<std::vector<double>> later{{4.0, 6.0}, {6.0, 4.0}};
  plane.learn(pointers(later), 2);
  EXPECT_THAT(plane.ideal(), ElementsAre(0.0, 0.0));
}

}  // namespace wattune::samplers
