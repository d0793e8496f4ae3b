#include "../../src/math/solved_norms.hpp"

#include <gtest/gtest.h>

#include <Eigen/Dense>

#include "wattune/base/random.hpp"

namespace wattune::math {
namespace {

Eigen::MatrixXd random_matrix(Eigen::Index rows, Eigen::Index columns, Rng& rng) {
  Eigen::MatrixXd matrix(rows, columns);
  for (double& number : matrix.reshaped()) number = rng.uniform(-1.0, 1.0);
  return matrix;
}

TEST(SolvedNorms, AreThoseOfATriangularSolveWhateverTheNumberOfRowsAndColumns) {
  Rng rng{3};
  for (const Eigen::Index size : {1, 3, 4, 5, 8, 31, 60}) {
    Eigen::MatrixXd lower = random_matrix(size, size, rng);
    lower.diagonal().array() = lower.diagonal().array().abs() + 2.0;
    for (const Eigen::Index count : {1, 7, 8, 9, 20}) {
      const Eigen::MatrixXd columns = random_matrix(size, count, rng);
      const Eigen::MatrixXd solved = lower.triangularView<Eigen::Lower>().solve(columns);
      const Eigen::VectorXd expected = solved.colwise().squaredNorm();
      const Eigen::VectorXd norms = solved_squared_norms(lower, columns);
      ASSERT_EQ(norms.size(), count);
      EXPECT_LT(((norms - expected).array() / expected.array()).abs().maxCoeff(), 1e-11)
          << size << " rows, " << count << " columns";
    }
  }
}

}  // namespace
}  // namespace wattune::math
