// Symbols: z scaled points [d x n]; K the kernel matrix; y standardised values; W the matrix
// (K^-1 y)(K^-1 y)' - K^-1, half of whose inner product with a derivative of K is that of the log
// likelihood.

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>

#include "cholesky.hpp"
#include "gaussian_kernel.hpp"
#include "gaussian_process_fit.hpp"
#include "hyperparameter_prior.hpp"
#include "standardisation.hpp"
#include "wattune/base/random.hpp"
#include "wattune/base/require.hpp"
#include "wattune/math/gaussian_process.hpp"
#include "wattune/math/minimize.hpp"

namespace wattune::math {
namespace {

/// Of the log density, for which changes of a hundredth say nothing.
constexpr double kTolerance = 1e-4;

/// The smallest values, a third of `count`, and of the others every so many in order of value.
std::vector<Eigen::Index> representative_rows(const Eigen::VectorXd& values, std::size_t count) {
  std::vector<Eigen::Index> by_value(static_cast<std::size_t>(values.size()));
  std::iota(by_value.begin(), by_value.end(), Eigen::Index{0});
  if (by_value.size() <= count) return by_value;
  std::ranges::stable_sort(by_value, {}, [&](Eigen::Index row) { return values[row]; });
  const std::size_t num_best = count / 3;
  std::vector<Eigen::Index> chosen(by_value.begin(),
                                   by_value.begin() + static_cast<std::ptrdiff_t>(num_best));
  const std::size_t num_spread = count - num_best;
  const std::size_t num_others = by_value.size() - num_best;
  for (std::size_t i = 0; i < num_spread; ++i) {
    chosen.push_back(by_value[num_best + (2 * i + 1) * num_others / (2 * num_spread)]);
  }
  return chosen;
}

/// Hyperparameters side by side: log length scales, then the log noise where it is inferred.
GpHyperparameters hyperparameters_of(const Eigen::VectorXd& packed, std::size_t num_groups) {
  const auto groups = static_cast<Eigen::Index>(num_groups);
  return {.log_lengthscales = packed.head(groups),
          .log_noise = packed.size() > groups ? packed[groups] : noise_prior().log_mode()};
}

/// Adds the derivative of the log likelihood by each log length scale.
///
/// With M the product, element by element, of W and twice the slopes: for one column z of the
/// points it is -1/2 sum_ij M_ij (z_i - z_j)^2 = z' M z - sum_i (M 1)_i z_i^2.
void add_lengthscale_slopes(const KernelShape& shape, const Eigen::MatrixXd& scaled,
                            const Eigen::MatrixXd& weighted_slopes, Eigen::VectorXd& gradient) {
  const Eigen::MatrixXd products = scaled * weighted_slopes;  // [d x n]
  const Eigen::VectorXd sums = weighted_slopes.colwise().sum();
  const Eigen::VectorXd by_column =
      scaled.cwiseProduct(products).rowwise().sum() - (scaled.cwiseAbs2() * sums);
  for (Eigen::Index column = 0; column < by_column.size(); ++column) {
    const std::size_t group = shape.group_of_column[static_cast<std::size_t>(column)];
    gradient[static_cast<Eigen::Index>(group)] += by_column[column];
  }
}

/// Log likelihood of the values, up to a constant; the gradient is written.
double log_likelihood(const FitProblem& problem, const GpHyperparameters& hyperparameters,
                      Eigen::VectorXd& gradient) {
  const Eigen::MatrixXd scaled = scale_points(
      problem.points, inverse_lengthscales(problem.shape, hyperparameters.log_lengthscales));
  SlopedCorrelations kernel = sloped_correlations(problem.shape.family, scaled, scaled);
  const double noise = std::exp(hyperparameters.log_noise);
  if (problem.noise) {
    kernel.values.diagonal().array() = 1.0 + problem.noise->array();
  } else {
    kernel.values.diagonal().setConstant(1.0 + noise);
  }
  const JitteredFactor factor = factor_with_jitter(kernel.values);
  Eigen::MatrixXd weighted = -inverse_from_factor(factor.lower);
  const Eigen::VectorXd weights = -(weighted * problem.values);
  weighted.noalias() += weights * weights.transpose();

  gradient.setZero();
  if (!problem.noise) gradient[gradient.size() - 1] = 0.5 * noise * weighted.trace();
  weighted.array() *= kernel.slopes.array();
  add_lengthscale_slopes(problem.shape, scaled, weighted, gradient);
  return -0.5 * problem.values.dot(weights) - factor.lower.diagonal().array().log().sum();
}

Bounds bounds_of(std::size_t num_groups, Eigen::Index size) {
  const auto groups = static_cast<Eigen::Index>(num_groups);
  Bounds bounds{Eigen::VectorXd::Constant(size, std::log(kSmallestNoise)),
                Eigen::VectorXd::Constant(size, std::log(kLargestNoise))};
  bounds.lower.head(groups).setConstant(std::log(kSmallestLengthscale));
  bounds.upper.head(groups).setConstant(std::log(kLargestLengthscale));
  return bounds;
}

/// The prior's mode, and around it for the starts after the first.
Eigen::VectorXd start_of(std::size_t number, std::size_t num_groups, Eigen::Index size) {
  const auto groups = static_cast<Eigen::Index>(num_groups);
  Eigen::VectorXd start = Eigen::VectorXd::Constant(size, noise_prior().log_mode());
  start.head(groups).setConstant(lengthscale_prior(num_groups).log_mode());
  if (number == 0) return start;
  Rng rng{0, number};
  for (double& coordinate : start) coordinate += rng.normal();
  return start;
}

}  // namespace

FitProblem problem_of(const KernelShape& shape, const GpData& data, const GpFitOptions& options) {
  const std::vector<Eigen::Index> rows = representative_rows(data.values, options.max_points);
  const Standardisation standard = standardisation_of(data.values, options.deviation);
  FitProblem problem{
      shape, data.points(rows, Eigen::all), standardised(data.values(rows), standard), {}};
  if (data.noise_variances) {
    problem.noise = standardised_variances((*data.noise_variances)(rows), standard);
  }
  return problem;
}

double log_posterior(const FitProblem& problem, const Eigen::VectorXd& packed,
                     Eigen::VectorXd& gradient) {
  const std::size_t num_groups = problem.shape.num_groups();
  const GpHyperparameters hyperparameters = hyperparameters_of(packed, num_groups);
  double density = log_likelihood(problem, hyperparameters, gradient);
  const LogNormal lengthscale = lengthscale_prior(num_groups);
  for (Eigen::Index group = 0; group < hyperparameters.log_lengthscales.size(); ++group) {
    density += lengthscale.log_density(packed[group]);
    gradient[group] += lengthscale.log_density_slope(packed[group]);
  }
  if (!problem.noise) {
    density += noise_prior().log_density(hyperparameters.log_noise);
    gradient[gradient.size() - 1] += noise_prior().log_density_slope(hyperparameters.log_noise);
  }
  return density;
}

GpHyperparameters GaussianProcess::fit(const KernelShape& shape, const GpData& data,
                                       const GpFitOptions& options) {
  WATTUNE_REQUIRE(options.max_points >= 2 && options.max_evaluations >= 1);
  WATTUNE_REQUIRE(options.deviation > 0.0);
  const std::size_t num_groups = shape.num_groups();
  const auto size =
      static_cast<Eigen::Index>(num_groups + (data.noise_variances.has_value() ? 0 : 1));
  Minimum best{start_of(0, num_groups, size), std::numeric_limits<double>::infinity(), 0};
  const auto with_deviation = [&](const Eigen::VectorXd& packed) {
    GpHyperparameters fitted = hyperparameters_of(packed, num_groups);
    fitted.deviation = options.deviation;
    return fitted;
  };
  if (data.values.size() < 2 || size == 0) return with_deviation(best.point);

  const FitProblem problem = problem_of(shape, data, options);
  const auto cost = [&](const Eigen::VectorXd& packed, Eigen::VectorXd& gradient) {
    const double density = log_posterior(problem, packed, gradient);
    gradient = -gradient;
    return -density;
  };
  for (std::size_t number = 0; number <= options.restarts; ++number) {
    const Minimum found =
        minimize(cost, start_of(number, num_groups, size), bounds_of(num_groups, size),
                 {.max_evaluations = options.max_evaluations, .relative_tolerance = kTolerance});
    if (found.value < best.value) best = found;
  }
  return with_deviation(best.point);
}

}  // namespace wattune::math
