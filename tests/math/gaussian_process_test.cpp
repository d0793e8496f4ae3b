#include "wattune/math/gaussian_process.hpp"

#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <cmath>

#include "support/finite_difference.hpp"
#include "wattune/base/random.hpp"

namespace wattune::math {
namespace {

Eigen::MatrixXd random_points(Eigen::Index count, Eigen::Index dimension, Rng& rng) {
  return Eigen::MatrixXd::NullaryExpr(count, dimension, [&] { return rng.uniform(); });
}

Eigen::VectorXd wavy_values(const Eigen::MatrixXd& points) {
  return points.rowwise().sum().array().sin() * 3.0 + 5.0 * points.col(0).array().square() + 40.0;
}

GpData wavy_data(Eigen::Index count, Eigen::Index dimension, Rng& rng) {
  GpData data;
  data.points = random_points(count, dimension, rng);
  data.values = wavy_values(data.points);
  return data;
}

/// Three columns of a choice and two numbers.
KernelShape mixed_shape(KernelFamily family) {
  return {family, {0, 1, 1, 1, 2}};
}

GpHyperparameters some_hyperparameters() {
  return {Eigen::Vector3d{-0.3, 0.2, -0.9}, std::log(0.01)};
}

double textbook_correlation(const KernelShape& shape, const GpHyperparameters& hyperparameters,
                            const Eigen::RowVectorXd& left, const Eigen::RowVectorXd& right) {
  double squared = 0.0;
  for (Eigen::Index c = 0; c < left.size(); ++c) {
    const auto group =
        static_cast<Eigen::Index>(shape.group_of_column[static_cast<std::size_t>(c)]);
    const double z = (left[c] - right[c]) / std::exp(hyperparameters.log_lengthscales[group]);
    squared += z * z;
  }
  if (shape.family == KernelFamily::Rbf) return std::exp(-0.5 * squared);
  const double s = std::sqrt(5.0 * squared);
  return (1.0 + s + s * s / 3.0) * std::exp(-s);
}

Eigen::MatrixXd textbook_kernel(const KernelShape& shape, const GpHyperparameters& hyperparameters,
                                const Eigen::MatrixXd& left, const Eigen::MatrixXd& right) {
  return Eigen::MatrixXd::NullaryExpr(
      left.rows(), right.rows(), [&](Eigen::Index i, Eigen::Index j) {
        return textbook_correlation(shape, hyperparameters, left.row(i), right.row(j));
      });
}

/// By the inverse of the kernel matrix, as in a textbook's formula.
JointPrediction textbook_prediction(const KernelShape& shape,
                                    const GpHyperparameters& hyperparameters, const GpData& data,
                                    const Eigen::MatrixXd& points) {
  const double offset = data.values.mean();
  const double variance =
      (data.values.array() - offset).square().sum() / static_cast<double>(data.values.size() - 1);
  const Eigen::VectorXd noise =
      data.noise_variances
          ? Eigen::VectorXd{*data.noise_variances / variance}
          : Eigen::VectorXd::Constant(data.values.size(), std::exp(hyperparameters.log_noise));
  Eigen::MatrixXd kernel = textbook_kernel(shape, hyperparameters, data.points, data.points);
  kernel.diagonal() += noise;
  const Eigen::MatrixXd inverse = kernel.fullPivLu().inverse();
  const Eigen::MatrixXd cross = textbook_kernel(shape, hyperparameters, points, data.points);
  const Eigen::VectorXd centred = data.values.array() - offset;
  return {offset + (cross * inverse * centred).array(),
          variance * (textbook_kernel(shape, hyperparameters, points, points) -
                      cross * inverse * cross.transpose())};
}

class BothKernels : public testing::TestWithParam<KernelFamily> {};

}  // namespace

TEST_P(BothKernels, PredictsAsTheTextbookDoes) {
  Rng rng{1};
  const KernelShape shape = mixed_shape(GetParam());
  GpData data = wavy_data(40, 5, rng);
  for (const bool noise_is_given : {false, true}) {
    if (noise_is_given) {
      data.noise_variances =
          Eigen::VectorXd::NullaryExpr(40, [&] { return rng.uniform(0.01, 0.2); });
    }
    const GaussianProcess process{shape, data, some_hyperparameters()};
    const Eigen::MatrixXd points = random_points(300, 5, rng);

    const JointPrediction expected =
        textbook_prediction(shape, some_hyperparameters(), data, points);
    const Predictions marginal = process.predict(points);
    const JointPrediction joint = process.predict_jointly(points);

    EXPECT_LT((marginal.means - expected.mean).cwiseAbs().maxCoeff(), 1e-9);
    EXPECT_LT((marginal.variances - expected.covariance.diagonal()).cwiseAbs().maxCoeff(), 1e-9);
    EXPECT_LT((joint.mean - expected.mean).cwiseAbs().maxCoeff(), 1e-9);
    EXPECT_LT((joint.covariance - expected.covariance).cwiseAbs().maxCoeff(), 1e-9);
    EXPECT_NEAR(process.predict(Eigen::RowVectorXd{points.row(7)}).mean, expected.mean[7], 1e-9);
  }
}

TEST_P(BothKernels, PredictionGradientsAgreeWithFiniteDifferences) {
  Rng rng{2};
  const GaussianProcess process{mixed_shape(GetParam()), wavy_data(30, 5, rng),
                                some_hyperparameters()};
  for (int i = 0; i < 100; ++i) {
    const Eigen::RowVectorXd point = random_points(1, 5, rng);
    const PredictionGradient exact = process.predict_with_gradient(point);
    EXPECT_NEAR(exact.mean, process.predict(point).mean, 1e-10);
    EXPECT_NEAR(exact.variance, process.predict(point).variance, 1e-9);
    for (Eigen::Index c = 0; c < 5; ++c) {
      const auto moved = [&](double x) {
        Eigen::RowVectorXd at = point;
        at[c] = x;
        return process.predict(at);
      };
      constexpr double kStep = 1e-3;
      EXPECT_NEAR(exact.mean_gradient[c],
                  test::derivative_of([&](double x) { return moved(x).mean; }, point[c], kStep),
                  1e-6);
      EXPECT_NEAR(exact.variance_gradient[c],
                  test::derivative_of([&](double x) { return moved(x).variance; }, point[c], kStep),
                  1e-6);
    }
  }
}

TEST_P(BothKernels, GrowingByOnePointIsARefit) {
  Rng rng{3};
  const KernelShape shape = mixed_shape(GetParam());
  const GpData data = wavy_data(25, 5, rng);
  GpData grown = data;
  GaussianProcess process{shape, data, some_hyperparameters()};
  // Points at the mean and one deviation to both sides leave the standardisation nearly as it was;
  // the textbook uses that of all points, so it is put into the values here.
  for (int i = 0; i < 5; ++i) {
    const Eigen::RowVectorXd point = random_points(1, 5, rng);
    process.add(point, 41.0 + i);
    grown.points.conservativeResize(grown.points.rows() + 1, Eigen::NoChange);
    grown.points.bottomRows(1) = point;
    grown.values.conservativeResize(grown.values.size() + 1);
    grown.values[grown.values.size() - 1] = 41.0 + i;
  }
  const Eigen::MatrixXd points = random_points(50, 5, rng);
  const Predictions predicted = process.predict(points);

  const double offset = data.values.mean();
  const double variance =
      (data.values.array() - offset).square().sum() / static_cast<double>(data.values.size() - 1);
  Eigen::MatrixXd kernel =
      textbook_kernel(shape, some_hyperparameters(), grown.points, grown.points);
  kernel.diagonal().array() += 0.01;
  const Eigen::MatrixXd cross =
      textbook_kernel(shape, some_hyperparameters(), points, grown.points);
  const Eigen::MatrixXd solved = kernel.fullPivLu().solve(cross.transpose());
  const Eigen::VectorXd centred = grown.values.array() - offset;
  const Eigen::VectorXd means = offset + (solved.transpose() * centred).array();
  const Eigen::VectorXd variances =
      variance * (1.0 - cross.transpose().cwiseProduct(solved).colwise().sum().array());
  EXPECT_LT((predicted.means - means).cwiseAbs().maxCoeff(), 1e-9);
  EXPECT_LT((predicted.variances - variances).cwiseAbs().maxCoeff(), 1e-9);
  EXPECT_EQ(process.num_points(), 30u);
}

INSTANTIATE_TEST_SUITE_P(Families, BothKernels,
                         testing::Values(KernelFamily::Rbf, KernelFamily::Matern52),
                         [](const auto& family) {
                           return family.param == KernelFamily::Rbf ? "Rbf" : "Matern52";
                         });

}  // namespace wattune::math
