#include "wattune/math/minimize.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace wattune::math {
namespace {

/// Rosenbrock's valley in any number of dimensions; the minimum is 0 at (1, ..., 1).
double rosenbrock(const Eigen::VectorXd& x, Eigen::VectorXd& gradient) {
  double value = 0.0;
  gradient.setZero();
  for (Eigen::Index i = 0; i + 1 < x.size(); ++i) {
    const double bend = x[i + 1] - x[i] * x[i];
    value += 100.0 * bend * bend + (1.0 - x[i]) * (1.0 - x[i]);
    gradient[i] += -400.0 * x[i] * bend - 2.0 * (1.0 - x[i]);
    gradient[i + 1] += 200.0 * bend;
  }
  return value;
}

Bounds box(Eigen::Index dimension, double lower, double upper) {
  return {Eigen::VectorXd::Constant(dimension, lower), Eigen::VectorXd::Constant(dimension, upper)};
}

}  // namespace

TEST(Minimize, FollowsACurvedValleyToItsEnd) {
  const Minimum found = minimize(rosenbrock, Eigen::VectorXd::Constant(4, -1.0), box(4, -2.0, 2.0),
                                 {.max_evaluations = 300, .relative_tolerance = 1e-12});

  EXPECT_LT(found.value, 1e-6);
  EXPECT_LT((found.point.array() - 1.0).abs().maxCoeff(), 1e-3);
}

TEST(Minimize, StopsAtTheBounds) {
  const Minimum found = minimize(rosenbrock, Eigen::VectorXd::Constant(2, -0.5), box(2, -1.0, 0.5),
                                 {.max_evaluations = 200});

  EXPECT_NEAR(found.point[0], 0.5, 1e-5);
  EXPECT_NEAR(found.point[1], 0.25, 1e-5);
}

TEST(Minimize, KeepsToItsEvaluationsAndGivesTheBestSeen) {
  std::size_t calls = 0;
  double best = std::numeric_limits<double>::infinity();
  const auto counted = [&](const Eigen::VectorXd& x, Eigen::VectorXd& gradient) {
    ++calls;
    const double value = rosenbrock(x, gradient);
    best = std::min(best, value);
    return value;
  };

  const Minimum found = minimize(counted, Eigen::VectorXd::Constant(3, -1.0), box(3, -2.0, 2.0),
                                 {.max_evaluations = 7});

  EXPECT_LE(calls, 7u);
  EXPECT_EQ(found.evaluations, calls);
  EXPECT_EQ(found.value, best);
}

TEST(Minimize, AValueThatIsNoNumberEndsTheWalkAtTheBestPoint) {
  const auto broken_beyond_half = [](const Eigen::VectorXd& x, Eigen::VectorXd& gradient) {
    gradient = Eigen::VectorXd::Constant(x.size(), -1.0);
    return x[0] > 0.5 ? std::numeric_limits<double>::quiet_NaN() : -x[0];
  };

  const Minimum found =
      minimize(broken_beyond_half, Eigen::VectorXd::Constant(1, 0.2), unit_bounds(1));

  EXPECT_GE(found.point[0], 0.2);
  EXPECT_LE(found.point[0], 0.5);
  EXPECT_EQ(found.value, -found.point[0]);
}

TEST(Minimize, AStartOutsideIsMovedIn) {
  const Minimum found = minimize(rosenbrock, Eigen::VectorXd::Constant(2, 9.0), box(2, -2.0, 2.0),
                                 {.max_evaluations = 1});

  EXPECT_EQ(found.point, Eigen::VectorXd::Constant(2, 2.0));
}

}  // namespace wattune::math
