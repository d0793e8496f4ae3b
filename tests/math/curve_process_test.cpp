#include "wattune/math/curve_process.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "support/finite_difference.hpp"
#include "wattune/base/random.hpp"

namespace wattune::math {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::RowVectorXd;
using Eigen::VectorXd;

/// What a training of `point` shows at a resource: the nearer to 0.6 the better, and the more the
/// lower; the first column also says how fast.
double shown(const RowVectorXd& point, double resource) {
  const double end = (point.array() - 0.6).square().sum();
  return end + (1.0 + point[0]) * std::exp(-4.0 * resource);
}

RowVectorXd random_point(Index columns, Rng& rng) {
  RowVectorXd point(columns);
  for (Index k = 0; k < columns; ++k) point[k] = rng.uniform();
  return point;
}

CurveShape shape_of(KernelFamily resource_family = KernelFamily::Rbf) {
  // Columns 1 and 2 share a length scale.
  return {{KernelFamily::Matern52, {0, 1, 1}}, resource_family};
}

/// Curves of random points, seen up to different resources.
CurveData partial_curves(int num_curves, std::uint64_t seed) {
  Rng rng{seed};
  CurveData data{MatrixXd(3 * num_curves, 3), VectorXd(3 * num_curves), VectorXd(3 * num_curves)};
  Index row = 0;
  for (int curve = 0; curve < num_curves; ++curve) {
    const RowVectorXd point = random_point(3, rng);
    const int num_seen = 1 + curve % 3;
    for (int i = 0; i < num_seen; ++i) {
      const double resource = 0.5 * i;
      data.points.row(row) = point;
      data.resources[row] = resource;
      data.values[row++] = shown(point, resource);
    }
  }
  data.points.conservativeResize(row, Eigen::NoChange);
  data.resources.conservativeResize(row);
  data.values.conservativeResize(row);
  return data;
}

CurveHyperparameters random_hyperparameters(Rng& rng) {
  return {VectorXd::NullaryExpr(2, [&] { return rng.uniform(-1.5, 0.5); }), rng.uniform(-1.5, 0.0),
          rng.uniform(-2.0, 1.0), rng.uniform(-2.0, 2.0), rng.uniform(-7.0, -2.0)};
}

double& part(CurveHyperparameters& hyperparameters, Index i) {
  switch (i) {
    case 2:
      return hyperparameters.log_resource_length;
    case 3:
      return hyperparameters.log_trend;
    case 4:
      return hyperparameters.logit_lasting;
    case 5:
      return hyperparameters.log_noise;
    default:
      return hyperparameters.log_lengthscales[i];
  }
}

}  // namespace

TEST(CurveProcess, DensityHasTheGradientThatFiniteDifferencesShow) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    Rng rng{seed};
    const CurveShape shape = shape_of(seed % 2 == 0 ? KernelFamily::Rbf : KernelFamily::Matern52);
    const CurveData data = partial_curves(8, seed);
    const CurveHyperparameters at = random_hyperparameters(rng);
    const CurveDensity density = CurveProcess::log_density(shape, data, at);
    for (Index i = 0; i < 6; ++i) {
      CurveHyperparameters moved = at;
      const auto along = [&](double value) {
        part(moved, i) = value;
        return CurveProcess::log_density(shape, data, moved).value;
      };
      const double expected = test::derivative_of(along, part(moved, i), 1e-3);
      EXPECT_NEAR(density.gradient[i], expected, 1e-6 * (1.0 + std::abs(expected)))
          << "seed " << seed << ", hyperparameter " << i;
    }
  }
}

TEST(CurveProcess, PredictionsHaveTheGradientsThatFiniteDifferencesShow) {
  Rng rng{7};
  const CurveData data = partial_curves(12, 7);
  const CurveProcess process{shape_of(), data, CurveProcess::fit(shape_of(), data)};
  for (int i = 0; i < 100; ++i) {
    RowVectorXd point = random_point(3, rng);
    const PredictionGradient at = predict_one_with_gradient(process, point);
    const Predictions plain = process.predict(point);
    EXPECT_NEAR(at.mean, plain.means[0], 1e-10);
    EXPECT_NEAR(at.variance, plain.variances[0], 1e-10);
    for (Index k = 0; k < 3; ++k) {
      const double here = point[k];
      const auto mean = [&](double x) {
        point[k] = x;
        return process.predict(point).means[0];
      };
      const auto variance = [&](double x) {
        point[k] = x;
        return process.predict(point).variances[0];
      };
      const double of_mean = test::derivative_of(mean, here, 1e-3);
      const double of_variance = test::derivative_of(variance, here, 1e-3);
      point[k] = here;
      EXPECT_NEAR(at.mean_gradient[k], of_mean, 1e-6 * (1.0 + std::abs(of_mean)));
      EXPECT_NEAR(at.variance_gradient[k], of_variance, 1e-6 * (1.0 + std::abs(of_variance)));
    }
  }
}

TEST(CurveProcess, ForetellsTheEndOfACurveFromItsBeginning) {
  const CurveData data = partial_curves(40, 3);
  const CurveProcess process{shape_of(), data, CurveProcess::fit(shape_of(), data)};
  Rng rng{3};
  double squared_error = 0.0;
  double squared_spread = 0.0;
  for (int i = 0; i < 40; ++i) {
    const RowVectorXd point = random_point(3, rng);
    if (i % 3 != 0) continue;  // the others were seen to a later resource
    const double end = shown(point, 1.0);
    squared_error += std::pow(process.predict(point).means[0] - end, 2);
    squared_spread += std::pow(end - data.values.mean(), 2);
  }
  EXPECT_LT(squared_error, 0.02 * squared_spread);
}

TEST(CurveProcess, IsSurerOfACurveTheFurtherItHasCome) {
  CurveData data = partial_curves(20, 5);
  const CurveHyperparameters fitted = CurveProcess::fit(shape_of(), data);
  CurveProcess process{shape_of(), data, fitted};
  const RowVectorXd point = RowVectorXd::Constant(3, 0.45);
  double before = process.predict(point).variances[0];
  for (const double resource : {0.0, 0.5, 1.0}) {
    process.add(point, resource, shown(point, resource));
    const double after = process.predict(point).variances[0];
    EXPECT_LT(after, before) << "at " << resource;
    before = after;
  }
  EXPECT_NEAR(process.predict(point).means[0], shown(point, 1.0), 0.02);
}

TEST(CurveProcess, GrownByOneIsTheProcessMadeOfAll) {
  const CurveData data = partial_curves(10, 9);
  const CurveHyperparameters fitted = CurveProcess::fit(shape_of(), data);
  CurveProcess grown{shape_of(), data, fitted};
  RowVectorXd point = RowVectorXd::Constant(3, 0.3);
  // The mean of all values keeps the offset.
  grown.add(point, 0.8, data.values.mean());

  CurveData more = data;
  const Index n = data.values.size();
  more.points.conservativeResize(n + 1, Eigen::NoChange);
  more.points.row(n) = point;
  more.resources.conservativeResize(n + 1);
  more.resources[n] = 0.8;
  more.values.conservativeResize(n + 1);
  more.values[n] = data.values.mean();
  const CurveProcess made{shape_of(), more, fitted};
  Rng rng{9};
  for (int i = 0; i < 20; ++i) {
    point = random_point(3, rng);
    EXPECT_NEAR(grown.predict(point).means[0], made.predict(point).means[0], 1e-10);
  }
}

TEST(CurveProcess, CovarianceHasTheVariancesOnItsDiagonal) {
  const CurveData data = partial_curves(10, 2);
  const CurveProcess process{shape_of(), data, CurveProcess::fit(shape_of(), data)};
  Rng rng{2};
  MatrixXd points(5, 3);
  for (Index i = 0; i < 5; ++i) points.row(i) = random_point(3, rng);
  const MatrixXd covariance = process.covariance(points, points);
  const Predictions predicted = process.predict(points);
  for (Index i = 0; i < 5; ++i) EXPECT_NEAR(covariance(i, i), predicted.variances[i], 1e-10);
  EXPECT_NEAR((covariance - covariance.transpose()).norm(), 0.0, 1e-12);
}

TEST(CurveProcess, TakesEqualValuesAndEqualPlaces) {
  const CurveData data{MatrixXd::Constant(4, 3, 0.5), VectorXd::Constant(4, 0.5),
                       VectorXd::Constant(4, 2.0)};
  const CurveProcess process{shape_of(), data, CurveProcess::fit(shape_of(), data)};
  const Predictions predicted = process.predict(RowVectorXd::Constant(3, 0.1));
  EXPECT_NEAR(predicted.means[0], 2.0, 1e-9);
  EXPECT_GT(predicted.variances[0], 0.0);
}

}  // namespace wattune::math
