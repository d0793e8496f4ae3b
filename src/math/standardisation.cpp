#include "standardisation.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace wattune::math {

Standardisation standardisation_of(const Eigen::VectorXd& values, double share) {
  if (values.size() == 0) return {};
  const Eigen::ArrayXd clipped = values.array().max(-kLargestValue).min(kLargestValue);
  const double unit = clipped.abs().maxCoeff();
  if (unit == 0.0) return {};
  // In units of the largest value, so that no square overflows.
  const Eigen::ArrayXd shares = clipped / unit;
  const double mean = shares.mean();
  if (shares.size() < 2) return {mean * unit, 1.0};
  const double variance = (shares - mean).square().sum() / static_cast<double>(shares.size() - 1);
  const double scale = std::sqrt(variance) * unit;
  constexpr double kSmallestScale = 1e-140;
  const double rounding = 4.0 * std::numeric_limits<double>::epsilon() * unit;
  return {mean * unit, scale > std::max(rounding, kSmallestScale) ? share * scale : 1.0};
}

Eigen::VectorXd standardised(const Eigen::VectorXd& values, const Standardisation& standard) {
  const Eigen::ArrayXd clipped = values.array().max(-kLargestValue).min(kLargestValue);
  return (clipped - standard.offset) / standard.scale;
}

Eigen::VectorXd standardised_variances(const Eigen::VectorXd& variances,
                                       const Standardisation& standard) {
  constexpr double kLargestShare = 1e12;
  return (variances.array() / standard.scale / standard.scale).min(kLargestShare);
}

}  // namespace wattune::math
