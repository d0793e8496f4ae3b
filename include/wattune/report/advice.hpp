#pragma once

#include <optional>
#include <string>
#include <vector>

#include "wattune/report/recommendation.hpp"
#include "wattune/space/parameter.hpp"
#include "wattune/trial/history.hpp"

namespace wattune::report {

/// Says of a range of more than two decades without a log scale that it should have one: evenly
/// drawn, 99 of 100 values lie in the last two decades. Nothing where all is well.
[[nodiscard]] std::optional<std::string> log_scale_advice(const space::Parameter& parameter);

/// Says of a trial that sits on the bounds of two or more ranges that these should be wider: the
/// best may lie beyond. On a bound: within a hundredth of the range, on its scale; whole numbers on
/// the bound itself.
[[nodiscard]] std::optional<std::string> bounds_advice(const trial::History& history,
                                                       TrialId trial);

/// What to change in the study file, one sentence each.
[[nodiscard]] std::vector<std::string> advice(const trial::History& history,
                                              const std::vector<Recommendation>& recommendations);

}  // namespace wattune::report
