#include "../../src/samplers/narrowed_posterior.hpp"

#include <gtest/gtest.h>

#include "wattune/math/gaussian_process.hpp"

namespace wattune::samplers {

TEST(NarrowedPosterior, KeepsMeansAndShrinksEveryDeviation) {
  math::GpData data{Eigen::MatrixXd::Random(6, 2).cwiseAbs(), Eigen::VectorXd::Random(6)};
  const math::KernelShape shape = math::separate_columns(math::KernelFamily::Matern52, 2);
  const math::GaussianProcess wide{shape, data, math::GaussianProcess::fit(shape, data)};
  const NarrowedPosterior narrow{wide, 0.3};
  const double share = 0.3 * 0.3;
  const Eigen::MatrixXd points = Eigen::MatrixXd::Random(4, 2).cwiseAbs();

  EXPECT_TRUE(narrow.predict(points).means.isApprox(wide.predict(points).means));
  EXPECT_TRUE(narrow.predict_means(points).isApprox(wide.predict_means(points)));
  EXPECT_TRUE(narrow.predict(points).variances.isApprox(share * wide.predict(points).variances));
  const auto sloped = narrow.predict_with_gradient(points);
  const auto wide_sloped = wide.predict_with_gradient(points);
  EXPECT_TRUE(sloped.variances.isApprox(share * wide_sloped.variances));
  EXPECT_TRUE(sloped.mean_gradients.isApprox(wide_sloped.mean_gradients));
  EXPECT_TRUE(sloped.variance_gradients.isApprox(share * wide_sloped.variance_gradients));
  EXPECT_TRUE(narrow.predict_jointly(points).covariance.isApprox(
      share * wide.predict_jointly(points).covariance));
  const math::Anchors anchors = narrow.anchor(points);
  EXPECT_TRUE(
      narrow.covariance(anchors, points).isApprox(share * wide.covariance(anchors, points)));
  const auto beside = narrow.covariance_with_gradient(anchors, points.row(0));
  const auto wide_beside = wide.covariance_with_gradient(anchors, points.row(0));
  EXPECT_TRUE(beside.values.isApprox(share * wide_beside.values));
  EXPECT_TRUE(beside.gradient.isApprox(share * wide_beside.gradient));
  EXPECT_DOUBLE_EQ(narrow.smallest_variance(), share * wide.smallest_variance());
}

}  // namespace wattune::samplers
