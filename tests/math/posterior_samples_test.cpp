#include "wattune/math/posterior_samples.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "support/finite_difference.hpp"
#include "wattune/base/random.hpp"
#include "wattune/math/sobol_normal.hpp"

namespace wattune::math {
namespace {

Eigen::MatrixXd random_points(Eigen::Index count, Rng& rng) {
  return Eigen::MatrixXd::NullaryExpr(count, 3, [&] { return rng.uniform(); });
}

GaussianProcess noisy_process(Rng& rng) {
  GpData data;
  data.points = random_points(15, rng);
  data.values = 20.0 + 4.0 * (3.0 * data.points.rowwise().sum().array()).sin();
  return {separate_columns(KernelFamily::Rbf, 3),
          data,
          {Eigen::VectorXd::Constant(3, -0.5), std::log(0.05)}};
}

}  // namespace

TEST(PosteriorSamples, HaveTheMomentsOfTheJointPrediction) {
  Rng rng{1};
  const GaussianProcess process = noisy_process(rng);
  const Eigen::MatrixXd baseline = random_points(4, rng);
  const Eigen::MatrixXd candidates = random_points(3, rng);
  const PosteriorSamples samples{process, baseline, sobol_normals(1 << 14, 5, 9)};

  const Eigen::MatrixXd at = samples.at(candidates);

  for (Eigen::Index i = 0; i < 3; ++i) {
    Eigen::MatrixXd points(5, 3);
    points << baseline, candidates.row(i);
    const JointPrediction expected = process.predict_jointly(points);
    Eigen::MatrixXd drawn(at.rows(), 5);
    drawn << samples.at_baseline(), at.col(i);
    const Eigen::RowVectorXd means = drawn.colwise().mean();
    const Eigen::MatrixXd centred = drawn.rowwise() - means;
    const Eigen::MatrixXd covariance =
        centred.transpose() * centred / static_cast<double>(drawn.rows());
    const double variance = expected.covariance.diagonal().maxCoeff();
    // 16,384 even draws; random ones would have standard errors of 0.008 and 0.011.
    EXPECT_LT((means.transpose() - expected.mean).cwiseAbs().maxCoeff(),
              0.003 * std::sqrt(variance));
    EXPECT_LT((covariance - expected.covariance).cwiseAbs().maxCoeff(), 0.02 * variance);
  }
}

TEST(PosteriorSamples, ACandidateOnTheBaselineGivesTheBaselinesSamples) {
  Rng rng{2};
  const GaussianProcess process = noisy_process(rng);
  const Eigen::MatrixXd baseline = random_points(4, rng);
  const PosteriorSamples samples{process, baseline, sobol_normals(64, 5, 9)};

  // What is left of a variance by rounding, 1e-10 of it, has a deviation of 1e-5.
  EXPECT_LT((samples.at(baseline.row(2)) - samples.at_baseline().col(2)).cwiseAbs().maxCoeff(),
            1e-4);
}

TEST(PosteriorSamples, GradientsAgreeWithFiniteDifferences) {
  Rng rng{3};
  const GaussianProcess process = noisy_process(rng);
  for (const Eigen::Index num_baseline : {0, 6}) {
    const PosteriorSamples samples{process, random_points(num_baseline, rng),
                                   sobol_normals(8, static_cast<std::size_t>(num_baseline) + 1, 4)};
    for (int i = 0; i < 100; ++i) {
      const Eigen::RowVectorXd point = random_points(1, rng);
      const PosteriorSamples::Candidate exact = samples.with_gradient(point);
      EXPECT_LT((exact.samples - samples.at(point)).cwiseAbs().maxCoeff(), 1e-6);
      for (Eigen::Index c = 0; c < 3; ++c) {
        for (Eigen::Index s = 0; s < 8; ++s) {
          const double expected = test::derivative_of(
              [&](double x) {
                Eigen::RowVectorXd at = point;
                at[c] = x;
                return samples.at(at)(s, 0);
              },
              point[c], 1e-3);
          EXPECT_NEAR(exact.sample_gradients(s, c), expected, 1e-3 + 1e-4 * std::abs(expected));
        }
      }
    }
  }
}

TEST(PosteriorSamples, ABaselineOfEqualPointsIsSampled) {
  Rng rng{4};
  const GaussianProcess process = noisy_process(rng);
  const Eigen::MatrixXd baseline = random_points(1, rng).replicate(5, 1);

  const PosteriorSamples samples{process, baseline, sobol_normals(16, 6, 1)};

  EXPECT_TRUE(samples.at_baseline().allFinite());
  EXPECT_LT((samples.at_baseline().col(0) - samples.at_baseline().col(4)).cwiseAbs().maxCoeff(),
            1e-3);
  EXPECT_TRUE(samples.at(random_points(10, rng)).allFinite());
}

}  // namespace wattune::math
