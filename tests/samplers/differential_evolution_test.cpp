#include "wattune/samplers/differential_evolution.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "../../src/samplers/differential_population.hpp"
#include "support/history_builder.hpp"
#include "support/spaces.hpp"
#include "wattune/base/result.hpp"

namespace wattune::samplers {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;
using trial::Direction;

/// A history and the population that follows from it.
class Race {
 public:
  explicit Race(std::size_t size, std::vector<Direction> directions = {Direction::Minimize})
      : builder_(fake::make_problem(fake::unit_cube(1), std::move(directions))),
        population_(size, {}) {}

  void run(std::vector<double> losses) {
    builder_.add_completed(fake::unit_cube(1).from_unit(std::vector{0.5}), losses);
    take();
  }
  void fail() {
    builder_.add_failed(fake::unit_cube(1).from_unit(std::vector{0.5}));
    take();
  }
  [[nodiscard]] const DifferentialPopulation& population() const { return population_; }
  [[nodiscard]] std::vector<std::size_t> best(std::size_t place) const {
    return population_.best_for(arrivals_, place);
  }

 private:
  void take() {
    ASSERT_TRUE(arrivals_.update(builder_.history()));
    population_.add(arrivals_, arrivals_.size() - 1);
  }

  fake::HistoryBuilder builder_;
  Arrivals arrivals_;
  DifferentialPopulation population_;
};

}  // namespace

TEST(DifferentialPopulation, ATrialReplacesTheHolderOfItsPlaceIfItIsNoWorse) {
  Race race(4);
  for (const double loss : {4.0, 3.0, 2.0, 1.0}) race.run({loss});
  EXPECT_THAT(race.population().members(), ElementsAre(0, 1, 2, 3));
  race.run({3.5});  // trial 4 is better than trial 0
  race.run({3.0});  // trial 5 is as good as trial 1
  race.run({9.0});  // trial 6 is worse than trial 2
  race.fail();      // trial 7 against trial 3
  EXPECT_THAT(race.population().members(), ElementsAre(4, 5, 2, 3));
  EXPECT_THAT(race.population().archive(), ElementsAre(0));  // what was beaten
  EXPECT_THAT(race.best(0), ElementsAre(3));
}

TEST(DifferentialPopulation, WeightsMoveTowardsThoseThatSucceeded) {
  Race race(4);
  for (const double loss : {4.0, 3.0, 2.0, 1.0}) race.run({loss});
  const double before = race.population().weights_of(77).crossover;
  const double winner = race.population().weights_of(4).crossover;
  race.run({0.0});
  for (int i = 0; i < 3; ++i) race.run({9.0});
  const double after = race.population().weights_of(77).crossover;
  EXPECT_NEAR(after - before, 0.1 * (winner - 0.5), 1e-12);
}

TEST(DifferentialPopulation, EveryPlaceHasItsOwnIdeaOfTheBestOfSeveralObjectives) {
  Race race(8, {Direction::Minimize, Direction::Minimize});
  for (int i = 0; i < 8; ++i) race.run({0.1 * i, 0.7 - 0.1 * i});
  std::set<std::size_t> best;
  for (std::size_t place = 0; place < 8; ++place) best.insert(race.best(place).front());
  EXPECT_GE(best.size(), 4u);
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
