#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <memory>

#include "support/run_sampler.hpp"
#include "support/test_functions.hpp"
#include "wattune/math/hypervolume.hpp"
#include "wattune/samplers/cma_es.hpp"
#include "wattune/samplers/differential_evolution.hpp"
#include "wattune/samplers/nsga2.hpp"
#include "wattune/samplers/nsga3.hpp"
#include "wattune/samplers/random.hpp"

// Do samplers that evolve find better configurations than chance? 12 studies with fixed seeds each,
// and all but one must be won. Were the two equally good, that would come about with probability
// 0.3 %; seeds are fixed, so a result never changes by itself.

namespace wattune::samplers {
namespace {

using trial::Direction;

constexpr int kNumStudies = 12;
constexpr int kNumWins = 11;

using Losses = std::vector<std::vector<double>>;
using fake::Evaluate;
using Make = fake::MakeSampler;
using Score = std::function<double(const Losses&)>;

double minus_best(const Losses& losses) {
  double best = std::numeric_limits<double>::infinity();
  for (const auto& one : losses) best = std::min(best, one[0]);
  return -best;
}

struct Contest {
  space::Space space;
  std::vector<Direction> directions{Direction::Minimize};
  std::size_t num_constraints = 0;
  Evaluate evaluate = {};
  std::size_t num_trials = 100;
  Score score = minus_best;  // higher is better
};

int count_wins(const Contest& contest, const Make& make) {
  int num_wins = 0;
  const Make chance = [](const trial::Problem& problem) { return make_random(problem.space); };
  for (std::uint64_t seed = 1; seed <= kNumStudies; ++seed) {
    const auto problem =
        fake::make_problem(contest.space, contest.directions, contest.num_constraints, 1.0, seed);
    const double mine =
        contest.score(fake::run_sampler(problem, make, contest.evaluate, contest.num_trials));
    const double other =
        contest.score(fake::run_sampler(problem, chance, contest.evaluate, contest.num_trials));
    num_wins += mine > other ? 1 : 0;
  }
  return num_wins;
}

/// On [-2, 2] in every direction; minimum 0 at 1.
double rosenbrock(std::span<const double> unit) {
  double sum = 0.0;
  for (std::size_t i = 0; i + 1 < unit.size(); ++i) {
    const double x = 4.0 * unit[i] - 2.0;
    const double y = 4.0 * unit[i + 1] - 2.0;
    sum += 100.0 * (y - x * x) * (y - x * x) + (1.0 - x) * (1.0 - x);
  }
  return sum;
}

double sphere(std::span<const double> unit) {
  double sum = 0.0;
  for (const double x : unit) sum += (x - 0.3) * (x - 0.3);
  return sum;
}

Contest on_cube(std::size_t dimension, double (*function)(std::span<const double>),
                std::size_t num_trials) {
  Contest contest{.space = fake::unit_cube(dimension)};
  contest.evaluate = [space = contest.space, function](const space::Configuration& configuration) {
    return std::vector{function(space.to_unit(configuration))};
  };
  contest.num_trials = num_trials;
  return contest;
}

/// Losses of DTLZ2: the front is the part of the unit sphere where all are positive.
std::vector<double> dtlz2(std::span<const double> unit, std::size_t num_objectives) {
  double g = 0.0;
  for (const double x : unit.subspan(num_objectives - 1)) g += (x - 0.5) * (x - 0.5);
  std::vector<double> losses(num_objectives, 1.0 + g);
  for (std::size_t k = 0; k < num_objectives; ++k) {
    for (std::size_t j = 0; j + k + 1 < num_objectives; ++j) {
      losses[k] *= std::cos(unit[j] * std::numbers::pi / 2.0);
    }
    if (k > 0) losses[k] *= std::sin(unit[num_objectives - 1 - k] * std::numbers::pi / 2.0);
  }
  return losses;
}

Contest zdt1_contest(std::size_t num_trials) {
  Contest contest{.space = fake::unit_cube(6),
                  .directions = {Direction::Minimize, Direction::Minimize}};
  contest.evaluate = [space = contest.space](const space::Configuration& configuration) {
    return fake::zdt1(space.to_unit(configuration));
  };
  contest.num_trials = num_trials;
  contest.score = [](const Losses& losses) {
    return math::hypervolume(losses, std::vector{1.1, 11.0});
  };
  return contest;
}

Contest dtlz2_contest(std::size_t num_objectives, std::size_t num_trials) {
  Contest contest{.space = fake::unit_cube(num_objectives + 5)};
  contest.directions.assign(num_objectives, Direction::Minimize);
  contest.evaluate = [space = contest.space,
                      num_objectives](const space::Configuration& configuration) {
    return dtlz2(space.to_unit(configuration), num_objectives);
  };
  contest.num_trials = num_trials;
  contest.score = [num_objectives](const Losses& losses) {
    return math::hypervolume(losses, std::vector<double>(num_objectives, 1.5));
  };
  return contest;
}

Contest training_contest(std::size_t num_trials) {
  Contest contest{.space = fake::training_like_space()};
  contest.evaluate = [](const space::Configuration& configuration) {
    return std::vector{fake::training_like_loss(configuration)};
  };
  contest.num_trials = num_trials;
  return contest;
}

Make cma_es(CmaRestarts restarts = CmaRestarts::Ipop) {
  return [restarts](const trial::Problem& problem) {
    return make_cma_es(problem.space, {.restarts = restarts, .seed = problem.seed});
  };
}

Make nsga2(Crossover crossover) {
  return [crossover](const trial::Problem& problem) {
    return make_nsga2(
        problem.space,
        {.population_size = 20, .variation = {.crossover = crossover}, .seed = problem.seed});
  };
}

Make differential(DifferentialStrategy strategy) {
  return [strategy](const trial::Problem& problem) {
    return make_differential_evolution(problem.space, {.strategy = strategy, .seed = problem.seed});
  };
}

Make nsga3() {
  return [](const trial::Problem& problem) {
    return make_nsga3(problem.space, problem.objectives.size(),
                      {.population_size = 28, .seed = problem.seed});
  };
}

}  // namespace

TEST(CmaEs, ClosesInOnTheMinimumOfASphere) {
  const Contest contest = on_cube(5, sphere, 500);
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const auto problem = fake::make_problem(contest.space, contest.directions, 0, 1.0, seed);
    const auto losses = fake::run_sampler(problem, cma_es(), contest.evaluate, contest.num_trials);
    EXPECT_LT(-minus_best(losses), 1e-6);
  }
}

TEST(CmaEs, BeatsRandomSearchOnRosenbrock) {
  EXPECT_GE(count_wins(on_cube(6, rosenbrock, 200), cma_es()), kNumWins);
}

TEST(CmaEs, BeatsRandomSearchOnAMixedConditionalProblem) {
  EXPECT_GE(count_wins(training_contest(150), cma_es()), kNumWins);
}

TEST(CmaEs, FindsTheBestIntegersOfARidge) {
  // Without the margin a value of an integer that many members share could not be left again.
  std::vector<space::Parameter> parameters;
  for (int i = 0; i < 6; ++i) {
    parameters.push_back(fake::parameter("n" + std::to_string(i), space::IntDomain{0, 20}));
  }
  Contest contest{.space = space::Space{parameters}};
  contest.evaluate = [](const space::Configuration& configuration) {
    double sum = 0.0;
    for (std::size_t i = 0; i < configuration.size(); ++i) {
      const auto n = static_cast<double>(std::get<std::int64_t>(configuration[i]));
      sum += std::pow(10.0, static_cast<double>(i) / 2.0) * (n - 13.0) * (n - 13.0);
    }
    return std::vector{sum};
  };
  int num_found = 0;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    const auto problem = fake::make_problem(contest.space, contest.directions, 0, 1.0, seed);
    num_found +=
        minus_best(fake::run_sampler(problem, cma_es(), contest.evaluate, 900)) == 0.0 ? 1 : 0;
  }
  EXPECT_GE(num_found, 9);
}

TEST(Nsga2, BeatsRandomSearchInHypervolumeWithTwoObjectives) {
  EXPECT_GE(count_wins(zdt1_contest(200), nsga2(Crossover::SimulatedBinary)), kNumWins);
  EXPECT_GE(count_wins(zdt1_contest(200), nsga2(Crossover::Uniform)), kNumWins);
}

TEST(Nsga2, BeatsRandomSearchOnAMixedConditionalProblem) {
  EXPECT_GE(count_wins(training_contest(300), nsga2(Crossover::SimulatedBinary)), kNumWins);
}

TEST(Nsga3, BeatsRandomSearchInHypervolumeWithThreeAndFourObjectives) {
  EXPECT_GE(count_wins(dtlz2_contest(3, 250), nsga3()), kNumWins);
  EXPECT_GE(count_wins(dtlz2_contest(4, 250), nsga3()), kNumWins);
}

TEST(DifferentialEvolution, BeatsRandomSearchOnHartmann6) {
  const Contest contest = on_cube(6, fake::hartmann6, 400);
  EXPECT_GE(count_wins(contest, differential(DifferentialStrategy::CurrentToPbest)), kNumWins);
  EXPECT_GE(count_wins(contest, differential(DifferentialStrategy::Rand1Bin)), kNumWins);
}

TEST(DifferentialEvolution, BeatsRandomSearchInHypervolumeWithTwoObjectives) {
  EXPECT_GE(count_wins(zdt1_contest(400), differential(DifferentialStrategy::CurrentToPbest)),
            kNumWins);
}

}  // namespace wattune::samplers
