#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "search/problems.hpp"
#include "wattune/samplers/sampler.hpp"

namespace wattune::bench {

/// Makes a sampler for one study of a problem, of so many evaluations; the trial problem carries
/// space and seed.
using SamplerFactory = std::function<std::unique_ptr<samplers::Sampler>(
    const SearchProblem&, const trial::Problem&, std::size_t num_evaluations)>;

/// A sampler of ours under the name of the command line.
struct NamedSampler {
  std::string name;
  SamplerFactory make;
  bool takes_constraints = true;
  bool takes_many_objectives = true;
  bool takes_one_objective = true;

  [[nodiscard]] bool suits(const SearchProblem& problem) const {
    return (takes_constraints || problem.num_constraints == 0) &&
           (problem.num_objectives == 1 ? takes_one_objective : takes_many_objectives);
  }
};

/// The one table of samplers: add yours here.
[[nodiscard]] const std::vector<NamedSampler>& named_samplers();

/// What one search came to.
struct SearchResult {
  std::vector<std::vector<double>> exact_values;  ///< [num_evaluations x (objectives, constraints)]
  double seconds = 0.0;                           ///< All suggestions together.
};

/// Runs one study: suggest, evaluate, apply, from nothing and without a default configuration.
///
/// Ends early where the sampler has no more to offer. The same seed gives the same study.
[[nodiscard]] SearchResult run_study(const SamplerFactory& make, const SearchProblem& problem,
                                     std::size_t num_evaluations, std::uint64_t seed);

}  // namespace wattune::bench
