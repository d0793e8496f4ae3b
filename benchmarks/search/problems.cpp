#include "search/problems.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <span>
#include <stdexcept>
#include <utility>

#include "search/network_problems.hpp"
#include "support/history_builder.hpp"
#include "support/test_functions.hpp"
#include "wattune/base/require.hpp"
#include "wattune/math/hypervolume.hpp"

namespace wattune::bench {
namespace {

constexpr double kPi = std::numbers::pi;
using Point = std::span<const double>;

double square(double x) {
  return x * x;
}

/// x0, x1, ... all with the same bounds.
space::Space box(std::size_t dimension, double low, double high) {
  std::vector<space::Parameter> parameters;
  for (std::size_t i = 0; i < dimension; ++i) {
    parameters.push_back(fake::parameter("x" + std::to_string(i),
                                         space::FloatDomain{low, high, false, std::nullopt}));
  }
  return space::Space{std::move(parameters)};
}

std::vector<double> coordinates(const space::Configuration& configuration) {
  std::vector<double> point;
  for (const space::Value& value : configuration.values()) {
    point.push_back(std::get<double>(value));
  }
  return point;
}

// Source of the first three: Surjanovic, Bingham, Virtual Library of Simulation Experiments.

double levy(Point x) {
  const auto bent = [&](std::size_t i) { return 1.0 + (x[i] - 1.0) / 4.0; };
  double value = square(std::sin(kPi * bent(0)));
  for (std::size_t i = 0; i + 1 < x.size(); ++i) {
    value += square(bent(i) - 1.0) * (1.0 + 10.0 * square(std::sin(kPi * bent(i) + 1.0)));
  }
  const double last = bent(x.size() - 1);
  return value + square(last - 1.0) * (1.0 + square(std::sin(2.0 * kPi * last)));
}

double ackley(Point x) {
  double squares = 0.0;
  double cosines = 0.0;
  for (const double coordinate : x) {
    squares += square(coordinate);
    cosines += std::cos(2.0 * kPi * coordinate);
  }
  const auto count = static_cast<double>(x.size());
  return -20.0 * std::exp(-0.2 * std::sqrt(squares / count)) - std::exp(cosines / count) + 20.0 +
         std::numbers::e;
}

double rosenbrock(Point x) {
  double value = 0.0;
  for (std::size_t i = 0; i + 1 < x.size(); ++i) {
    value += 100.0 * square(x[i + 1] - x[i] * x[i]) + square(1.0 - x[i]);
  }
  return value;
}

double currin(Point x) {
  const double factor = 1.0 - std::exp(-1.0 / (2.0 * x[1]));  // 1 at x1 = 0
  const double x0 = x[0];
  return factor * (((2300.0 * x0 + 1900.0) * x0 + 2092.0) * x0 + 60.0) /
         (((100.0 * x0 + 500.0) * x0 + 4.0) * x0 + 20.0);
}

std::vector<double> branin_currin(Point x) {
  return {fake::branin(x), currin(x)};
}

/// At most 0 inside a disc of Branin's own coordinates.
double outside_disc(Point x) {
  return square(15.0 * x[0] - 7.5) + square(15.0 * x[1] - 7.5) - 50.0;
}

// Deb, Thiele, Laumanns, Zitzler, CEC 2002; the constraint: Jain, Deb, IEEE Trans. Evol. Comput.
// 18(4), 2014, with the radius 0.2.

std::vector<double> dtlz2(Point x, std::size_t num_objectives) {
  double g = 0.0;
  for (const double coordinate : x.subspan(num_objectives - 1)) g += square(coordinate - 0.5);
  std::vector<double> values(num_objectives, 1.0 + g);
  for (std::size_t i = 0; i < num_objectives; ++i) {
    for (std::size_t j = 0; j + 1 + i < num_objectives; ++j) values[i] *= std::cos(x[j] * kPi / 2);
    if (i > 0) values[i] *= std::sin(x[num_objectives - 1 - i] * kPi / 2);
  }
  return values;
}

double c2_violation(const std::vector<double>& values) {
  constexpr double kSquaredRadius = 0.2 * 0.2;
  double squares = 0.0;
  double around_centre = 0.0;
  for (const double value : values) {
    squares += square(value) - kSquaredRadius;
    around_centre +=
        square(value - 1.0 / std::sqrt(static_cast<double>(values.size()))) - kSquaredRadius;
  }
  double lowest = around_centre;
  for (const double value : values) {
    const double others = squares - (square(value) - kSquaredRadius);
    lowest = std::min(lowest, square(value - 1.0) + others);
  }
  return lowest;
}

SearchProblem single(std::string name, space::Space space, double (*function)(Point), double best) {
  const auto values = [function](const space::Configuration& configuration) {
    return std::vector{function(coordinates(configuration))};
  };
  return {.name = std::move(name), .space = std::move(space), .values = values, .best = best};
}

using Vector = std::vector<double> (*)(Point);
std::function<std::vector<double>(const space::Configuration&)> of_coordinates(Vector function) {
  return [function](const space::Configuration& configuration) {
    return function(coordinates(configuration));
  };
}

/// Branin on its own two ranges.
SearchProblem branin_problem() {
  space::Space space{{fake::parameter("x", space::FloatDomain{-5.0, 10.0, false, std::nullopt}),
                      fake::parameter("y", space::FloatDomain{0.0, 15.0, false, std::nullopt})}};
  const auto unit = [](Point x) {
    return fake::branin(std::vector{(x[0] + 5.0) / 15.0, x[1] / 15.0});
  };
  return single("branin", std::move(space), unit, 0.39788735772973816);
}

std::vector<SearchProblem> single_objective_problems() {
  std::vector<SearchProblem> problems;
  problems.push_back(branin_problem());
  problems.push_back(single("hartmann6", box(6, 0.0, 1.0), fake::hartmann6, -3.3223680114155147));
  problems.push_back(single("levy8", box(8, -10.0, 10.0), levy, 0.0));
  problems.push_back(single("ackley10", box(10, -32.768, 32.768), ackley, 0.0));
  problems.push_back(single("rosenbrock6", box(6, -5.0, 10.0), rosenbrock, 0.0));
  for (SearchProblem& problem : network_problems()) problems.push_back(std::move(problem));
  return problems;
}

// Largest hypervolumes: of a dense grid, or exact where the front has a formula.

std::vector<SearchProblem> branin_currin_problems() {
  std::vector<SearchProblem> problems;
  problems.push_back({.name = "noisy_branincurrin",
                      .space = box(2, 0.0, 1.0),
                      .num_objectives = 2,
                      .values = of_coordinates(branin_currin),
                      .noise_deviations = {15.19, 0.63},
                      .reference = {18.0, 6.0},
                      .best = 59.36011874867746,
                      .num_evaluations = 86});
  SearchProblem exact = problems.back();
  exact.name = "branincurrin";
  exact.noise_deviations.clear();
  problems.push_back(std::move(exact));
  problems.push_back({.name = "constrained_branincurrin",
                      .space = box(2, 0.0, 1.0),
                      .num_objectives = 2,
                      .num_constraints = 1,
                      .values = of_coordinates([](Point x) {
                        return std::vector{fake::branin(x), currin(x), outside_disc(x)};
                      }),
                      .reference = {80.0, 12.0},
                      .best = 609.08,
                      .num_evaluations = 60});
  // A cost to be lowered while a quality keeps its threshold: about 9 % of the square is feasible.
  problems.push_back({.name = "cbo_branincurrin",
                      .space = box(2, 0.0, 1.0),
                      .num_constraints = 2,
                      .values = of_coordinates([](Point x) {
                        return std::vector{currin(x), fake::branin(x) - 10.0, outside_disc(x)};
                      }),
                      .best = 5.265447365,
                      .num_evaluations = 60});
  return problems;
}

std::vector<SearchProblem> front_problems() {
  std::vector<SearchProblem> problems;
  problems.push_back({.name = "c2dtlz2",
                      .space = box(4, 0.0, 1.0),
                      .num_objectives = 2,
                      .num_constraints = 1,
                      .values = of_coordinates([](Point x) {
                        std::vector<double> values = dtlz2(x, 2);
                        values.push_back(c2_violation(values));
                        return values;
                      }),
                      .reference = {1.1, 1.1},
                      .best = 0.40006});
  problems.push_back({.name = "zdt1",
                      .space = box(6, 0.0, 1.0),
                      .num_objectives = 2,
                      .values = of_coordinates(fake::zdt1),
                      .reference = {11.0, 11.0},
                      .best = 120.0 + 2.0 / 3.0,
                      .num_evaluations = 60});
  problems.push_back({.name = "dtlz2",
                      .space = box(6, 0.0, 1.0),
                      .num_objectives = 2,
                      .values = of_coordinates([](Point x) { return dtlz2(x, 2); }),
                      .reference = {1.1, 1.1},
                      .best = 1.21 - kPi / 4.0,
                      .num_evaluations = 60});
  problems.push_back({.name = "dtlz2_3",
                      .space = box(6, 0.0, 1.0),
                      .num_objectives = 3,
                      .values = of_coordinates([](Point x) { return dtlz2(x, 3); }),
                      .reference = {1.1, 1.1, 1.1},
                      .best = 1.331 - kPi / 6.0,
                      .num_evaluations = 60});
  return problems;
}

std::vector<SearchProblem> all_problems() {
  std::vector<SearchProblem> problems = single_objective_problems();
  for (auto& group : {branin_currin_problems(), front_problems()}) {
    problems.insert(problems.end(), group.begin(), group.end());
  }
  return problems;
}

bool is_feasible(const SearchProblem& problem, const std::vector<double>& values) {
  return std::all_of(values.begin() + static_cast<std::ptrdiff_t>(problem.num_objectives),
                     values.end(), [](double violation) { return violation <= 0.0; });
}

}  // namespace

const std::vector<SearchProblem>& search_problems() {
  static const std::vector<SearchProblem> problems = all_problems();
  return problems;
}

const SearchProblem& search_problem(std::string_view name) {
  std::string names;
  for (const SearchProblem& problem : search_problems()) {
    if (problem.name == name) return problem;
    names += " " + problem.name;
  }
  throw std::runtime_error("there is no problem " + std::string{name} + "; there are" + names);
}

trial::Problem to_trial_problem(const SearchProblem& problem, std::uint64_t seed) {
  return fake::make_problem(
      problem.space,
      std::vector<trial::Direction>(problem.num_objectives, trial::Direction::Minimize),
      problem.num_constraints, 1.0, seed);
}

std::vector<double> observe(const SearchProblem& problem, std::vector<double> exact_values,
                            std::uint64_t seed, std::size_t evaluation) {
  Rng rng{mix_seed(seed, 0x6e6f697365), evaluation};
  for (std::size_t i = 0; i < problem.noise_deviations.size(); ++i) {
    exact_values[i] += problem.noise_deviations[i] * rng.normal();
  }
  return exact_values;
}

std::optional<double> score(const SearchProblem& problem,
                            const std::vector<std::vector<double>>& exact_values,
                            std::size_t count) {
  WATTUNE_REQUIRE(count <= exact_values.size());
  std::vector<std::vector<double>> points;
  for (const auto& values : std::span{exact_values}.first(count)) {
    if (!is_feasible(problem, values)) continue;
    points.emplace_back(values.begin(),
                        values.begin() + static_cast<std::ptrdiff_t>(problem.num_objectives));
  }
  if (problem.num_objectives > 1) return math::hypervolume(points, problem.reference);
  if (points.empty()) return std::nullopt;
  return std::ranges::min(points)[0];
}

}  // namespace wattune::bench
