#include "../../src/samplers/breeding.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "../../src/samplers/crowding.hpp"
#include "support/spaces.hpp"
#include "wattune/base/result.hpp"

namespace wattune::samplers {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

double coordinate(const space::Configuration& configuration, std::size_t parameter) {
  return std::get<double>(configuration[parameter]);
}

}  // namespace

TEST(Breeding, SimulatedBinaryCrossoverKeepsTheMiddleOfTheParents) {
  const space::Space space = fake::unit_cube(1);
  const Breeding breeding(space, {.crossover_probability = 1.0, .mutation_probability = 0.0}, "x");
  Rng rng{1};
  double sum = 0.0;
  int num_outside = 0;
  constexpr int kCount = 4000;
  for (int i = 0; i < kCount; ++i) {
    const double x = coordinate(*breeding.child(space, {0.4}, {0.6}, rng), 0);
    sum += x;
    num_outside += x < 0.4 || x > 0.6 ? 1 : 0;
  }
  EXPECT_NEAR(sum / kCount, 0.5, 0.01);
  // By the source, half of the children lie outside their parents.
  EXPECT_NEAR(static_cast<double>(num_outside) / kCount, 0.5, 0.05);
}

TEST(Breeding, UniformCrossoverTakesEveryValueFromAParent) {
  const space::Space space = fake::unit_cube(3);
  const Breeding breeding(space, {.crossover = Crossover::Uniform, .mutation_probability = 0.0},
                          "x");
  Rng rng{1};
  std::set<std::vector<double>> children;
  for (int i = 0; i < 200; ++i) {
    children.insert(space.to_unit(*breeding.child(space, {0.1, 0.2, 0.3}, {0.6, 0.7, 0.8}, rng)));
  }
  EXPECT_EQ(children.size(), 6u);  // all mixtures but the parents themselves
  for (const auto& child : children) EXPECT_TRUE(child[1] == 0.2 || child[1] == 0.7);
}

TEST(Breeding, AMutationMovesAnIntegerByOneValueAtLeast) {
  const space::Space space{{fake::parameter("n", space::IntDomain{0, 3})}};
  const Breeding breeding(space, {.mutation_probability = 1.0, .mutation_index = 1000.0}, "x");
  const double two = space.encode(0, std::int64_t{2});
  Rng rng{1};
  std::set<std::int64_t> children;
  for (int i = 0; i < 100; ++i) {
    children.insert(std::get<std::int64_t>((*breeding.child(space, {two}, {two}, rng))[0]));
  }
  EXPECT_THAT(children, ElementsAre(1, 3));
}

TEST(Breeding, WhatOneParentLacksComesFromTheOther) {
  const space::Space space{
      {fake::parameter("on", space::ChoiceDomain{{false, true}, false}),
       fake::parameter("x", space::FloatDomain{},
                       {{"on", space::Comparison::In, {space::Choice{true}}}})}};
  const Breeding breeding(space, {.crossover = Crossover::Uniform, .mutation_probability = 0.0},
                          "x");
  Rng rng{1};
  const Genome off{0.25, std::nullopt};
  const Genome on{0.75, 0.125};
  for (int i = 0; i < 50; ++i) {
    const auto child = breeding.child(space, off, on, rng);
    EXPECT_EQ(child->is_active(1) ? coordinate(*child, 1) : 0.125, 0.125);
  }
}

TEST(Breeding, RefusesProbabilitiesAndIndicesThatAreNone) {
  const space::Space space = fake::unit_cube(1);
  EXPECT_THAT([&] { Breeding(space, {.crossover_probability = 1.5}, "nsga2"); },
              ThrowsMessage<ConfigError>(HasSubstr("nsga2: crossover_probability is 1.5")));
  EXPECT_THAT([&] { Breeding(space, {.mutation_probability = -0.5}, "nsga2"); },
              ThrowsMessage<ConfigError>(HasSubstr("mutation_probability")));
  EXPECT_THAT([&] { Breeding(space, {.mutation_index = -1.0}, "nsga2"); },
              ThrowsMessage<ConfigError>(HasSubstr("mutation_index")));
}

TEST(Crowding, IsTheRoomBetweenNeighboursInPartsOfTheFront) {
  const std::vector<std::vector<double>> front{{0.0, 4.0}, {4.0, 0.0}, {1.0, 2.0}, {3.0, 1.0}};
  std::vector<const std::vector<double>*> losses;
  for (const auto& point : front) losses.push_back(&point);
  // Third: (3 - 0) / 4 + (4 - 1) / 4; fourth: (4 - 1) / 4 + (2 - 0) / 4.
  EXPECT_THAT(crowding_distances(losses), ElementsAre(kInfinity, kInfinity, 1.5, 1.25));
}

}  // namespace wattune::samplers
