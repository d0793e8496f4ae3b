#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace wattune::math {

// Tests and effect sizes that look at the order of values alone.

/// Whether groups of values lie at different heights.
struct KruskalWallis {
  double h = 0.0;  ///< Corrected for ties.
  double p = 1.0;  ///< Of so large an H if there were no difference; chi-squared approximation.
  std::size_t num_groups = 0;
  std::size_t count = 0;  ///< Values of all groups.
};

/// The Kruskal-Wallis test.
///
/// Takes    groups  finite values
/// Gives    nothing for fewer than two groups with values, or where all values are equal
/// Source   Kruskal, Wallis, JASA 47(260), 1952, doi:10.1080/01621459.1952.10483441
[[nodiscard]] std::optional<KruskalWallis> kruskal_wallis(
    std::span<const std::vector<double>> groups);

/// The part of the variance of ranks that the groups explain: (H - k + 1) / (n - k).
///
/// Takes    num_groups  k, fewer than count; the levels of the factor, unless a paper counts
/// otherwise Source   Tomczak, Tomczak, Trends in Sport Sciences 1(21), 2014
[[nodiscard]] double eta_squared(double h, std::size_t num_groups, std::size_t count);

/// Probability that a value of the first is larger than one of the second, less that of the
/// opposite: -1 to 1. Requires a value on each side.
///
/// Source   Cliff, Psychological Bulletin 114(3), 1993, doi:10.1037/0033-2909.114.3.494
[[nodiscard]] double cliffs_delta(std::span<const double> first, std::span<const double> second);

/// Probabilities of several tests, corrected so that one false alarm in all is as unlikely as in
/// one.
///
/// Source   Holm, Scandinavian Journal of Statistics 6(2), 1979
[[nodiscard]] std::vector<double> holm(std::span<const double> probabilities);

/// Agreement of two orders of the same things: 1 the same, -1 the opposite (tau-b, which allows
/// ties).
///
/// Takes    both of one length
/// Gives    nothing for fewer than two pairs, or where one side is constant
/// Source   Kendall, Biometrika 33(3), 1945, doi:10.1093/biomet/33.3.239
[[nodiscard]] std::optional<double> kendall_tau(std::span<const double> first,
                                                std::span<const double> second);

}  // namespace wattune::math
