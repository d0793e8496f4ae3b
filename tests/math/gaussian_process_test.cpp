#include "wattune/math/gaussian_process.hpp"

#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <cmath>
#include <numbers>

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

TEST_P(BothKernels, TheLogLikelihoodIsTheLogDensityOfANormalVector) {
  Rng rng{4};
  const KernelShape shape = mixed_shape(GetParam());
  const GpData data = wavy_data(12, 5, rng);
  const GaussianProcess process{shape, data, some_hyperparameters()};
  const Eigen::VectorXd centred = data.values.array() - data.values.mean();
  const double variance = centred.squaredNorm() / 11.0;
  Eigen::MatrixXd kernel = textbook_kernel(shape, some_hyperparameters(), data.points, data.points);
  kernel.diagonal().array() += std::exp(some_hyperparameters().log_noise);
  kernel *= variance;
  const double expected = -0.5 * centred.dot(kernel.inverse() * centred) -
                          0.5 * std::log(kernel.determinant()) -
                          6.0 * std::log(2.0 * std::numbers::pi);
  EXPECT_NEAR(process.log_likelihood(), expected, 1e-8);
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

TEST(GaussianProcess, GradientsOfManyPointsAreThoseOfEach) {
  Rng rng{4};
  const GaussianProcess process{mixed_shape(KernelFamily::Rbf), wavy_data(60, 5, rng),
                                some_hyperparameters()};
  const Eigen::MatrixXd points = random_points(7, 5, rng);

  const PredictionGradients all = process.predict_with_gradient(points);

  for (Eigen::Index i = 0; i < 7; ++i) {
    const PredictionGradient one = process.predict_with_gradient(Eigen::RowVectorXd{points.row(i)});
    EXPECT_NEAR(all.means[i], one.mean, 1e-9);
    EXPECT_NEAR(all.variances[i], one.variance, 1e-9);
    EXPECT_LT((all.mean_gradients.row(i).transpose() - one.mean_gradient).cwiseAbs().maxCoeff(),
              1e-8);
    EXPECT_LT(
        (all.variance_gradients.row(i).transpose() - one.variance_gradient).cwiseAbs().maxCoeff(),
        1e-8);
  }
}

TEST(GaussianProcess, CovarianceWithAnchorsAndItsGradientAreThoseOfTheJointPrediction) {
  Rng rng{5};
  const GaussianProcess process{mixed_shape(KernelFamily::Matern52), wavy_data(20, 5, rng),
                                some_hyperparameters()};
  const Eigen::MatrixXd fixed = random_points(4, 5, rng);
  const Anchors anchors = process.anchor(fixed);
  for (int i = 0; i < 100; ++i) {
    const Eigen::RowVectorXd point = random_points(1, 5, rng);
    const CovarianceGradient exact = process.covariance_with_gradient(anchors, point);
    EXPECT_LT((exact.values - process.covariance(fixed, point)).cwiseAbs().maxCoeff(), 1e-9);
    EXPECT_LT((exact.values - process.covariance(anchors, point)).cwiseAbs().maxCoeff(), 1e-9);
    for (Eigen::Index c = 0; c < 5; ++c) {
      for (Eigen::Index b = 0; b < 4; ++b) {
        const double expected = test::derivative_of(
            [&](double x) {
              Eigen::RowVectorXd at = point;
              at[c] = x;
              return process.covariance(fixed, at)(b, 0);
            },
            point[c], 1e-3);
        EXPECT_NEAR(exact.gradient(b, c), expected, 1e-6);
      }
    }
  }
}

TEST(GaussianProcess, WithoutDataItIsThePrior) {
  const GaussianProcess process{separate_columns(KernelFamily::Rbf, 2),
                                {Eigen::MatrixXd(0, 2), Eigen::VectorXd(0)},
                                {Eigen::Vector2d::Zero(), -5.0}};
  const Eigen::RowVectorXd point = Eigen::RowVector2d{0.3, 0.4};
  const Prediction predicted = process.predict(point);
  EXPECT_EQ(predicted.mean, 0.0);
  EXPECT_EQ(predicted.variance, 1.0);
  EXPECT_EQ(process.predict_with_gradient(point).mean_gradient, Eigen::Vector2d::Zero());
}

namespace {

/// Data that make trouble, of a kind that the number chooses.
GpData hard_data(int kind, Rng& rng) {
  const auto count = static_cast<Eigen::Index>(1 + rng.index(30));
  GpData data;
  data.points = random_points(count, 3, rng);
  data.values = Eigen::VectorXd::NullaryExpr(count, [&] { return rng.normal(); });
  if (kind % 2 == 1) {
    data.noise_variances = Eigen::VectorXd::Constant(count, kind % 4 == 1 ? 1e-12 : 1e300);
  }
  switch (kind / 2) {
    case 0:
      data.points = data.points.row(0).replicate(count, 1).eval();
      break;
    case 1:
      data.points.bottomRows(count / 2) = data.points.topRows(count / 2);
      break;
    case 2:
      data.points *= 1e-6;
      break;
    case 3:
      data.values.setConstant(rng.normal());
      break;
    case 4:
      data.values *= 1e-200;
      break;
    case 5:
      data.values *= 1e200;
      break;
    case 6:
      data.values.array() += 1e15;
      break;
    case 7:
      data.values[0] = 1e12;
      break;
    default:
      data.points = data.points.array().round();
      break;
  }
  return data;
}

void expect_usable(const GaussianProcess& process, const Eigen::MatrixXd& points) {
  const PredictionGradients predicted = process.predict_with_gradient(points);
  EXPECT_TRUE(predicted.means.allFinite());
  EXPECT_TRUE(predicted.variances.allFinite());
  EXPECT_TRUE(predicted.mean_gradients.allFinite());
  EXPECT_TRUE(predicted.variance_gradients.allFinite());
  const Predictions marginal = process.predict(points);
  EXPECT_TRUE(marginal.means.allFinite());
  EXPECT_GT(marginal.variances.minCoeff(), 0.0);
  EXPECT_TRUE(process.predict_jointly(points).covariance.allFinite());
}

}  // namespace

TEST(GaussianProcess, HardDataNeverGiveWhatIsNoNumber) {
  Rng rng{6};
  for (int kind = 0; kind < 18; ++kind) {
    for (int i = 0; i < 4; ++i) {
      SCOPED_TRACE(kind);
      const KernelShape shape =
          separate_columns(i % 2 == 0 ? KernelFamily::Rbf : KernelFamily::Matern52, 3);
      const GpData data = hard_data(kind, rng);
      const GpHyperparameters fitted = GaussianProcess::fit(shape, data);
      ASSERT_TRUE(fitted.log_lengthscales.allFinite() && std::isfinite(fitted.log_noise));
      GaussianProcess process{shape, data, fitted};
      Eigen::MatrixXd points(data.points.rows() + 5, 3);
      points << data.points, random_points(5, 3, rng);
      expect_usable(process, points);
      const std::optional<double> noise = data.noise_variances ? std::optional{0.0} : std::nullopt;
      process.add(data.points.row(0), data.values[0], noise);
      process.add(data.points.row(0), data.values[0], noise);
      expect_usable(process, points);
    }
  }
}

TEST(GaussianProcess, ExactValuesAreMetExactly) {
  Rng rng{7};
  GpData data = wavy_data(12, 2, rng);
  data.noise_variances = Eigen::VectorXd::Zero(12);
  const GaussianProcess process{
      separate_columns(KernelFamily::Matern52, 2), data, {Eigen::Vector2d{-0.5, -0.5}, 0.0}};

  const Predictions predicted = process.predict(data.points);

  EXPECT_LT((predicted.means - data.values).cwiseAbs().maxCoeff(), 1e-6);
  EXPECT_LT(predicted.variances.maxCoeff(), 1e-6);
}

TEST(GaussianProcess, ItsIntervalsHoldWhatTheyPromise) {
  // Functions drawn from a process themselves, seen through noise, fitted and predicted: residuals
  // in predicted deviations must be standard normal.
  constexpr int kFunctions = 30;
  constexpr Eigen::Index kSeen = 40;
  constexpr Eigen::Index kUnseen = 30;
  Rng rng{8};
  double squares = 0.0;
  int inside = 0;
  for (int i = 0; i < kFunctions; ++i) {
    const KernelShape shape = separate_columns(KernelFamily::Rbf, 2);
    const Eigen::MatrixXd points = random_points(kSeen + kUnseen, 2, rng);
    Eigen::MatrixXd kernel =
        textbook_kernel(shape, {Eigen::Vector2d{-1.2, -0.7}, 0.0}, points, points);
    kernel.diagonal().array() += 1e-9;
    const Eigen::MatrixXd root = kernel.llt().matrixL();
    const Eigen::VectorXd truth =
        root * Eigen::VectorXd::NullaryExpr(kSeen + kUnseen, [&] { return rng.normal(); });
    GpData data{points.topRows(kSeen), truth.head(kSeen)};
    for (double& value : data.values) value += 0.1 * rng.normal();
    const GaussianProcess process{shape, data, GaussianProcess::fit(shape, data)};
    const Predictions predicted = process.predict(Eigen::MatrixXd{points.bottomRows(kUnseen)});
    const Eigen::ArrayXd z =
        (truth.tail(kUnseen) - predicted.means).array() / predicted.variances.array().sqrt();
    squares += z.square().sum();
    inside += static_cast<int>((z.abs() < 1.96).count());
  }
  const double total = static_cast<double>(kFunctions * kUnseen);
  // 900 residuals, those of one function alike: as good as about 150 independent ones, for which
  // the standard error of the share is 0.018. The prior expects little noise, so that a function
  // whose noise it misses has a few residuals far out: their squares are bounded on one side only.
  EXPECT_GT(squares / total, 0.5);
  EXPECT_LT(squares / total, 2.0);
  EXPECT_NEAR(inside / total, 0.95, 0.07);
}

}  // namespace wattune::math
