#pragma once

#include <span>
#include <vector>

namespace wattune::samplers {

/// How much room each point of a front has: the sum over the objectives of the distance between its
/// neighbours, in parts of the front's range. Infinite at the ends.
///
/// Gives    [points]
/// Source   Deb et al., IEEE Trans. Evol. Comput. 6(2), 2002, section III.B
[[nodiscard]] std::vector<double> crowding_distances(
    std::span<const std::vector<double>* const> front);

}  // namespace wattune::samplers
