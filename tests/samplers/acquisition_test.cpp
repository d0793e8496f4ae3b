#include "../../src/samplers/acquisition.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "wattune/base/random.hpp"

// Every gradient against finite differences, at 100 random points.

namespace wattune::samplers {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::RowVectorXd;
using math::GaussianProcess;

constexpr Index kColumns = 3;
constexpr double kStep = 1e-5;
// A difference of values of size v is off by about 1e-16 v / step and step^2 times the third
// derivative, which acquisitions have up to 1e3 of.
constexpr double kTolerance = 2e-4;

MatrixXd random_points(Index count, std::uint64_t seed) {
  Rng rng{seed};
  MatrixXd points(count, kColumns);
  for (Index i = 0; i < count; ++i) {
    for (Index j = 0; j < kColumns; ++j) points(i, j) = rng.uniform();
  }
  return points;
}

/// A process of 15 values of a smooth function; another one for each phase.
GaussianProcess process_of(double phase, double log_noise = -6.0) {
  math::GpData data{random_points(15, 3), Eigen::VectorXd(15), std::nullopt};
  for (Index i = 0; i < 15; ++i) {
    data.values[i] = std::sin(3.0 * data.points(i, 0) + phase) + data.points(i, 1) * phase +
                     std::cos(2.0 * data.points(i, 2));
  }
  math::GpHyperparameters parameters{Eigen::VectorXd::Constant(kColumns, std::log(0.6)), log_noise};
  return GaussianProcess{math::separate_columns(math::KernelFamily::Rbf, kColumns), data,
                         parameters};
}

void expect_gradients(const Acquisition& acquisition) {
  const MatrixXd points = random_points(100, 11);
  RowVectorXd gradient;
  RowVectorXd ignored;
  for (Index i = 0; i < points.rows(); ++i) {
    const RowVectorXd point = points.row(i);
    const double value = acquisition.value(point, gradient);
    ASSERT_TRUE(std::isfinite(value)) << "at point " << i;
    for (Index j = 0; j < kColumns; ++j) {
      RowVectorXd left = point;
      RowVectorXd right = point;
      left[j] -= kStep;
      right[j] += kStep;
      const double difference =
          (acquisition.value(right, ignored) - acquisition.value(left, ignored)) / (2.0 * kStep);
      ASSERT_NEAR(gradient[j], difference, kTolerance * std::max(1.0, std::abs(difference)))
          << "at point " << i << ", column " << j;
    }
  }
}

/// Looking at many rows and at one gives the same.
void expect_same_in_bulk(const Acquisition& acquisition) {
  const MatrixXd points = random_points(20, 12);
  const Eigen::VectorXd values = acquisition.values(points);
  RowVectorXd gradient;
  for (Index i = 0; i < points.rows(); ++i) {
    EXPECT_NEAR(values[i], acquisition.value(points.row(i), gradient),
                1e-8 * std::max(1.0, std::abs(values[i])));
  }
}

void check(const Acquisition& acquisition) {
  expect_gradients(acquisition);
  expect_same_in_bulk(acquisition);
}

const std::vector<double> kReference{2.0, 2.0};

class NoisyAcquisition : public testing::Test {
 protected:
  GaussianProcess first_ = process_of(0.2, -3.0);
  GaussianProcess second_ = process_of(1.5, -3.0);
  std::vector<const math::Posterior*> processes_{&first_, &second_};
  MatrixXd baseline_ = random_points(6, 4);
  JointDraws draws_{processes_, baseline_, 32, 5};
};

}  // namespace

TEST(Improvement, HasTheGradientOfItsValueInEveryForm) {
  const GaussianProcess process = process_of(0.2);
  for (const GpAcquisition kind :
       {GpAcquisition::LogEi, GpAcquisition::Ei, GpAcquisition::Pi, GpAcquisition::Ucb}) {
    SCOPED_TRACE(static_cast<int>(kind));
    check(*make_improvement(kind, process, 0.0, 2.0));
  }
}

TEST(Improvement, OfAnOptimistGrowsAsTheBoundFalls) {
  const GaussianProcess process = process_of(0.2);
  const auto acquisition = make_improvement(GpAcquisition::Ucb, process, 0.0, 2.0);
  const MatrixXd points = random_points(30, 8);
  const Eigen::VectorXd values = acquisition->values(points);
  const math::Predictions predicted = process.predict(points);
  const Eigen::VectorXd bounds = predicted.means - 2.0 * predicted.variances.cwiseSqrt();
  for (Index i = 1; i < points.rows(); ++i) {
    EXPECT_EQ(values[i] > values[i - 1], bounds[i] < bounds[i - 1]);
  }
}

TEST_F(NoisyAcquisition, OfAPairInClosedFormHasTheGradientOfItsValue) {
  const std::vector<std::vector<double>> front{{0.0, 1.0}, {0.5, 0.4}, {1.2, 0.0}};
  check(*make_pair_improvement(processes_, front, kReference));
}

TEST_F(NoisyAcquisition, OverJointSamplesHasTheGradientOfItsValue) {
  check(*make_noisy_hypervolume_improvement(GpAcquisition::QLogNehvi, draws_, kReference));
}

TEST_F(NoisyAcquisition, TheLogarithmIsThatOfThePlainForm) {
  const auto plain = make_noisy_hypervolume_improvement(GpAcquisition::QNehvi, draws_, kReference);
  const auto log = make_noisy_hypervolume_improvement(GpAcquisition::QLogNehvi, draws_, kReference);
  const MatrixXd points = random_points(50, 13);
  const Eigen::VectorXd plain_values = plain->values(points);
  const Eigen::VectorXd log_values = log->values(points);
  for (Index i = 0; i < points.rows(); ++i) {
    if (plain_values[i] < 0.05) continue;  // there the soft form is larger on purpose
    EXPECT_NEAR(std::exp(log_values[i]), plain_values[i], 0.05 * plain_values[i]);
  }
}

TEST_F(NoisyAcquisition, ARoughLookIsTheSameOfFewSamplesAndCloseOfMany) {
  const MatrixXd points = random_points(50, 13);
  for (const std::size_t num_samples : {16U, 256U}) {
    const JointDraws draws{processes_, baseline_, num_samples, 5};
    const auto acquisition =
        make_modified(make_noisy_hypervolume_improvement(GpAcquisition::QNehvi, draws, kReference),
                      false, {.bounds = {{&second_, std::nullopt, 0.8}}});
    const Eigen::VectorXd exact = acquisition->values(points);
    const Eigen::VectorXd rough = acquisition->rough_values(points);
    const double largest = exact.maxCoeff();
    EXPECT_LT((rough - exact).cwiseAbs().maxCoeff(), (num_samples == 16 ? 1e-12 : 0.2) * largest);
    if (num_samples > 32) {
      EXPECT_GT((rough - exact).cwiseAbs().maxCoeff(), 1e-6 * largest);
    }
  }
}

TEST_F(NoisyAcquisition, NothingIsGainedWhereTheBaselineAlreadyIs) {
  const auto plain = make_noisy_hypervolume_improvement(GpAcquisition::QNehvi, draws_, kReference);
  const Eigen::VectorXd values = plain->values(baseline_);
  EXPECT_LT(values.maxCoeff(), 1e-3);
}

TEST_F(NoisyAcquisition, OfAChebyshevSumHasTheGradientOfItsValue) {
  const std::vector<double> weights{0.3, 0.7};
  check(*make_noisy_chebyshev_improvement(draws_, weights));
}

TEST_F(NoisyAcquisition, AnEmptyBaselineIsAllowed) {
  const MatrixXd none(0, kColumns);
  const JointDraws draws{processes_, none, 16, 5};
  EXPECT_GT(make_noisy_hypervolume_improvement(GpAcquisition::QNehvi, draws, kReference)
                ->values(random_points(5, 1))
                .maxCoeff(),
            0.0);
}

TEST_F(NoisyAcquisition, ModifiersMultiplyWithTheRightGradient) {
  const auto make = [&](std::unique_ptr<Acquisition> core, bool is_logarithm) {
    return make_modified(std::move(core), is_logarithm,
                         {.bounds = {{&first_, -0.5, 1.0}, {&second_, std::nullopt, 0.8}},
                          .log_cost = &second_,
                          .cost_exponent = 0.7});
  };
  check(*make(make_improvement(GpAcquisition::LogEi, first_, 0.0, 2.0), true));
  check(*make(make_improvement(GpAcquisition::Ei, first_, 0.0, 2.0), false));
  check(*make(nullptr, true));
}

TEST_F(NoisyAcquisition, AModifiedLogarithmIsTheLogarithmOfTheModifiedPlainForm) {
  const auto modified = [&](GpAcquisition kind) {
    return make_modified(
        make_improvement(kind, first_, 0.5, 2.0), kind == GpAcquisition::LogEi,
        {.bounds = {{&second_, std::nullopt, 0.8}}, .log_cost = &second_, .cost_exponent = 1.0});
  };
  const MatrixXd points = random_points(20, 9);
  const Eigen::VectorXd plain = modified(GpAcquisition::Ei)->values(points);
  const Eigen::VectorXd log = modified(GpAcquisition::LogEi)->values(points);
  for (Index i = 0; i < points.rows(); ++i) {
    EXPECT_NEAR(log[i], std::log(plain[i]), 1e-6 * std::max(1.0, std::abs(log[i])));
  }
}

}  // namespace wattune::samplers
