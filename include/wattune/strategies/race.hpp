#pragma once

#include <memory>
#include <vector>

#include "wattune/space/configuration.hpp"
#include "wattune/strategies/strategy.hpp"
#include "wattune/trial/problem.hpp"

namespace wattune::strategies {

struct RaceOptions {
  /// Started first, in this order, after the configuration of all defaults and what the user has
  /// enqueued.
  std::vector<space::Configuration> first = {};
  /// Learned from earlier studies, the most useful first; started after `first`.
  std::vector<space::Configuration> learned = {};
  /// Can a trial be paused and continued? Else every trial is a full training, and the race chooses
  /// only which.
  bool can_pause = true;
};

/// The freeze-thaw race: whatever promises most improvement of a full training per joule that is
/// still to be spent on it runs next, be it a new trial or a paused one.
///
/// A start of few configurations, cut by halving, teaches a model of curves: one Gaussian process
/// over configuration and resource for each objective and each constraint, and a model of what a
/// training costs. From then on every decision compares new candidates with all paused trials. New
/// trials go to the first rung, paused ones to their next. Several objectives are compared by
/// expected hypervolume improvement, constraints by the probability of keeping them; failures are
/// infeasible. Trials that run are believed to end as predicted.
///
/// Costs are joules where they are known, else seconds, else the resource.
///
/// Errors   ConfigError  a configuration in `first` that is outside the space
/// Cost     O(n^2) per candidate, n values of curves, at most 260
/// Source   Swersky, Snoek, Adams, 2014, arXiv:1406.3896 (freezing and thawing); Snoek, Larochelle,
///          Adams, NeurIPS 2012, arXiv:1206.2944 (improvement per cost); docs/race.md tells what
///          differs
[[nodiscard]] std::unique_ptr<Strategy> make_race(const trial::Problem& problem,
                                                  RaceOptions options = {});

}  // namespace wattune::strategies
