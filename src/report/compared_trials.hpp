#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "wattune/trial/history.hpp"

namespace wattune::report {

/// Trials that can be set against each other, all as of one step.
struct ComparedTrials {
  std::optional<double> step;               ///< None where there is no trial.
  std::vector<const trial::Trial*> trials;  ///< A loan of the history.
  std::size_t num_failed = 0;               ///< Left out: they have no result, not a bad one.
  std::size_t num_shorter = 0;              ///< Left out: they did not come as far as `step`.
};

/// The trials of the search that do not run and have not failed, at the largest step that half of
/// them have reached: values of trainings of different lengths say nothing about parameters.
[[nodiscard]] ComparedTrials compared_trials(const trial::History& history);

}  // namespace wattune::report
