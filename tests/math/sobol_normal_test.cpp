#include "wattune/math/sobol_normal.hpp"

#include <gtest/gtest.h>

#include "wattune/math/normal.hpp"

namespace wattune::math {

TEST(SobolNormals, MomentsAreThoseOfTheStandardNormal) {
  const Eigen::MatrixXd normals = sobol_normals(1024, 6, 5);
  ASSERT_EQ(normals.rows(), 1024);
  ASSERT_EQ(normals.cols(), 6);
  // 1024 random draws would give means off by 0.03 and variances by 0.04 (standard errors).
  for (Eigen::Index column = 0; column < 6; ++column) {
    EXPECT_NEAR(normals.col(column).mean(), 0.0, 0.003);
    EXPECT_NEAR(normals.col(column).squaredNorm() / 1024, 1.0, 0.02);
  }
  EXPECT_NEAR(normals.col(0).dot(normals.col(5)) / 1024, 0.0, 0.03);
}

TEST(SobolNormals, EveryOctileOfEveryColumnHoldsAnEighth) {
  const Eigen::MatrixXd normals = sobol_normals(64, 9, 3);
  for (Eigen::Index column = 0; column < 9; ++column) {
    std::array<int, 8> counts{};
    for (Eigen::Index row = 0; row < 64; ++row) {
      ++counts.at(static_cast<std::size_t>(8.0 * normal_cumulative(normals(row, column))));
    }
    for (const int count : counts) EXPECT_EQ(count, 8);
  }
}

TEST(SobolNormals, ASeedIsASet) {
  EXPECT_EQ(sobol_normals(16, 3, 1), sobol_normals(16, 3, 1));
  EXPECT_NE(sobol_normals(16, 3, 1), sobol_normals(16, 3, 2));
}

}  // namespace wattune::math
