#include <gtest/gtest.h>

#include <functional>
#include <limits>

#include "support/run_sampler.hpp"
#include "support/test_functions.hpp"
#include "wattune/math/hypervolume.hpp"
#include "wattune/math/statistics.hpp"
#include "wattune/samplers/gp.hpp"
#include "wattune/samplers/random.hpp"
#include "wattune/samplers/tpe.hpp"

// Does a Gaussian process find better configurations than chance and than TPE in few trials? 10
// studies with fixed seeds each, and medians are compared. Seeds are fixed, so a result never
// changes by itself.

namespace wattune::samplers {
namespace {

using trial::Direction;

constexpr std::uint64_t kNumStudies = 10;

using fake::Evaluate;
using Make = fake::MakeSampler;

std::unique_ptr<Sampler> random_of(const trial::Problem& problem) {
  return make_random(problem.space);
}
std::unique_ptr<Sampler> tpe_of(const trial::Problem& problem) {
  return make_tpe(problem.space, {.seed = problem.seed});
}
std::unique_ptr<Sampler> gp_of(const trial::Problem& problem) {
  return make_gp(problem, {.num_raw = 256, .num_polished = 2, .seed = problem.seed});
}
/// What counts is told, as it is to the measure of the test.
std::unique_ptr<Sampler> gp_of_zdt1(const trial::Problem& problem) {
  return make_gp(problem, {.reference_point = std::vector{1.1, 11.0},
                           .num_raw = 256,
                           .num_polished = 2,
                           .seed = problem.seed});
}

double median_best(const space::Space& space, const Make& make, const Evaluate& evaluate,
                   std::size_t num_trials) {
  std::vector<double> bests;
  for (std::uint64_t seed = 1; seed <= kNumStudies; ++seed) {
    const auto problem = fake::make_problem(space, {Direction::Minimize}, 0, 1.0, seed);
    double best = std::numeric_limits<double>::infinity();
    for (const auto& losses : fake::run_sampler(problem, make, evaluate, num_trials)) {
      best = std::min(best, losses[0]);
    }
    bests.push_back(best);
  }
  return math::median(bests);
}

Evaluate on_unit_cube(const space::Space& space, double (*function)(std::span<const double>)) {
  return [space, function](const space::Configuration& configuration) {
    return std::vector{function(space.to_unit(configuration))};
  };
}

}  // namespace

TEST(GpQuality, ComesToTheMinimumOfBranin) {
  constexpr double kMinimum = 0.397887;
  const space::Space space = fake::unit_cube(2);
  const Evaluate evaluate = on_unit_cube(space, fake::branin);
  const double regret = median_best(space, gp_of, evaluate, 40) - kMinimum;
  EXPECT_LT(regret, 0.02);
  EXPECT_LT(10.0 * regret, median_best(space, tpe_of, evaluate, 40) - kMinimum);
  EXPECT_LT(10.0 * regret, median_best(space, random_of, evaluate, 40) - kMinimum);
}

TEST(GpQuality, IsFarAheadOnHartmann6) {
  constexpr double kMinimum = -3.32237;
  const space::Space space = fake::unit_cube(6);
  const Evaluate evaluate = on_unit_cube(space, fake::hartmann6);
  const double regret = median_best(space, gp_of, evaluate, 50) - kMinimum;
  EXPECT_LT(1.5 * regret, median_best(space, tpe_of, evaluate, 50) - kMinimum);
  EXPECT_LT(3.0 * regret, median_best(space, random_of, evaluate, 50) - kMinimum);
}

TEST(GpQuality, CoversTheFrontOfZdt1) {
  const space::Space space = fake::unit_cube(6);
  const std::vector<double> reference{1.1, 11.0};
  const auto evaluate = [&](const space::Configuration& configuration) {
    return fake::zdt1(space.to_unit(configuration));
  };
  const auto median_volume = [&](const Make& make) {
    std::vector<double> volumes;
    for (std::uint64_t seed = 1; seed <= kNumStudies; ++seed) {
      const auto problem =
          fake::make_problem(space, {Direction::Minimize, Direction::Minimize}, 0, 1.0, seed);
      volumes.push_back(
          math::hypervolume(fake::run_sampler(problem, make, evaluate, 40), reference));
    }
    return math::median(volumes);
  };
  const double largest = 1.1 * 11.0 - 1.0 / 3.0;
  const double missing = largest - median_volume(gp_of_zdt1);
  EXPECT_LT(3.0 * missing, largest - median_volume(tpe_of));
  EXPECT_LT(3.0 * missing, largest - median_volume(random_of));
}

}  // namespace wattune::samplers
