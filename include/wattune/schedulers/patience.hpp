#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "wattune/schedulers/stop_rule.hpp"

namespace wattune::schedulers {

struct PatienceOptions {
  std::size_t num_reports = 5;   ///< So many without improvement are too many.
  double min_improvement = 0.0;  ///< What is not more than this is none, in the metric's unit.
  double warmup = 0.0;           ///< Reports before this resource do not count.
};

/// Stops a trial that has not improved for a number of reports.
///
/// An objective improves where its best value does. With several, any one will do; only metrics
/// count, as energy and time never fall.
///
/// Errors   ConfigError  no objective is a metric, no report, an improvement or a warm-up below 0
/// Cost     O(1) per report
/// Source   early stopping with patience, as in Prechelt, Neural Networks: Tricks of the Trade,
///          1998, doi:10.1007/3-540-49430-8_3 (criterion UP)
/// Differs  counts reports since the best one, not consecutive increases
[[nodiscard]] std::unique_ptr<StopRule> make_patience_rule(const trial::Problem& problem,
                                                           const PatienceOptions& options = {});

/// What a gain is paid in.
enum class GainPer : std::uint8_t { Kilojoule, Gram };

struct ConvergenceOptions {
  double min_gain = 0.0;  ///< Of the first metric among the objectives, per kJ or per gram.
  GainPer per = GainPer::Kilojoule;
  std::size_t num_reports = 3;  ///< The gain is that of so many reports.
  double warmup = 0.0;          ///< Nothing is stopped before this resource.
};

/// Stops a trial whose last reports bought less than a minimum of quality for their energy or
/// carbon.
///
/// The gain is how far the best value has moved over the last reports; it is divided by what the
/// trial has drawn meanwhile. Where energy or carbon is not known no trial is stopped.
///
/// Errors   ConfigError  no objective is a metric, a gain that is not above 0, no report, a warm-up
///          below 0, grams without a grid intensity
/// Cost     O(reports of the trial)
/// Source   our own
[[nodiscard]] std::unique_ptr<StopRule> make_convergence_rule(const trial::Problem& problem,
                                                              const ConvergenceOptions& options);

}  // namespace wattune::schedulers
