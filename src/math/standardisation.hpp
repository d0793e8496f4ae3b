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

/// Mean and standard deviation of the values (n - 1), for any finite values and none.
[[nodiscard]] Standardisation standardisation_of(const Eigen::VectorXd& values);

[[nodiscard]] Eigen::VectorXd standardised(const Eigen::VectorXd& values,
                                           const Standardisation& standard);

}  // namespace wattune::math
