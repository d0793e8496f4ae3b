#include "../../src/math/gaussian_process_fit.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "../../src/math/hyperparameter_prior.hpp"
#include "support/finite_difference.hpp"
#include "wattune/base/random.hpp"

namespace wattune::math {
namespace {

Eigen::MatrixXd random_points(Eigen::Index count, Eigen::Index dimension, Rng& rng) {
  return Eigen::MatrixXd::NullaryExpr(count, dimension, [&] { return rng.uniform(); });
}

/// A function of the first column and, less, of the second; noise with this deviation.
GpData observed(Eigen::Index count, Eigen::Index dimension, double noise, Rng& rng) {
  GpData data;
  data.points = random_points(count, dimension, rng);
  data.values = (7.0 * data.points.col(0).array()).sin() + data.points.col(1).array().square();
  for (double& value : data.values) value += noise * rng.normal();
  return data;
}

Eigen::VectorXd packed(const GpHyperparameters& hyperparameters) {
  Eigen::VectorXd all(hyperparameters.log_lengthscales.size() + 1);
  all << hyperparameters.log_lengthscales, hyperparameters.log_noise;
  return all;
}

double root_mean_square(const Eigen::VectorXd& values) {
  return std::sqrt(values.squaredNorm() / static_cast<double>(values.size()));
}

class FitOfBothKernels : public testing::TestWithParam<KernelFamily> {};

}  // namespace

TEST_P(FitOfBothKernels, TheGradientOfTheDensityAgreesWithFiniteDifferences) {
  Rng rng{1};
  const KernelShape shape{GetParam(), {0, 1, 1, 2}};
  GpData data = observed(20, 4, 0.1, rng);
  for (int i = 0; i < 100; ++i) {
    const bool noise_is_given = i % 2 == 1;
    if (noise_is_given) data.noise_variances = Eigen::VectorXd::Constant(20, 0.01);
    const FitProblem problem =
        problem_of(shape, data, {.max_points = 100, .deviation = i % 3 == 0 ? 0.7 : 1.0});
    Eigen::VectorXd at(noise_is_given ? 3 : 4);
    for (double& coordinate : at) coordinate = rng.uniform(-2.0, 1.5);
    Eigen::VectorXd gradient(at.size());
    static_cast<void>(log_posterior(problem, at, gradient));
    for (Eigen::Index c = 0; c < at.size(); ++c) {
      const double expected = test::derivative_of(
          [&](double x) {
            Eigen::VectorXd moved = at;
            moved[c] = x;
            Eigen::VectorXd unused(at.size());
            return log_posterior(problem, moved, unused);
          },
          at[c], 1e-3);
      EXPECT_NEAR(gradient[c], expected, 1e-6 * (1.0 + std::abs(expected)));
    }
    data.noise_variances.reset();
  }
}

TEST_P(FitOfBothKernels, TheFitIsAPeakOfTheDensity) {
  Rng rng{2};
  const KernelShape shape = separate_columns(GetParam(), 3);
  const GpData data = observed(40, 3, 0.1, rng);
  const FitProblem problem = problem_of(shape, data, {.max_points = 100});
  const auto density = [&](const Eigen::VectorXd& at) {
    Eigen::VectorXd unused(at.size());
    return log_posterior(problem, at, unused);
  };

  const Eigen::VectorXd peak = packed(GaussianProcess::fit(shape, data));

  for (int i = 0; i < 50; ++i) {
    Eigen::VectorXd near = peak;
    for (double& coordinate : near) coordinate += 0.3 * rng.normal();
    EXPECT_LT(density(near), density(peak) + 0.05);
  }
}

INSTANTIATE_TEST_SUITE_P(Families, FitOfBothKernels,
                         testing::Values(KernelFamily::Rbf, KernelFamily::Matern52),
                         [](const auto& family) {
                           return family.param == KernelFamily::Rbf ? "Rbf" : "Matern52";
                         });

TEST(GaussianProcessFit, ThePriorsHaveTheirModesWhereTheyAreSaidToBe) {
  EXPECT_NEAR(std::exp(lengthscale_prior(10).log_mode()),
              std::exp(std::sqrt(2.0) - 3.0) * std::sqrt(10.0), 1e-12);
  EXPECT_DOUBLE_EQ(noise_prior().log_mode(), -8.0);
  for (const LogNormal& prior : {lengthscale_prior(4), noise_prior()}) {
    EXPECT_NEAR(prior.log_density_slope(prior.log_mode()), 0.0, 1e-12);
    EXPECT_NEAR(prior.log_density_slope(0.3),
                test::derivative_of([&](double x) { return prior.log_density(x); }, 0.3, 1e-3),
                1e-9);
  }
}

TEST(GaussianProcessFit, ColumnsThatMatterGetShortLengthScales) {
  Rng rng{3};
  const GpData data = observed(80, 4, 0.02, rng);

  const GpHyperparameters fitted =
      GaussianProcess::fit(separate_columns(KernelFamily::Rbf, 4), data);

  EXPECT_LT(fitted.log_lengthscales[0], fitted.log_lengthscales[1]);
  EXPECT_LT(fitted.log_lengthscales[1], fitted.log_lengthscales[2]);
  EXPECT_LT(fitted.log_lengthscales[1], fitted.log_lengthscales[3]);
}

TEST(GaussianProcessFit, TheNoiseIsFound) {
  Rng rng{4};
  const KernelShape shape = separate_columns(KernelFamily::Rbf, 2);
  const GpData data = observed(120, 2, 0.3, rng);

  const GaussianProcess process{shape, data, GaussianProcess::fit(shape, data)};

  // The deviation of a variance from 120 values is 13 % of it; three of those.
  EXPECT_NEAR(process.noise_variance(), 0.09, 0.035);
}

TEST(GaussianProcessFit, TheGivenDeviationIsThePriorsFarFromAllPoints) {
  Rng rng{8};
  const KernelShape shape = separate_columns(KernelFamily::Rbf, 2);
  const GpData data = observed(30, 2, 0.0, rng);
  const double variance = (data.values.array() - data.values.mean()).square().sum() / 29.0;

  const GaussianProcess process{shape, data, GaussianProcess::fit(shape, data, {.deviation = 0.5})};

  const Prediction far = process.predict(Eigen::RowVectorXd{Eigen::RowVector2d{1e4, -1e4}});
  EXPECT_NEAR(far.variance, 0.25 * variance, 1e-9 * variance);
  EXPECT_NEAR(far.mean, data.values.mean(), 1e-9);
  const Prediction at_point = process.predict(Eigen::RowVectorXd{data.points.row(0)});
  EXPECT_NEAR(at_point.mean, data.values[0], 0.05);
}

TEST(GaussianProcessFit, NoiseThatIsGivenCountsAgainstTheGivenDeviation) {
  const KernelShape shape = separate_columns(KernelFamily::Rbf, 1);
  GpData data{Eigen::MatrixXd::Constant(2, 1, 0.5), Eigen::Vector2d{-1.0, 1.0}, std::nullopt};
  data.noise_variances = Eigen::Vector2d{0.5, 2.0};
  GpHyperparameters hyperparameters{.log_lengthscales = Eigen::VectorXd::Zero(1)};
  hyperparameters.deviation = 0.5;

  const Prediction here = GaussianProcess{shape, data, hyperparameters}.predict(
      Eigen::RowVectorXd{Eigen::RowVectorXd::Constant(1, 0.5)});

  // Two readings of one number whose prior variance is a quarter of theirs, 2: precisions add up.
  const double precision = 1.0 / 0.5 + 1.0 / 0.5 + 1.0 / 2.0;
  EXPECT_NEAR(here.variance, 1.0 / precision, 1e-9);
  EXPECT_NEAR(here.mean, (-1.0 / 0.5 + 1.0 / 2.0) / precision, 1e-9);
}

TEST(GaussianProcessFit, ASubsetFitsNearlyAsWellAsAllPoints) {
  Rng rng{5};
  const KernelShape shape = separate_columns(KernelFamily::Rbf, 4);
  const GpData data = observed(300, 4, 0.05, rng);
  const GpData unseen = observed(300, 4, 0.0, rng);
  const auto error_with = [&](std::size_t max_points) {
    const GaussianProcess process{shape, data,
                                  GaussianProcess::fit(shape, data, {.max_points = max_points})};
    return root_mean_square(process.predict_means(unseen.points) - unseen.values);
  };

  EXPECT_LT(error_with(60), 1.25 * error_with(300));
}

TEST(GaussianProcessFit, TheSameDataGiveTheSameHyperparameters) {
  Rng rng{6};
  const KernelShape shape = separate_columns(KernelFamily::Matern52, 3);
  const GpData data = observed(30, 3, 0.1, rng);
  const GpFitOptions options{.restarts = 2};

  EXPECT_EQ(packed(GaussianProcess::fit(shape, data, options)),
            packed(GaussianProcess::fit(shape, data, options)));
}

TEST(GaussianProcessFit, RestartsNeverFindLess) {
  Rng rng{7};
  const KernelShape shape = separate_columns(KernelFamily::Rbf, 3);
  for (int i = 0; i < 5; ++i) {
    const GpData data = observed(12, 3, 0.3, rng);
    const FitProblem problem = problem_of(shape, data, {.max_points = 100});
    Eigen::VectorXd unused(4);
    const double once = log_posterior(problem, packed(GaussianProcess::fit(shape, data)), unused);
    const double often =
        log_posterior(problem, packed(GaussianProcess::fit(shape, data, {.restarts = 3})), unused);
    EXPECT_GE(often, once);
  }
}

}  // namespace wattune::math
