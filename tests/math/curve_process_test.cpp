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

CurveShape warped_shape() {
  CurveShape shape = shape_of();
  shape.warped_columns = {0, 2};
  return shape;
}

VectorXd random_vector(Index size, double low, double high, Rng& rng) {
  return VectorXd::NullaryExpr(size, [&] { return rng.uniform(low, high); });
}

CurveHyperparameters random_hyperparameters(Rng& rng, Index num_warped = 0) {
  return {random_vector(2, -1.5, 0.5, rng),
          rng.uniform(-1.5, 0.0),
          rng.uniform(-2.0, 1.0),
          rng.uniform(-2.0, 2.0),
          rng.uniform(-7.0, -2.0),
          random_vector(num_warped, -0.8, 0.8, rng),
          random_vector(num_warped, -0.8, 0.8, rng)};
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
    case 6:
    case 7:
      return hyperparameters.log_warp_a[i - 6];
    case 8:
    case 9:
      return hyperparameters.log_warp_b[i - 8];
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

TEST(CurveProcess, DensityHasTheGradientOfTheWarpsThatFiniteDifferencesShow) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    Rng rng{seed};
    const CurveShape shape = warped_shape();
    const CurveData data = partial_curves(8, seed);
    const CurveHyperparameters at = random_hyperparameters(rng, 2);
    const CurveDensity density = CurveProcess::log_density(shape, data, at);
    ASSERT_EQ(density.gradient.size(), 10);
    for (Index i = 0; i < 10; ++i) {
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

TEST(CurveProcess, WarpedPredictionsHaveTheGradientsThatFiniteDifferencesShow) {
  Rng rng{11};
  const CurveData data = partial_curves(12, 11);
  const CurveProcess process{warped_shape(), data, random_hyperparameters(rng, 2)};
  const Anchors anchors = process.anchor(data.points.topRows(3));
  for (int i = 0; i < 100; ++i) {
    RowVectorXd point = 0.02 + 0.96 * random_point(3, rng).array();
    const PredictionGradient at = predict_one_with_gradient(process, point);
    const MatrixXd joint = process.covariance_with_gradient(anchors, point).gradient;
    for (Index k = 0; k < 3; ++k) {
      const double here = point[k];
      const auto moved = [&](double x) {
        point[k] = x;
        return MatrixXd{point};
      };
      const auto mean = [&](double x) { return process.predict(moved(x)).means[0]; };
      const auto variance = [&](double x) { return process.predict(moved(x)).variances[0]; };
      const auto shared = [&](double x) { return process.covariance(anchors, moved(x))(1, 0); };
      const double of_mean = test::derivative_of(mean, here, 1e-4);
      const double of_variance = test::derivative_of(variance, here, 1e-4);
      const double of_shared = test::derivative_of(shared, here, 1e-4);
      point[k] = here;
      EXPECT_NEAR(at.mean_gradient[k], of_mean, 1e-5 * (1.0 + std::abs(of_mean)));
      EXPECT_NEAR(at.variance_gradient[k], of_variance, 1e-5 * (1.0 + std::abs(of_variance)));
      EXPECT_NEAR(joint(1, k), of_shared, 1e-5 * (1.0 + std::abs(of_shared)));
    }
  }
}

TEST(CurveProcess, AWarpLearnsThatOneEndMattersMore) {
  // All that happens is near 0, as where a range spans decades without a logarithmic scale.
  Rng rng{5};
  CurveData data{MatrixXd(60, 3), VectorXd(60), VectorXd(60)};
  for (Index i = 0; i < 60; ++i) {
    data.points.row(i) = random_point(3, rng);
    data.resources[i] = 1.0;
    data.values[i] = std::log(0.003 + data.points(i, 0));
  }
  const CurveHyperparameters fitted = CurveProcess::fit(warped_shape(), data);
  Rng other{6};
  double plain_error = 0.0;
  double warped_error = 0.0;
  const CurveProcess plain{shape_of(), data, CurveProcess::fit(shape_of(), data)};
  const CurveProcess warped{warped_shape(), data, fitted};
  for (int i = 0; i < 200; ++i) {
    const RowVectorXd point = random_point(3, other);
    const double truth = std::log(0.003 + point[0]);
    plain_error += std::abs(plain.predict_means(point)[0] - truth);
    warped_error += std::abs(warped.predict_means(point)[0] - truth);
  }
  EXPECT_LT(warped_error, 0.8 * plain_error);
}

TEST(CurveProcess, OtherValuesAtTheSamePlacesGiveTheProcessThatIsMadeOfThem) {
  Rng rng{9};
  CurveData data = partial_curves(10, 9);
  const CurveHyperparameters hyperparameters = random_hyperparameters(rng, 2);
  CurveProcess process{warped_shape(), data, hyperparameters};
  data.values = 3.0 * data.values.array().square() - 1.0;
  process.set_values(data.values);
  const CurveProcess anew{warped_shape(), data, hyperparameters};
  const MatrixXd points = data.points.topRows(5).array() * 0.9;
  EXPECT_TRUE(process.predict(points).means.isApprox(anew.predict(points).means, 1e-12));
  EXPECT_TRUE(process.predict(points).variances.isApprox(anew.predict(points).variances, 1e-12));
}

TEST(CurveProcess, SmoothedValuesAreThePredictionsWhereTheValuesWereSeen) {
  Rng rng{10};
  const CurveData data = partial_curves(10, 10);
  CurveHyperparameters hyperparameters = random_hyperparameters(rng, 2);
  hyperparameters.log_noise = std::log(0.1);
  const CurveProcess process{warped_shape(), data, hyperparameters};
  const VectorXd smoothed = process.smoothed_values();
  for (Index i = 0; i < data.values.size(); ++i) {
    const Predictions here = process.predict_at(data.points.row(i), data.resources[i]);
    EXPECT_NEAR(smoothed[i], here.means[0], 1e-9);
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

TEST(CurveProcess, CovariancesAgreeWithVariancesAndFiniteDifferences) {
  const CurveData data = partial_curves(10, 2);
  const CurveProcess process{shape_of(), data, CurveProcess::fit(shape_of(), data)};
  Rng rng{2};
  MatrixXd points(5, 3);
  for (Index i = 0; i < 5; ++i) points.row(i) = random_point(3, rng);
  const Anchors anchors = process.anchor(points);
  const JointPrediction joint = process.predict_jointly(points);
  const Predictions predicted = process.predict(points);
  EXPECT_NEAR((joint.covariance - process.covariance(anchors, points)).norm(), 0.0, 1e-9);
  EXPECT_NEAR((joint.mean - predicted.means).norm(), 0.0, 1e-12);
  for (Index i = 0; i < 5; ++i) EXPECT_NEAR(joint.covariance(i, i), predicted.variances[i], 1e-10);
  for (int i = 0; i < 100; ++i) {
    RowVectorXd point = random_point(3, rng);
    const CovarianceGradient at = process.covariance_with_gradient(anchors, point);
    EXPECT_NEAR((at.values - process.covariance(anchors, MatrixXd{point}).col(0)).norm(), 0, 1e-10);
    for (Index k = 0; k < 3; ++k) {
      const double here = point[k];
      const auto moved = [&](double x) {
        point[k] = x;
        return process.covariance(anchors, MatrixXd{point})(i % 5, 0);
      };
      const double expected = test::derivative_of(moved, here, 1e-3);
      point[k] = here;
      EXPECT_NEAR(at.gradient(i % 5, k), expected, 1e-6 * (1.0 + std::abs(expected)));
    }
  }
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
