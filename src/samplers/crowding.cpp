#include "crowding.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace wattune::samplers {

std::vector<double> crowding_distances(std::span<const std::vector<double>* const> front) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  std::vector<double> distances(front.size(), 0.0);
  if (front.empty()) return distances;
  std::vector<std::size_t> order(front.size());
  for (std::size_t k = 0; k < front.front()->size(); ++k) {
    const auto loss = [&](std::size_t index) { return (*front[index])[k]; };
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::stable_sort(order, {}, loss);
    const double range = loss(order.back()) - loss(order.front());
    distances[order.front()] = kInfinity;
    distances[order.back()] = kInfinity;
    if (!(range > 0.0) || !std::isfinite(range)) continue;
    for (std::size_t i = 1; i + 1 < order.size(); ++i) {
      distances[order[i]] += (loss(order[i + 1]) - loss(order[i - 1])) / range;
    }
  }
  return distances;
}

}  // namespace wattune::samplers
