#pragma once

#include <cstddef>
#include <optional>
#include <span>

namespace wattune::math {

// When something that is paid once is worth it.

/// Uses after which a one-off cost is paid back; nothing where a use saves nothing, so never.
///
/// The break-even of a search over samples (a use saves 1 / base - 1 / optimised, of efficiencies),
/// of a pretraining over fine-tunings (from scratch less fine-tuned), of a tactic over inferences.
[[nodiscard]] std::optional<double> uses_to_pay_back(double one_off_cost, double saving_per_use);

/// What doing things together saves of doing each alone: 1 - together / sum of alone. Nothing where
/// the sum is not above 0.
[[nodiscard]] std::optional<double> saving_together(double together, std::span<const double> alone);

/// The round after which searching on gains less than `least_gain` until the end, counted from 1;
/// nothing for no rounds.
///
/// Takes    values  of every round in order, larger is better
[[nodiscard]] std::optional<std::size_t> plateau_round(std::span<const double> values,
                                                       double least_gain);

}  // namespace wattune::math
