#include "wattune/samplers/nsga2.hpp"

#include <gtest/gtest.h>

#include <set>

#include "support/history_builder.hpp"
#include "support/spaces.hpp"
#include "wattune/base/result.hpp"
#include "wattune/samplers/sobol.hpp"

namespace wattune::samplers {
namespace {

using trial::Direction;

/// Children have the values of their parents and nothing else.
Nsga2Options only_exchange(std::size_t population_size) {
  return {.population_size = population_size,
          .variation = {.crossover = Crossover::Uniform, .mutation_probability = 0.0}};
}

space::Configuration at(double x, double y) {
  return fake::unit_cube(2).from_unit(std::vector{x, y});
}

fake::HistoryBuilder two_floats(std::size_t num_constraints = 0) {
  return fake::HistoryBuilder{
      fake::make_problem(fake::unit_cube(2), {Direction::Minimize}, num_constraints)};
}

/// All values of the first parameter among many children.
std::set<double> first_values(const trial::History& history, const Nsga2Options& options) {
  const auto sampler = make_nsga2(fake::unit_cube(2), options);
  std::set<double> values;
  for (std::uint64_t i = 0; i < 200; ++i) {
    Rng rng{1, i};
    values.insert(std::get<double>((*sampler->suggest(history, rng))[0]));
  }
  return values;
}

}  // namespace

TEST(Nsga2, DoesNotWaitForATrialThatStillRuns) {
  auto builder = two_floats();
  builder.add_running(at(0.9, 0.9));
  for (const double x : {0.1, 0.2, 0.3, 0.4}) builder.add_completed(at(x, x), x);
  EXPECT_EQ(first_values(builder.history(), only_exchange(4)), (std::set{0.1, 0.2, 0.3, 0.4}));
}

TEST(Nsga2, TriesSobolPointsUntilAGenerationHasEnded) {
  auto builder = two_floats();
  for (const double x : {0.1, 0.2, 0.3}) builder.add_completed(at(x, x), x);
  Rng rng{1};
  EXPECT_EQ(make_nsga2(fake::unit_cube(2), only_exchange(4))->suggest(builder.history(), rng),
            make_sobol(fake::unit_cube(2), {})->suggest(builder.history(), rng));
}

TEST(Nsga2, FailedTrialsAreNeverParents) {
  auto builder = two_floats();
  for (const double x : {0.1, 0.2}) builder.add_completed(at(x, x), x);
  for (const double x : {0.7, 0.8}) builder.add_failed(at(x, x));
  EXPECT_EQ(first_values(builder.history(), only_exchange(4)), (std::set{0.1, 0.2}));
}

TEST(Nsga2, OnlyTheBestOfTwoGenerationsAreParents) {
  auto builder = two_floats(1);
  for (const double x : {0.1, 0.2, 0.3}) builder.add_completed(at(x, x), std::vector{x, 0.0});
  builder.add_completed(at(0.4, 0.4), std::vector{0.0, 5.0});  // breaks the constraint
  builder.add_completed(at(0.5, 0.5), std::vector{0.25, 0.0});
  builder.add_completed(at(0.6, 0.6), std::vector{0.6, 0.0});
  builder.add_failed(at(0.7, 0.7));
  builder.add_failed(at(0.8, 0.8));
  EXPECT_EQ(first_values(builder.history(), only_exchange(4)), (std::set{0.1, 0.2, 0.3, 0.5}));
}

TEST(Nsga2, LearnsWhenATrialThatHadEndedGoesOn) {
  auto builder = two_floats();
  const TrialId paused = builder.add_running(at(0.9, 0.9));
  builder.report(paused, 0.5, 0.0);
  builder.end(paused, trial::Outcome::Paused);
  for (int i = 1; i < 8; ++i) builder.add_completed(at(0.1 * i, 0.1 * i), 0.1 * i);
  EXPECT_FALSE(first_values(builder.history(), only_exchange(4)).contains(0.9));

  builder.assign(paused);
  builder.report(paused, 1.0, 0.0);
  builder.end(paused, trial::Outcome::Completed);
  EXPECT_TRUE(first_values(builder.history(), only_exchange(4)).contains(0.9));
}

TEST(Nsga2, RefusesAPopulationThatCannotBreed) {
  EXPECT_THROW(static_cast<void>(make_nsga2(fake::unit_cube(1), {.population_size = 3})),
               ConfigError);
}

}  // namespace wattune::samplers
