#pragma once

#include <vector>

#include "search/problems.hpp"

namespace wattune::bench {

/// Two problems like the tuning of a network: choices with conditional parameters, learning rates
/// on a log scale, integers, a forbidden combination. Each minimum is attained at one known place.
[[nodiscard]] std::vector<SearchProblem> network_problems();

/// The configurations where they are attained, in the same order.
[[nodiscard]] std::vector<space::Configuration> network_optima();

}  // namespace wattune::bench
