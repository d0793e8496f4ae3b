#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "wide.hpp"

namespace wattune::energy {

/// Splits a whole amount by weights, so that the parts are whole and add up to the amount.
///
/// Every part is its exact share rounded down; what is left goes one by one to the largest
/// remainders, on a tie to the larger weight, then to the earlier part. All arithmetic is on
/// integers, so the order of the parts changes nothing but the last tie.
///
/// Takes    amount   >= 0
///          weights  >= 0, the first takes everything where all are 0; not empty
[[nodiscard]] std::vector<std::int64_t> split_exactly(std::int64_t amount,
                                                      std::span<const Wide> weights);

}  // namespace wattune::energy
