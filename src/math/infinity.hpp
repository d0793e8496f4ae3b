#pragma once

#include <limits>

namespace wattune::math {

inline constexpr double kInfinity = std::numeric_limits<double>::infinity();

}  // namespace wattune::math
