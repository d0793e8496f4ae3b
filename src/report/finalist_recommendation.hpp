#pragma once

#include <vector>

#include "wattune/report/recommendation.hpp"

namespace wattune::report {

/// The cheapest within the tolerance and the best, by the means of what was measured again; empty
/// where nothing was, or where no finalist keeps the constraints.
[[nodiscard]] std::vector<Recommendation> recommend_finalists(const trial::History& history,
                                                              double tolerance);

}  // namespace wattune::report
