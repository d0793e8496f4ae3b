#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "wattune/trial/history.hpp"
#include "wattune/trial/noise.hpp"

namespace wattune::samplers {

/// What one trial has shown at one step of its curve.
struct Observation {
  std::uint32_t trial = 0;
  double step = 0.0;
  std::vector<double> losses;                    ///< [objectives], lower is better, finite.
  std::vector<std::optional<double>> variances;  ///< [objectives] Of the noise, where known.
  std::vector<std::optional<double>> bounded;    ///< [constraints] What they bound.
  std::vector<std::optional<double>> bounded_variances;  ///< [constraints]
};

/// What a history tells a model of losses. Numbers of trials are ascending.
struct Evidence {
  std::optional<double> step;  ///< Where losses are compared; see comparable_step.
  /// Trials of the search that got there, and complete trainings of finalists: one configuration
  /// may be here more than once. Trials that failed are not.
  std::vector<Observation> observed;
  std::vector<std::uint32_t> failed;     ///< Infeasible; no number stands for them.
  std::vector<std::uint32_t> pending;    ///< Going to show something: they run or are about to.
  std::vector<std::uint32_t> cut_short;  ///< Paused, stopped or cut off before that step.
};

/// Reads a history.
///
/// Probes are left out.
///
/// Takes    least_at_step  how many trials make a step the one that is compared at
/// Cost     O(number of trials)
[[nodiscard]] Evidence evidence_of(const trial::History& history, std::size_t least_at_step);

/// All reports of a trial in which every objective is known, in their order: its partial curve.
[[nodiscard]] std::vector<Observation> curve_of(const trial::History& history,
                                                const trial::NoiseModel& noise,
                                                const trial::Trial& trial);

}  // namespace wattune::samplers
