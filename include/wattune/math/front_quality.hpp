#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <vector>

namespace wattune::math {

// Symbols: a point is a vector of losses, lower is better, all finite; how well a front stands
// beside a target, which is another front or the true one.

/// The least that must be taken off every loss of the front so that each point of the target is
/// dominated or met; below 0 where the front is better everywhere.
///
/// Requires both not empty.
/// Source   Zitzler et al., IEEE Trans. Evol. Comput. 7(2), 2003, doi:10.1109/TEVC.2003.810758
[[nodiscard]] double additive_epsilon(std::span<const std::vector<double>> front,
                                      std::span<const std::vector<double>> target);

/// The same with a factor that every loss is divided by.
///
/// Requires both not empty, all losses above 0.
[[nodiscard]] double multiplicative_epsilon(std::span<const std::vector<double>> front,
                                            std::span<const std::vector<double>> target);

/// Mean over the target of how far the front stays behind each of its points; 0 where each is
/// dominated or met.
///
/// Requires both not empty.
/// Source   IGD+: Ishibuchi et al., EMO 2015, doi:10.1007/978-3-319-15892-1_8
[[nodiscard]] double mean_shortfall(std::span<const std::vector<double>> front,
                                    std::span<const std::vector<double>> target);

using Pair = std::array<double, 2>;

/// What at least one, two, ... of several runs reached, as fronts of two losses.
///
/// Takes    runs  the points of each run, in any order; a run may be empty
/// Gives    [runs] level k holds what k + 1 runs or more dominate or meet, by ascending first loss;
///          the best, the median and the worst case are its first, middle and last
/// Cost     O(n log n + n runs)
/// Source   Fonseca, Guerreiro, López-Ibáñez, Paquete, EMO 2011, doi:10.1007/978-3-642-19893-9_22
[[nodiscard]] std::vector<std::vector<Pair>> attainment_levels(
    std::span<const std::vector<Pair>> runs);

/// Share of the runs that dominate or meet the place. Requires one run.
[[nodiscard]] double attained_share(std::span<const std::vector<Pair>> runs, const Pair& place);

}  // namespace wattune::math
