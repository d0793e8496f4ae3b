// Symbols: K the covariance matrix in units of the scale s; y centred values; a = K^-1 y;
// G = (K^-1 - a a' / s) / 2, whose inner product with a derivative of K is that of the negative log
// likelihood.

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "cholesky.hpp"
#include "curve_kernel.hpp"
#include "curve_warp.hpp"
#include "wattune/base/require.hpp"
#include "wattune/math/curve_process.hpp"
#include "wattune/math/minimize.hpp"

namespace wattune::math {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

struct Normal {
  double mean;
  double deviation;

  [[nodiscard]] double log_density(double value) const {
    const double z = (value - mean) / deviation;
    return -0.5 * z * z;
  }
  [[nodiscard]] double slope(double value) const {
    return -(value - mean) / (deviation * deviation);
  }
};

/// Of the four parameters behind the length scales, in their order.
constexpr std::array<Normal, 4> kPriors{{{-0.916290731874155, 0.4},  // ln 0.4
                                         {-0.693147180559945, 0.7},  // ln 0.5
                                         {0.0, 1.0},
                                         {-6.907755278982137, 1.5}}};  // ln 0.001

constexpr Normal kWarpPrior{0.0, 0.4};

Normal length_prior(Index num_groups) {
  constexpr double kMeasuredGroups = 7.0;
  const double more = std::max(1.0, static_cast<double>(num_groups) / kMeasuredGroups);
  return {std::log(0.7) + 0.5 * std::log(more), 0.7};
}

VectorXd packed(const CurveHyperparameters& unpacked) {
  const Index w = unpacked.log_warp_a.size();
  VectorXd all(unpacked.log_lengthscales.size() + 4 + 2 * w);
  all << unpacked.log_lengthscales, unpacked.log_resource_length, unpacked.log_trend,
      unpacked.logit_lasting, unpacked.log_noise, unpacked.log_warp_a, unpacked.log_warp_b;
  return all;
}

CurveHyperparameters unpacked(const VectorXd& all, Index num_warped) {
  const Index g = all.size() - 4 - 2 * num_warped;
  return {all.head(g),         all[g],     all[g + 1],
          all[g + 2],          all[g + 3], all.segment(g + 4, num_warped),
          all.tail(num_warped)};
}

/// Of the hyperparameters in their order.
Normal prior_of(Index i, Index num_groups) {
  if (i < num_groups) return length_prior(num_groups);
  if (i < num_groups + 4) return kPriors.at(static_cast<std::size_t>(i - num_groups));
  return kWarpPrior;
}

/// Adds the prior to a log likelihood.
void add_prior(const VectorXd& all, Index num_groups, CurveDensity& density) {
  for (Index i = 0; i < all.size(); ++i) {
    const Normal prior = prior_of(i, num_groups);
    density.value += prior.log_density(all[i]);
    density.gradient[i] += prior.slope(all[i]);
  }
}

/// Sum over pairs of weight x squared distance along each row of `scaled`: [rows].
VectorXd weighted_squares(const MatrixXd& scaled, const MatrixXd& weights) {
  const VectorXd sums = weights.rowwise().sum();
  const MatrixXd mixed = scaled * weights;
  return 2.0 * (scaled.cwiseAbs2() * sums - mixed.cwiseProduct(scaled).rowwise().sum());
}

/// Sum over pairs of weight x difference of one column x difference of the other.
double weighted_products(const VectorXd& one, const VectorXd& other, const MatrixXd& weights) {
  const VectorXd sums = weights.rowwise().sum();
  const VectorXd mixed = weights * other;
  return 2.0 * ((one.array() * other.array() * sums.array()).sum() - one.dot(mixed));
}

/// Writes the derivatives by the warps.
///
/// Takes    scaled  [d x n];  weights  [n x n] of squared distances of points
void add_warp_gradient(const CurveShape& shape, const CurveData& data,
                       const CurveHyperparameters& hyperparameters, const VectorXd& inverse_lengths,
                       const MatrixXd& scaled, const MatrixXd& weights, VectorXd& gradient) {
  const Index w = hyperparameters.log_warp_a.size();
  const Index first = gradient.size() - 2 * w;
  const Index n = data.points.rows();
  VectorXd by_a(n);
  VectorXd by_b(n);
  for (Index i = 0; i < w; ++i) {
    const auto column = static_cast<Index>(shape.warped_columns[static_cast<std::size_t>(i)]);
    const ColumnWarp warp{hyperparameters.log_warp_a[i], hyperparameters.log_warp_b[i]};
    for (Index row = 0; row < n; ++row) {
      const Warped warped = warp.at(data.points(row, column));
      by_a[row] = warped.by_log_a * inverse_lengths[column];
      by_b[row] = warped.by_log_b * inverse_lengths[column];
    }
    const VectorXd here = scaled.row(column);
    gradient[first + i] = weighted_products(here, by_a, weights);
    gradient[first + w + i] = weighted_products(here, by_b, weights);
  }
}

/// The lowest values, a third of `count`, and of the others every so many in order of value.
std::vector<Index> rows_to_fit(const VectorXd& values, std::size_t count) {
  std::vector<Index> by_value(static_cast<std::size_t>(values.size()));
  std::iota(by_value.begin(), by_value.end(), Index{0});
  if (by_value.size() <= count) return by_value;
  std::ranges::stable_sort(by_value, {}, [&](Index row) { return values[row]; });
  const std::size_t num_best = count / 3;
  const std::size_t num_spread = count - num_best;
  const std::size_t num_others = by_value.size() - num_best;
  std::vector<Index> chosen(by_value.begin(),
                            by_value.begin() + static_cast<std::ptrdiff_t>(num_best));
  for (std::size_t i = 0; i < num_spread; ++i) {
    chosen.push_back(by_value[num_best + (2 * i + 1) * num_others / (2 * num_spread)]);
  }
  return chosen;
}

Bounds hyperparameter_bounds(Index num_groups, Index num_warped) {
  const Index size = num_groups + 4 + 2 * num_warped;
  Bounds bounds{VectorXd::Constant(size, std::log(0.02)), VectorXd::Constant(size, std::log(50.0))};
  bounds.lower.segment(num_groups, 4) << std::log(0.05), std::log(1e-3), -6.0, std::log(1e-6);
  bounds.upper.segment(num_groups, 4) << std::log(10.0), std::log(1e2), 6.0, std::log(10.0);
  bounds.lower.tail(2 * num_warped).setConstant(std::log(0.1));
  bounds.upper.tail(2 * num_warped).setConstant(std::log(10.0));
  return bounds;
}

}  // namespace

CurveDensity CurveProcess::log_density(const CurveShape& shape, const CurveData& data,
                                       const CurveHyperparameters& hyperparameters) {
  const Index g = hyperparameters.log_lengthscales.size();
  const double trend = std::exp(hyperparameters.log_trend);
  const double lasting = lasting_share(hyperparameters.logit_lasting);
  const double noise = std::exp(hyperparameters.log_noise);
  WATTUNE_REQUIRE(has_warps_of(hyperparameters, shape));
  const VectorXd inverse_lengths =
      inverse_lengthscales(shape.configuration, hyperparameters.log_lengthscales);
  const MatrixXd points =
      scale_points(warp(data.points, shape.warped_columns, hyperparameters), inverse_lengths);
  const MatrixXd resources =
      data.resources.transpose() * std::exp(-hyperparameters.log_resource_length);
  const SlopedCorrelations base = sloped_correlations(shape.configuration.family, points, points);
  const SlopedCorrelations along = sloped_correlations(shape.resource_family, resources, resources);
  MatrixXd kernel = joint_kernel(base.values, along.values, trend, lasting);
  kernel.diagonal().array() = 1.0 + trend + noise;
  const MatrixXd lower = factor_with_jitter(kernel).lower;
  const MatrixXd inverse = inverse_from_factor(lower);
  const VectorXd centred = data.values.array() - data.values.mean();
  const VectorXd weights = inverse * centred;
  const double scale = profiled_scale(centred, weights);
  const auto n = static_cast<double>(centred.size());

  CurveDensity density;
  density.value = -0.5 * n * std::log(scale) - lower.diagonal().array().log().sum();
  density.gradient = VectorXd::Zero(g + 4 + 2 * hyperparameters.log_warp_a.size());
  // Minus G: the density's own direction.
  const MatrixXd inner = 0.5 * ((weights / scale) * weights.transpose() - inverse);
  const MatrixXd by_point =
      inner.array() * base.slopes.array() * (lasting + (1.0 - lasting) * along.values.array());
  const VectorXd by_column = -weighted_squares(points, by_point);
  for (Index column = 0; column < by_column.size(); ++column) {
    const auto group = shape.configuration.group_of_column[static_cast<std::size_t>(column)];
    density.gradient[static_cast<Index>(group)] += by_column[column];
  }
  const MatrixXd by_resource =
      inner.array() * along.slopes.array() * (trend + (1.0 - lasting) * base.values.array());
  density.gradient[g] = -weighted_squares(resources, by_resource)[0];
  density.gradient[g + 1] = trend * inner.cwiseProduct(along.values).sum();
  density.gradient[g + 2] =
      lasting * (1.0 - lasting) *
      (inner.array() * base.values.array() * (1.0 - along.values.array())).sum();
  density.gradient[g + 3] = noise * inner.trace();
  add_warp_gradient(shape, data, hyperparameters, inverse_lengths, points, by_point,
                    density.gradient);
  add_prior(packed(hyperparameters), g, density);
  return density;
}

CurveHyperparameters CurveProcess::fit(const CurveShape& shape, const CurveData& data,
                                       const CurveFitOptions& options) {
  WATTUNE_REQUIRE(options.max_rows >= 2 && options.max_evaluations >= 1);
  const auto g = static_cast<Index>(shape.configuration.num_groups());
  const auto w = static_cast<Index>(shape.warped_columns.size());
  VectorXd start(g + 4 + 2 * w);
  for (Index i = 0; i < start.size(); ++i) start[i] = prior_of(i, g).mean;
  if (data.values.size() < 2) return unpacked(start, w);
  const std::vector<Index> rows = rows_to_fit(data.values, options.max_rows);
  const CurveData chosen{data.points(rows, Eigen::all), data.resources(rows), data.values(rows)};
  const auto negative = [&](const VectorXd& all, VectorXd& gradient) {
    const CurveDensity density = log_density(shape, chosen, unpacked(all, w));
    gradient = -density.gradient;
    return -density.value;
  };
  const Minimum best = minimize(negative, start, hyperparameter_bounds(g, w),
                                {.max_evaluations = options.max_evaluations});
  return unpacked(best.point, w);
}

}  // namespace wattune::math
