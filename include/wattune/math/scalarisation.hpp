#pragma once

#include <span>

namespace wattune::math {

/// One loss of several, lower is better: the largest weighted loss and 5 % of the weighted sum, so
/// that every point of a front is the best for some weights.
///
/// Takes    losses  scaled to about 0..1;  weights  as many, at least 0, adding to 1
/// Source   Knowles, IEEE Trans. Evol. Comput. 10(1), 2006 (ParEGO), doi:10.1109/TEVC.2005.851274
[[nodiscard]] double augmented_chebyshev(std::span<const double> losses,
                                         std::span<const double> weights);

}  // namespace wattune::math
