#include "wattune/math/knee.hpp"

#include <vector>

#include "wattune/math/statistics.hpp"

namespace wattune::math {

std::optional<std::size_t> knee_point(std::span<const std::array<double, 2>> front) {
  // Distances below rounding error of the scaled coordinates are no bend.
  constexpr double kLeastBend = 1e-9;
  if (front.size() < 3) return std::nullopt;
  std::array<std::vector<double>, 2> columns;
  for (const auto& point : front) {
    columns[0].push_back(point[0]);
    columns[1].push_back(point[1]);
  }
  const Range first = min_max(columns[0]);
  const Range second = min_max(columns[1]);
  if (first.min == first.max || second.min == second.max) return std::nullopt;

  // The ends scale to (0, 1) and (1, 0), so that x + y = 1 is the line.
  std::optional<std::size_t> knee;
  double furthest = kLeastBend;
  for (std::size_t i = 0; i < front.size(); ++i) {
    const double below = 1.0 - first.fraction(front[i][0]) - second.fraction(front[i][1]);
    if (below > furthest) {
      furthest = below;
      knee = i;
    }
  }
  return knee;
}

}  // namespace wattune::math
