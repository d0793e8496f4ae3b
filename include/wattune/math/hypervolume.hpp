#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace wattune::math {

// Symbols: a point is a vector of losses, lower is better, all finite; the reference point is worse
// than what counts. Points that are not better than the reference in every objective add nothing.

/// Volume that the points dominate below the reference point.
///
/// Cost     O(n log n) for up to three objectives, O(n^2) for four; beyond, exponential in the
///          worst case: thousands of points for five, hundreds for six
/// Source   three objectives: Beume et al., IEEE Trans. Evol. Comput. 13(5), 2009,
///          doi:10.1109/TEVC.2009.2015575; four: Guerreiro, Fonseca, IEEE Trans. Evol. Comput.
///          22(3), 2018, doi:10.1109/TEVC.2017.2729550; more: While, Bradstreet, Barone, IEEE
///          Trans. Evol. Comput. 16(1), 2012 (WFG), doi:10.1109/TEVC.2010.2077298
/// Differs  what a point adds is looked for below the nearest points that end it along one axis,
///          not below the reference: most others then drop out
[[nodiscard]] double hypervolume(std::span<const std::vector<double>> points,
                                 std::span<const double> reference);

/// What the volume would grow by if `point` joined `points`.
[[nodiscard]] double hypervolume_gain(std::span<const double> point,
                                      std::span<const std::vector<double>> points,
                                      std::span<const double> reference);

/// What the volume would lose without each point; 0 for dominated points and for duplicates.
///
/// Gives    [num_points]
[[nodiscard]] std::vector<double> hypervolume_contributions(
    std::span<const std::vector<double>> points, std::span<const double> reference);

/// Picks `count` points one after another, each time the one that adds most volume; the earlier one
/// on equal gains.
///
/// Gives    indices in the order of choice; all of them if there are no more than `count`
/// Cost     gains only shrink as the set grows, so that few are computed twice
/// Source   Guerreiro, Fonseca, Paquete, Evol. Comput. 24(3), 2016, doi:10.1162/EVCO_a_00188
[[nodiscard]] std::vector<std::size_t> select_by_hypervolume(
    std::span<const std::vector<double>> points, std::span<const double> reference,
    std::size_t count);

}  // namespace wattune::math
