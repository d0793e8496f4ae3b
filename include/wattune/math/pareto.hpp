#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace wattune::math {

// Symbols: a point is a vector of losses, one per objective, lower is better, all finite. Points of
// one call have the same length.

/// No worse in every objective and better in one. Equal points do not dominate each other.
[[nodiscard]] bool dominates(std::span<const double> left, std::span<const double> right);

/// Front of each point: 0 for those that nothing dominates, 1 for those that only points of front 0
/// dominate, and so on.
///
/// Gives    [num_points]
/// Cost     O(n log n) for one and two objectives, O(n log^2 n) comparisons for three, O(n^2) at
///          worst beyond
/// Source   Zhang, Tian, Cheng, Jin, IEEE Trans. Evol. Comput. 19(2), 2015 (ENS-BS),
///          doi:10.1109/TEVC.2014.2308305
/// Differs  with two objectives only the last point of a front is compared, with three the front's
///          staircase in the last two losses, which is enough there
[[nodiscard]] std::vector<std::size_t> non_dominated_ranks(
    std::span<const std::vector<double>> points);

/// Indices of the points that nothing dominates, ascending; equal points are all in.
///
/// Cost     O(n log n) for up to three objectives, O(n x members) at worst beyond
[[nodiscard]] std::vector<std::size_t> pareto_front(std::span<const std::vector<double>> points);

}  // namespace wattune::math
