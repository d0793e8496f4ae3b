#include "wattune/math/hypervolume_improvement.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "support/finite_difference.hpp"
#include "wattune/base/random.hpp"
#include "wattune/math/box_decomposition.hpp"
#include "wattune/math/hypervolume.hpp"
#include "wattune/math/sobol_normal.hpp"

namespace wattune::math {
namespace {

using Pair = std::array<double, 2>;
using Front = std::vector<std::vector<double>>;

Front random_front(std::size_t num_points, std::size_t num_objectives, Rng& rng) {
  Front front(num_points, std::vector<double>(num_objectives));
  for (auto& point : front) {
    for (double& loss : point) loss = rng.uniform();
  }
  return front;
}

Eigen::MatrixXd random_samples(Eigen::Index count, Eigen::Index num_objectives, double low,
                               double high, Rng& rng) {
  return Eigen::MatrixXd::NullaryExpr(count, num_objectives,
                                      [&] { return rng.uniform(low, high); });
}

std::vector<double> row_of(const Eigen::MatrixXd& matrix, Eigen::Index row) {
  std::vector<double> values(static_cast<std::size_t>(matrix.cols()));
  for (std::size_t k = 0; k < values.size(); ++k) {
    values[k] = matrix(row, static_cast<Eigen::Index>(k));
  }
  return values;
}

/// What points add to a front, by the volumes themselves.
double volume_added(const Front& front, const Front& points, const std::vector<double>& reference) {
  Front all = front;
  all.insert(all.end(), points.begin(), points.end());
  return hypervolume(all, reference) - hypervolume(front, reference);
}

/// Checks derivatives of a function of two means and two deviations.
void expect_pair_gradient(const std::function<PairAcquisition(const Pair&, const Pair&)>& function,
                          const Pair& means, const Pair& deviations) {
  const PairAcquisition exact = function(means, deviations);
  for (std::size_t k = 0; k < 2; ++k) {
    const double step = 1e-3 * deviations[k];
    const double by_mean = test::derivative_of(
        [&](double x) {
          Pair moved = means;
          moved[k] = x;
          return function(moved, deviations).value;
        },
        means[k], step);
    const double by_deviation = test::derivative_of(
        [&](double x) {
          Pair moved = deviations;
          moved[k] = x;
          return function(means, moved).value;
        },
        deviations[k], step);
    EXPECT_NEAR(exact.d_mean[k], by_mean, 1e-6 * (1e-3 + std::abs(by_mean)));
    EXPECT_NEAR(exact.d_deviation[k], by_deviation, 1e-6 * (1e-3 + std::abs(by_deviation)));
  }
}

}  // namespace

TEST(PairImprovement, GivesThePublishedNumbers) {
  // The front (1, 4), (2, 3), (3.5, 1) of a maximisation above (0, 0), as losses.
  const PairImprovement improvement{Front{{-1, -4}, {-2, -3}, {-3.5, -1}}, {0, 0}};

  EXPECT_NEAR(improvement.expected({-2.5, -2.5}, {0.7, 0.4}).value, 0.9389, 5e-5);
  EXPECT_NEAR(improvement.expected({-4, -4.5}, {0.3, 0.9}).value, 9.6869, 5e-5);
  EXPECT_NEAR(improvement.log_expected({-4, -4.5}, {0.3, 0.9}).value, std::log(9.6869), 5e-6);
}

TEST(PairImprovement, AgreesWithSampledVolumes) {
  Rng rng{3};
  const std::vector<double> reference{1.0, 1.1};
  const Eigen::MatrixXd normals = sobol_normals(1 << 12, 2, 3);
  for (int i = 0; i < 5; ++i) {
    const Front front = random_front(static_cast<std::size_t>(2 * i), 2, rng);
    const Pair means{rng.uniform(0.0, 1.0), rng.uniform(0.0, 1.0)};
    const Pair deviations{rng.uniform(0.1, 0.3), rng.uniform(0.1, 0.3)};
    double sum = 0.0;
    for (Eigen::Index s = 0; s < normals.rows(); ++s) {
      sum += hypervolume_gain(std::vector<double>{means[0] + deviations[0] * normals(s, 0),
                                                  means[1] + deviations[1] * normals(s, 1)},
                              front, reference);
    }
    const double sampled = sum / static_cast<double>(normals.rows());
    // Random samples would have a standard error of about 0.2 / 64; even ones have far less.
    EXPECT_NEAR(PairImprovement(front, {1.0, 1.1}).expected(means, deviations).value, sampled,
                1e-3);
  }
}

TEST(PairImprovement, GradientsAgreeWithFiniteDifferences) {
  Rng rng{4};
  for (int i = 0; i < 100; ++i) {
    const PairImprovement improvement{random_front(rng.index(12), 2, rng), {1.0, 1.1}};
    // Some means are ten deviations and more from any improvement.
    const Pair means{rng.uniform(-0.5, 2.0), rng.uniform(-0.5, 2.0)};
    const Pair deviations{rng.uniform(0.05, 0.5), rng.uniform(0.05, 0.5)};
    expect_pair_gradient([&](const Pair& m, const Pair& s) { return improvement.expected(m, s); },
                         means, deviations);
    expect_pair_gradient(
        [&](const Pair& m, const Pair& s) { return improvement.log_expected(m, s); }, means,
        deviations);
  }
}

TEST(PairImprovement, TheLogarithmGoesOnWhereThePlainValueUnderflows) {
  const PairImprovement improvement{Front{{0.2, 0.6}, {0.4, 0.4}, {0.7, 0.1}}, {1.0, 1.0}};
  double last = std::numeric_limits<double>::infinity();
  for (double distance = 0.0; distance < 1e6; distance = 2.0 * distance + 0.05) {
    const PairAcquisition value = improvement.log_expected({0.8 + distance, 0.9}, {0.1, 0.2});
    EXPECT_LT(value.value, last) << distance;
    EXPECT_TRUE(std::isfinite(value.value)) << distance;
    EXPECT_LT(value.d_mean[0], 0.0) << distance;
    EXPECT_TRUE(std::isfinite(value.d_mean[0]) && std::isfinite(value.d_deviation[0]));
    last = value.value;
  }
  EXPECT_LT(last, -1e10);
}

TEST(PairImprovement, BothFormsOfTheLogarithmMeet) {
  Rng rng{6};
  const PairImprovement improvement{random_front(20, 2, rng), {1.0, 1.0}};
  // On the way out, the plain form is left somewhere; a jump there would show as a wrong slope.
  for (double distance = 0.0; distance < 12.0; distance += 0.01) {
    const Pair means{0.9 + distance, 0.4 + 0.3 * distance};
    expect_pair_gradient(
        [&](const Pair& m, const Pair& s) { return improvement.log_expected(m, s); }, means,
        {0.2, 0.3});
  }
}

TEST(PairImprovement, NearlyEqualPointsOnTheFrontAddNothing) {
  const PairImprovement one{Front{{0.5, 0.5}}, {1.0, 1.0}};
  const PairImprovement three{Front{{0.5, 0.5}, {0.5, 0.5}, {0.5 + 1e-13, 0.5 - 1e-13}},
                              {1.0, 1.0}};
  for (const double mean : {0.3, 0.9, 5.0, 100.0}) {
    const PairAcquisition first = one.log_expected({mean, mean}, {0.1, 0.1});
    const PairAcquisition second = three.log_expected({mean, mean}, {0.1, 0.1});
    EXPECT_NEAR(first.value, second.value, 1e-9 * std::abs(first.value)) << mean;
    EXPECT_NEAR(first.d_mean[0], second.d_mean[0], 1e-6 * std::abs(first.d_mean[0])) << mean;
  }
}

class SampledImprovementOver : public testing::TestWithParam<std::size_t> {};

TEST_P(SampledImprovementOver, IsTheVolumeAdded) {
  Rng rng{1};
  const std::size_t k = GetParam();
  const std::vector<double> reference(k, 1.0);
  const Front front = random_front(10, k, rng);
  const SampledImprovement improvement{
      std::vector<std::vector<Box>>{non_dominated_boxes(front, reference)},
      {.improvement = 1e-12, .choice = 1e-12}};
  std::vector<Eigen::MatrixXd> batch;
  Front together;
  for (int q = 0; q < 3; ++q) {
    batch.push_back(random_samples(1, static_cast<Eigen::Index>(k), -0.2, 0.9, rng));
    const Front alone{row_of(batch.back(), 0)};
    together.push_back(alone[0]);
    const double added = volume_added(front, alone, reference);
    EXPECT_NEAR(improvement.expected(batch.back()).value, added, 1e-12);
    EXPECT_NEAR(std::exp(improvement.log_expected(batch.back()).value), added, 1e-9);
    EXPECT_NEAR(improvement.expected_of_batch(batch), volume_added(front, together, reference),
                1e-12);
    EXPECT_NEAR(std::exp(improvement.log_expected_of_batch(batch)),
                volume_added(front, together, reference), 1e-9);
  }
}

TEST_P(SampledImprovementOver, GradientsAgreeWithFiniteDifferences) {
  Rng rng{2};
  const std::size_t k = GetParam();
  const std::vector<double> reference(k, 1.0);
  for (int i = 0; i < 100; ++i) {
    const SampledImprovement improvement{
        std::vector<std::vector<Box>>{non_dominated_boxes(random_front(6, k, rng), reference)},
        {.improvement = 1e-2, .choice = 1e-1}};
    const Eigen::MatrixXd samples = random_samples(4, static_cast<Eigen::Index>(k), -0.5, 1.5, rng);
    const SampledAcquisition plain = improvement.expected(samples);
    const SampledAcquisition logarithm = improvement.log_expected(samples);
    for (Eigen::Index s = 0; s < 4; ++s) {
      for (Eigen::Index objective = 0; objective < samples.cols(); ++objective) {
        const auto moved = [&](double x) {
          Eigen::MatrixXd at = samples;
          at(s, objective) = x;
          return at;
        };
        const double x = samples(s, objective);
        // Steps so small that no kink of the plain form lies within, in any of these draws.
        EXPECT_NEAR(plain.gradient(s, objective),
                    test::derivative_of(
                        [&](double y) { return improvement.expected(moved(y)).value; }, x, 1e-7),
                    1e-6);
        EXPECT_NEAR(
            logarithm.gradient(s, objective),
            test::derivative_of([&](double y) { return improvement.log_expected(moved(y)).value; },
                                x, 1e-5),
            1e-5);
      }
    }
  }
}

TEST_P(SampledImprovementOver, TheLogarithmPointsTheWayWhereNoSampleImproves) {
  const std::size_t k = GetParam();
  const SampledImprovement improvement{std::vector<std::vector<Box>>{
      non_dominated_boxes(Front{std::vector<double>(k, 0.5)}, std::vector<double>(k, 1.0))}};
  const Eigen::MatrixXd far = Eigen::MatrixXd::Constant(16, static_cast<Eigen::Index>(k), 30.0);
  const SampledAcquisition value = improvement.log_expected(far);

  EXPECT_EQ(improvement.expected(far).value, 0.0);
  EXPECT_TRUE(std::isfinite(value.value));
  EXPECT_LT(value.gradient.maxCoeff(), 0.0);
  EXPECT_GT(improvement.log_expected(far.array() - 1.0).value, value.value);
}

INSTANTIATE_TEST_SUITE_P(Objectives, SampledImprovementOver, testing::Values(2u, 3u, 4u),
                         testing::PrintToStringParamName());

TEST(SampledImprovement, WithOneFrontForAllSamplesItIsTheClosedForm) {
  const Front front{{0.2, 0.7}, {0.5, 0.4}, {0.8, 0.1}};
  const Pair means{0.45, 0.5};
  const Pair deviations{0.2, 0.3};
  const SampledImprovement sampled{
      std::vector<std::vector<Box>>{non_dominated_boxes(front, std::vector<double>{1.0, 1.0})}};
  Eigen::MatrixXd samples = sobol_normals(1 << 12, 2, 8);
  for (Eigen::Index k = 0; k < 2; ++k) {
    samples.col(k) = means[static_cast<std::size_t>(k)] +
                     deviations[static_cast<std::size_t>(k)] * samples.col(k).array();
  }

  const double exact = PairImprovement(front, {1.0, 1.0}).expected(means, deviations).value;

  EXPECT_NEAR(sampled.expected(samples).value, exact, 1e-3 * exact);
  // The soft minimum of the logarithmic form takes away up to a hundredth ln 2 for each objective.
  EXPECT_NEAR(sampled.log_expected(samples).value, std::log(exact), 0.015);
}

TEST(SampledImprovement, EachSampleMayHaveAFrontOfItsOwn) {
  const std::vector<double> reference{1.0, 1.0};
  const SampledImprovement improvement{std::vector<std::vector<Box>>{
      non_dominated_boxes(Front{{0.5, 0.5}}, reference), non_dominated_boxes(Front{}, reference)}};
  Eigen::MatrixXd samples(2, 2);
  samples << 0.25, 0.25, 0.5, 0.5;

  // 0.5625 - 0.25 of the first, 0.25 of the second.
  EXPECT_DOUBLE_EQ(improvement.expected(samples).value, 0.5 * (0.3125 + 0.25));
}

}  // namespace wattune::math
