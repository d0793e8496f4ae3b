#include "wattune/math/pay_back.hpp"

#include <algorithm>
#include <numeric>

namespace wattune::math {

std::optional<double> uses_to_pay_back(double one_off_cost, double saving_per_use) {
  if (!(saving_per_use > 0.0)) return std::nullopt;
  return one_off_cost / saving_per_use;
}

std::optional<double> saving_together(double together, std::span<const double> alone) {
  const double sum = std::accumulate(alone.begin(), alone.end(), 0.0);
  if (!(sum > 0.0)) return std::nullopt;
  return 1.0 - together / sum;
}

std::optional<std::size_t> plateau_round(std::span<const double> values, double least_gain) {
  if (values.empty()) return std::nullopt;
  const double best = *std::ranges::max_element(values);
  // The running best is within the gain of the last best once any value is.
  const auto found =
      std::ranges::find_if(values, [&](double value) { return best - value < least_gain; });
  return static_cast<std::size_t>(found - values.begin()) + 1;
}

}  // namespace wattune::math
