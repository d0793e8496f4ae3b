#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>

namespace wattune::math {

/// Where a front of two losses bends most: beyond it, a little of one costs much of the other.
///
/// Both losses are scaled to 0..1; the knee is the point furthest below the line between the two
/// ends of the front, the earlier one on equal distances.
///
/// Takes    front  points that do not dominate each other, in any order
/// Gives    an index; nothing where no point lies below the line
/// Source   Das, Struct. Optim. 18, 1999, doi:10.1007/BF01195985
[[nodiscard]] std::optional<std::size_t> knee_point(std::span<const std::array<double, 2>> front);

}  // namespace wattune::math
