#pragma once

#include <cstddef>
#include <memory>
#include <optional>

#include "wattune/schedulers/stop_rule.hpp"

namespace wattune::schedulers {

struct ExtrapolationOptions {
  double min_probability =
      0.05;                     ///< A trial goes on while it will get there with this probability.
  std::size_t num_startup = 5;  ///< Full trainings to learn from, before anything is stopped.
  std::size_t min_reports = 4;  ///< Of a trial, before it is judged.
  std::optional<double> interval = {};  ///< Between reports; as of PercentileOptions.
};

/// Stops a trial whose curve is unlikely to end where no full training is better in every
/// objective.
///
/// The end of a metric is forecast by math/curve_forecast.hpp; how far curves fall is learned from
/// the full trainings so far. Energy, duration, carbon and cost grow in proportion to the resource,
/// give or take a tenth of what is to come. The probability that no member of the front dominates
/// the end is bounded by the least over its members, taking objectives as independent: for one
/// objective that is the probability of beating the incumbent. The front is that of the feasible
/// full trainings; totals of phases are not forecast, and keep a trial going.
///
/// Errors   ConfigError  a probability not in [0, 1], fewer than 2 reports or start-up trials, no
///          resource to extrapolate to
/// Cost     O(1) shapes per objective, and O(front)
/// Source   Domhan, Springenberg, Hutter, IJCAI 2015 (predictive termination)
/// Differs  another model (see there); several objectives; at every report, not at checkpoints
[[nodiscard]] std::unique_ptr<StopRule> make_extrapolation_rule(
    const trial::Problem& problem, const ExtrapolationOptions& options = {});

}  // namespace wattune::schedulers
