#include "bandwidth.hpp"

#include <algorithm>
#include <cmath>

namespace wattune::samplers {

double bandwidth_of(const Axis& axis, std::size_t num_kernels, std::size_t num_axes,
                    double variance) {
  const auto n = static_cast<double>(num_kernels);
  if (axis.kind() == AxisKind::Unordered) return 1.0 / (n + 1.0);
  const double pooled = (n * variance + kUniformVariance) / (n + 1.0);
  const double scott =
      1.059 * std::sqrt(pooled) * std::pow(n, -1.0 / (static_cast<double>(num_axes) + 4.0));
  const double least = 1.0 / std::min(100.0, 1.0 + n);
  return std::clamp(scott, least, 1.0);
}

}  // namespace wattune::samplers
