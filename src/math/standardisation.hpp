#pragma once

#include <Eigen/Core>

namespace wattune::math {

/// value = offset + scale x standardised value.
struct Standardisation {
  double offset = 0.0;
  double scale = 1.0;  ///< 1 where the values do not differ; its square is a normal number.
};

/// Values beyond are taken for this large.
inline constexpr double kLargestValue = 1e150;

/// Mean and standard deviation of the values (n - 1), for any finite values and none; the scale is
/// `share` of the deviation.
[[nodiscard]] Standardisation standardisation_of(const Eigen::VectorXd& values, double share = 1.0);

[[nodiscard]] Eigen::VectorXd standardised(const Eigen::VectorXd& values,
                                           const Standardisation& standard);

/// Variances in squared units of the values become shares of their variance, 1e12 at most.
[[nodiscard]] Eigen::VectorXd standardised_variances(const Eigen::VectorXd& variances,
                                                     const Standardisation& standard);

}  // namespace wattune::math
