#include "search/study.hpp"

#include <chrono>

#include "support/history_builder.hpp"

namespace wattune::bench {

SearchResult run_study(const SamplerFactory& make, const SearchProblem& problem,
                       std::size_t num_evaluations, std::uint64_t seed) {
  using Clock = std::chrono::steady_clock;
  const trial::Problem trial_problem = to_trial_problem(problem, seed);
  const auto sampler = make(problem, trial_problem, num_evaluations);
  fake::HistoryBuilder builder{trial_problem};
  SearchResult result;
  for (std::size_t i = 0; i < num_evaluations; ++i) {
    Rng rng{seed, i};
    const auto begin = Clock::now();
    const auto suggestion = sampler->suggest(builder.history(), rng);
    result.seconds += std::chrono::duration<double>(Clock::now() - begin).count();
    if (!suggestion) break;
    result.exact_values.push_back(problem.values(*suggestion));
    builder.add_completed(*suggestion, observe(problem, result.exact_values.back(), seed, i));
  }
  return result;
}

}  // namespace wattune::bench
