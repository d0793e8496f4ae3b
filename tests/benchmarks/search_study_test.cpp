#include "search/study.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>

namespace wattune::bench {
namespace {

const NamedSampler& sampler(std::string_view name) {
  const auto& all = named_samplers();
  const auto found = std::ranges::find(all, name, &NamedSampler::name);
  if (found == all.end()) throw std::runtime_error("no such sampler");
  return *found;
}

}  // namespace

TEST(SearchStudy, IsTheSameForTheSameSeed) {
  const SearchProblem& problem = search_problem("noisy_branincurrin");
  const auto first = run_study(sampler("tpe").make, problem, 20, 5);
  EXPECT_EQ(first.exact_values.size(), 20U);
  EXPECT_EQ(run_study(sampler("tpe").make, problem, 20, 5).exact_values, first.exact_values);
  EXPECT_NE(run_study(sampler("tpe").make, problem, 20, 6).exact_values, first.exact_values);
}

TEST(SearchStudy, KeepsExactValuesWhereTheSamplerSeesNoise) {
  // Branin-Currin is above 0 everywhere; with a deviation of 15 what is told is not.
  const SearchProblem& problem = search_problem("noisy_branincurrin");
  const auto result = run_study(sampler("random").make, problem, 200, 1);
  bool is_told_below_zero = false;
  for (std::size_t i = 0; i < result.exact_values.size(); ++i) {
    EXPECT_GT(result.exact_values[i][0], 0.0);
    is_told_below_zero |= observe(problem, result.exact_values[i], 1, i)[0] < 0.0;
  }
  EXPECT_TRUE(is_told_below_zero);
}

TEST(SearchStudy, RunsEverySamplerOnEveryProblemThatSuitsIt) {
  for (const NamedSampler& one : named_samplers()) {
    for (const SearchProblem& problem : search_problems()) {
      if (!one.suits(problem)) continue;
      const auto result = run_study(one.make, problem, 6, 1);
      EXPECT_EQ(result.exact_values.size(), 6U) << one.name << " on " << problem.name;
    }
  }
}

}  // namespace wattune::bench
