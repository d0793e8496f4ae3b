#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "support/history_builder.hpp"
#include "wattune/samplers/sampler.hpp"

namespace wattune::fake {

using Evaluate = std::function<std::vector<double>(const space::Configuration&)>;
using MakeSampler = std::function<std::unique_ptr<samplers::Sampler>(const trial::Problem&)>;

/// Values of all trials of a study that a sampler leads, one trial after another.
inline std::vector<std::vector<double>> run_sampler(const trial::Problem& problem,
                                                    const MakeSampler& make,
                                                    const Evaluate& evaluate,
                                                    std::size_t num_trials) {
  HistoryBuilder builder{problem};
  const auto sampler = make(problem);
  std::vector<std::vector<double>> results;
  for (std::size_t i = 0; i < num_trials; ++i) {
    Rng rng{problem.seed, i};
    const auto suggestion = sampler->suggest(builder.history(), rng);
    if (!suggestion) break;
    results.push_back(evaluate(*suggestion));
    builder.add_completed(*suggestion, results.back());
  }
  return results;
}

}  // namespace wattune::fake
