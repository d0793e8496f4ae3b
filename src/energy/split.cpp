#include "split.hpp"

#include <algorithm>
#include <numeric>
#include <tuple>

#include "wattune/base/require.hpp"

namespace wattune::energy {

std::vector<std::int64_t> split_exactly(std::int64_t amount, std::span<const Wide> weights) {
  WATTUNE_REQUIRE(amount >= 0 && !weights.empty());
  std::vector<std::int64_t> parts(weights.size(), 0);
  const Wide total = std::accumulate(weights.begin(), weights.end(), Wide{0});
  if (total == 0) {
    parts[0] = amount;
    return parts;
  }

  std::vector<Wide> remainders(weights.size());
  std::int64_t left = amount;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    WATTUNE_REQUIRE(weights[i] >= 0);
    const Wide exact = Wide{amount} * weights[i];
    parts[i] = static_cast<std::int64_t>(exact / total);
    remainders[i] = exact % total;
    left -= parts[i];
  }

  std::vector<std::size_t> order(weights.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, [&](std::size_t a, std::size_t b) {
    return std::tuple(-remainders[a], -weights[a], a) < std::tuple(-remainders[b], -weights[b], b);
  });
  for (std::size_t i = 0; left > 0; ++i, --left) ++parts[order[i]];
  return parts;
}

}  // namespace wattune::energy
