#include "tactics/repetitions.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace wattune::train {
namespace {

double quantile(const std::vector<double>& sorted, double share) {
  const double place = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (place - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

double variation_of(const std::vector<double>& measurements) {
  if (measurements.size() < 2) return 0;
  const auto count = static_cast<double>(measurements.size());
  double sum = 0;
  for (const double value : measurements) sum += value;
  const double mean = sum / count;
  double squares = 0;
  for (const double value : measurements) squares += (value - mean) * (value - mean);
  return std::sqrt(squares / (count - 1)) / mean;
}

}  // namespace

Spread spread_of(std::vector<double> measurements) {
  std::ranges::sort(measurements);
  return {quantile(measurements, 0.5), quantile(measurements, 0.25), quantile(measurements, 0.75),
          variation_of(measurements)};
}

}  // namespace wattune::train
