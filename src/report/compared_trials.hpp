#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <vector>

#include "wattune/trial/history.hpp"

namespace wattune::report {

/// Trials that can be set against each other, all as of about one step.
struct ComparedTrials {
  std::optional<double> step;               ///< None where there is no trial.
  std::vector<const trial::Trial*> trials;  ///< A loan of the history.
  std::size_t num_failed = 0;               ///< Left out: they have no result, not a bad one.
  std::size_t num_shorter = 0;              ///< Left out: they did not come as far as `step`.

  /// Where one of `trials` is looked at. Requires a step.
  [[nodiscard]] double step_of(const trial::Trial& trial) const {
    return std::min(*step, trial.step());
  }
};

/// The trials of the search that do not run and have not failed, at the largest step that half of
/// them have reached: values of trainings of different lengths say nothing about parameters.
///
/// A program reports after a whole batch, and so not at the same step to the sample: what comes
/// within 5 % of the step counts as there, and what lies beyond a full training as at its end.
[[nodiscard]] ComparedTrials compared_trials(const trial::History& history);

}  // namespace wattune::report
