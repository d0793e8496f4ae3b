#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wattune/base/random.hpp"
#include "wattune/space/space.hpp"
#include "wattune/trial/problem.hpp"

namespace wattune::bench {

/// A function to be minimised that stands for a training: what samplers are compared on.
struct SearchProblem {
  std::string name;
  space::Space space;
  std::size_t num_objectives = 1;
  std::size_t num_constraints = 0;
  /// The exact values: objectives, lower is better, then constraints, feasible at or below 0.
  std::function<std::vector<double>(const space::Configuration&)> values;
  std::vector<double> noise_deviations = {};  ///< [num_objectives] of what is told; empty: exact.
  std::vector<double> reference = {};         ///< Of the hypervolume; empty with one objective.
  double best = 0.0;  ///< Lowest feasible value, or largest hypervolume, as far as known.
  std::size_t num_evaluations = 50;  ///< What its key in the table is measured at.
};

/// All of them, in the order of the table.
[[nodiscard]] const std::vector<SearchProblem>& search_problems();
/// Throws std::runtime_error that lists the names there are.
[[nodiscard]] const SearchProblem& search_problem(std::string_view name);

/// The same for samplers: metrics "objective_0", ..., "constraint_0", ..., a run is one step.
[[nodiscard]] trial::Problem to_trial_problem(const SearchProblem& problem, std::uint64_t seed);

/// What an evaluation tells: its exact values with the problem's noise on the objectives.
///
/// The noise depends on seed and number of the evaluation alone: samplers of one seed meet the
/// same.
[[nodiscard]] std::vector<double> observe(const SearchProblem& problem,
                                          std::vector<double> exact_values, std::uint64_t seed,
                                          std::size_t evaluation);

/// Where a search stands: the lowest value or the hypervolume of what is feasible of the first
/// `count` evaluations. No value where nothing was feasible; a hypervolume is then 0.
///
/// Takes    exact_values  [num_evaluations x (num_objectives + num_constraints)]
[[nodiscard]] std::optional<double> score(const SearchProblem& problem,
                                          const std::vector<std::vector<double>>& exact_values,
                                          std::size_t count);

}  // namespace wattune::bench
