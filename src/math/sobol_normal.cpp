#include "wattune/math/sobol_normal.hpp"

#include "wattune/base/random.hpp"
#include "wattune/math/sobol.hpp"

namespace wattune::math {

Eigen::MatrixXd sobol_normals(std::size_t count, std::size_t dimension, std::uint64_t seed) {
  const SobolSequence sequence{dimension, seed};
  Eigen::MatrixXd normals(static_cast<Eigen::Index>(count), static_cast<Eigen::Index>(dimension));
  for (Eigen::Index row = 0; row < normals.rows(); ++row) {
    const std::vector<double> point = sequence.point(static_cast<std::uint32_t>(row));
    for (Eigen::Index column = 0; column < normals.cols(); ++column) {
      normals(row, column) = normal_quantile(point[static_cast<std::size_t>(column)]);
    }
  }
  return normals;
}

}  // namespace wattune::math
