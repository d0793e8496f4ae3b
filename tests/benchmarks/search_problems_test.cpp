#include "search/problems.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "search/network_problems.hpp"

namespace wattune::bench {
namespace {

std::vector<double> values_at(std::string_view name, const std::vector<double>& coordinates) {
  const std::vector<space::Value> values(coordinates.begin(), coordinates.end());
  return search_problem(name).values(space::Configuration{values});
}

void expect_near(const std::vector<double>& values, const std::vector<double>& expected,
                 double tolerance = 1e-6) {
  ASSERT_EQ(values.size(), expected.size());
  for (std::size_t i = 0; i < values.size(); ++i) EXPECT_NEAR(values[i], expected[i], tolerance);
}

}  // namespace

TEST(SearchProblems, BraninCurrinHasItsGoldenValues) {
  expect_near(values_at("branincurrin", {0.5, 0.5}), {24.129964, 7.405124});
  expect_near(values_at("branincurrin", {0.25, 0.75}), {22.383482, 6.670311});
  expect_near(values_at("noisy_branincurrin", {0.9, 0.1}), {4.312690, 10.216834});
}

TEST(SearchProblems, CurrinIsDefinedAtTheEdge) {
  expect_near(values_at("branincurrin", {0.0, 0.0}), {308.129096, 3.0});
}

TEST(SearchProblems, Dtlz2HasItsGoldenValues) {
  const std::vector<double> point{0.1, 0.2, 0.3, 0.4, 0.6, 0.9};
  expect_near(values_at("dtlz2", point), {1.293872, 0.204929});
  expect_near(values_at("dtlz2_3", point), {1.146004, 0.372359, 0.190850});
  expect_near(values_at("dtlz2", {0.25, 0.5, 0.5, 0.5, 0.5, 0.5}), {0.923880, 0.382683});
}

TEST(SearchProblems, Zdt1HasItsGoldenValues) {
  expect_near(values_at("zdt1", {0.25, 0.5, 0.5, 0.5, 0.5, 0.5}), {0.25, 4.327396});
}

TEST(SearchProblems, TheDiscOfConstrainedBraninCurrinHasItsRadius) {
  // The centre (u, v) = (2.5, 7.5), and a point sqrt(50) above it.
  EXPECT_NEAR(values_at("constrained_branincurrin", {0.5, 0.5})[2], -50.0, 1e-12);
  EXPECT_NEAR(values_at("constrained_branincurrin", {0.5, 0.5 + std::sqrt(50.0) / 15.0})[2], 0.0,
              1e-12);
}

TEST(SearchProblems, C2Dtlz2AllowsTheEndsAndTheMiddleOfTheFront) {
  EXPECT_LE(values_at("c2dtlz2", {0.0, 0.5, 0.5, 0.5})[2], 0.0);
  EXPECT_LE(values_at("c2dtlz2", {0.5, 0.5, 0.5, 0.5})[2], 0.0);
  EXPECT_GT(values_at("c2dtlz2", {0.2, 0.5, 0.5, 0.5})[2], 0.0);
  EXPECT_GT(values_at("c2dtlz2", {0.5, 0.0, 0.0, 0.0})[2], 0.0);
}

TEST(SearchProblems, MinimaAreWhereTheBooksSayTheyAre) {
  const double pi = std::acos(-1.0);
  const std::vector<std::pair<std::string, std::vector<double>>> minima{
      {"branin", {pi, 2.275}},
      {"hartmann6", {0.20169, 0.150011, 0.476874, 0.275332, 0.311652, 0.6573}},
      {"levy8", std::vector<double>(8, 1.0)},
      {"ackley10", std::vector<double>(10, 0.0)},
      {"rosenbrock6", std::vector<double>(6, 1.0)}};
  for (const auto& [name, place] : minima) {
    EXPECT_NEAR(values_at(name, place)[0], search_problem(name).best, 1e-7) << name;
  }
}

TEST(SearchProblems, NetworkProblemsAttainTheirMinimum) {
  const auto problems = network_problems();
  const auto optima = network_optima();
  ASSERT_EQ(problems.size(), optima.size());
  for (std::size_t i = 0; i < problems.size(); ++i) {
    ASSERT_TRUE(problems[i].space.contains(optima[i])) << problems[i].name;
    EXPECT_NEAR(problems[i].values(optima[i])[0], problems[i].best, 1e-12) << problems[i].name;
  }
}

TEST(SearchProblems, NothingIsBetterThanTheBestKnown) {
  for (const SearchProblem& problem : search_problems()) {
    Rng rng{1};
    std::vector<std::vector<double>> values;
    for (int i = 0; i < 3000; ++i) {
      values.push_back(problem.values(problem.space.sample(rng).value()));
      ASSERT_EQ(values.back().size(), problem.num_objectives + problem.num_constraints);
    }
    const auto reached = score(problem, values, values.size());
    ASSERT_TRUE(reached.has_value()) << problem.name;
    if (problem.num_objectives == 1) {
      EXPECT_GT(*reached, problem.best) << problem.name;
    } else {
      EXPECT_LT(*reached, problem.best) << problem.name;
      EXPECT_GT(*reached, 0.0) << problem.name;
    }
  }
}

TEST(SearchProblems, NoiseHasItsDeviationAndIsTheSameForAllOfOneSeed) {
  const SearchProblem& problem = search_problem("noisy_branincurrin");
  double squares = 0.0;
  for (std::size_t i = 0; i < 4000; ++i) {
    squares += std::pow(observe(problem, {0.0, 0.0}, 1, i)[0] / 15.19, 2);
  }
  EXPECT_NEAR(squares / 4000.0, 1.0, 0.1);  // four standard errors
  EXPECT_EQ(observe(problem, {1.0, 2.0}, 7, 3), observe(problem, {1.0, 2.0}, 7, 3));
  EXPECT_NE(observe(problem, {1.0, 2.0}, 7, 3), observe(problem, {1.0, 2.0}, 8, 3));
  EXPECT_EQ(observe(search_problem("branincurrin"), {1.0, 2.0}, 7, 3), (std::vector{1.0, 2.0}));
}

TEST(SearchProblems, ScoresCountWhatIsFeasible) {
  const SearchProblem& cost = search_problem("cbo_branincurrin");
  const std::vector<std::vector<double>> values{
      {1.0, 0.1, -1.0}, {9.0, -1.0, -1.0}, {7.0, -1.0, 0.0}, {2.0, -1.0, 0.5}};
  EXPECT_EQ(score(cost, values, 1), std::nullopt);
  EXPECT_EQ(score(cost, values, 2), 9.0);
  EXPECT_EQ(score(cost, values, 4), 7.0);
  const SearchProblem& front = search_problem("constrained_branincurrin");
  EXPECT_EQ(score(front, {{70.0, 10.0, -1.0}, {10.0, 1.0, 1.0}}, 2), 20.0);
  EXPECT_EQ(score(front, {{70.0, 10.0, 1.0}}, 1), 0.0);
}

}  // namespace wattune::bench
