#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "sm2_roles.hpp"
#include "wattune/strategies/sm2.hpp"

namespace wattune::strategies {

// Stage 2, the learning rates: a grid for each kind of optimiser, and which of its rates diverge.

/// The kind of optimiser a configuration has: as the option says, or with Auto as the value of the
/// parameter `optimizer` or `optimiser` reads. Never Auto.
[[nodiscard]] OptimizerKind optimizer_of(const trial::Problem& problem,
                                         const space::Configuration& configuration,
                                         const Sm2Options& options);

/// Rates from one end of the range to the other, evenly in the logarithm where it is positive;
/// every choice of a choice parameter. The range is the parameter's, less what lies outside the
/// usual one of the optimiser, unless nothing would be left. Empty without such a parameter.
[[nodiscard]] std::vector<space::Choice> learning_rates_for(const trial::Problem& problem,
                                                            OptimizerKind kind,
                                                            const Sm2Options& options);

/// The learning rate as a change of a configuration.
[[nodiscard]] Changes rate_change(const trial::Problem& problem, const space::Choice& rate);

/// Where the range test stands.
struct RangeTest {
  OptimizerKind kind = OptimizerKind::None;  ///< Whose grid was tested: that of the base.
  std::size_t num_rates = 0;                 ///< Of the grid.
  std::size_t num_stable = 0;                ///< The smallest so many of them do not diverge.
  std::optional<std::size_t> next;           ///< Index of the rate to be tried; nothing when done.
  bool is_running = false;

  [[nodiscard]] bool is_done() const { return !next && !is_running; }
};

/// Bisects the grid: a rate above one that diverged is not tried, nor one below one that did not.
/// A rate diverges where its short training reports a number that is not finite, or a smoothed
/// training loss above `divergence_factor` times its start. The smallest rate is never discarded.
///
/// Takes    batch_size  of the trainings, where the space has one
[[nodiscard]] RangeTest follow_range_test(const trial::History& history,
                                          std::optional<std::int64_t> batch_size,
                                          const Sm2Options& options);

/// The short training of a rate.
[[nodiscard]] NewTrial range_test_trial(const trial::History& history, std::size_t rate_index,
                                        std::optional<std::int64_t> batch_size,
                                        const Sm2Options& options);

/// May the short training stop?
[[nodiscard]] bool is_rate_decided(const trial::History& history, const trial::Trial& trial,
                                   const Sm2Options& options);

}  // namespace wattune::strategies
