#include "gaussian_kernel.hpp"

#include <cmath>

#include "correlation_columns.hpp"
#include "wattune/base/require.hpp"

namespace wattune::math {

std::size_t KernelShape::num_groups() const {
  std::size_t count = 0;
  for (const std::size_t group : group_of_column) count = std::max(count, group + 1);
  return count;
}

KernelShape separate_columns(KernelFamily family, std::size_t num_columns) {
  KernelShape shape{family, {}};
  for (std::size_t column = 0; column < num_columns; ++column) {
    shape.group_of_column.push_back(column);
  }
  return shape;
}

Eigen::VectorXd inverse_lengthscales(const KernelShape& shape,
                                     const Eigen::VectorXd& log_lengthscales) {
  WATTUNE_REQUIRE(static_cast<std::size_t>(log_lengthscales.size()) == shape.num_groups());
  Eigen::VectorXd inverse(static_cast<Eigen::Index>(shape.group_of_column.size()));
  for (Eigen::Index column = 0; column < inverse.size(); ++column) {
    const std::size_t group = shape.group_of_column[static_cast<std::size_t>(column)];
    inverse[column] = std::exp(-log_lengthscales[static_cast<Eigen::Index>(group)]);
  }
  return inverse;
}

Eigen::MatrixXd scale_points(const Eigen::MatrixXd& points,
                             const Eigen::VectorXd& inverse_lengthscales) {
  WATTUNE_REQUIRE(points.cols() == inverse_lengthscales.size());
  return inverse_lengthscales.asDiagonal() * (points.transpose().array() - 0.5).matrix();
}

Eigen::MatrixXd correlations(KernelFamily family, const Eigen::MatrixXd& left,
                             const Eigen::MatrixXd& right) {
  Eigen::MatrixXd values = left.transpose() * right;
  const Eigen::VectorXd norms = left.colwise().squaredNorm();
  for (Eigen::Index column = 0; column < right.cols(); ++column) {
    correlate_column(family, norms.data(), right.col(column).squaredNorm(),
                     values.col(column).data(), nullptr, static_cast<std::size_t>(norms.size()));
  }
  return values;
}

SlopedCorrelations sloped_correlations(KernelFamily family, const Eigen::MatrixXd& left,
                                       const Eigen::MatrixXd& right) {
  SlopedCorrelations result{left.transpose() * right, Eigen::MatrixXd(left.cols(), right.cols())};
  const Eigen::VectorXd norms = left.colwise().squaredNorm();
  for (Eigen::Index column = 0; column < right.cols(); ++column) {
    correlate_column(family, norms.data(), right.col(column).squaredNorm(),
                     result.values.col(column).data(), result.slopes.col(column).data(),
                     static_cast<std::size_t>(norms.size()));
  }
  return result;
}

}  // namespace wattune::math
