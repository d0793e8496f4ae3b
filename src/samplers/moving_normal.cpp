#include "moving_normal.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "wattune/base/require.hpp"

namespace wattune::samplers {
namespace {

double normal_cdf(double z) {
  return 0.5 * std::erfc(-z / std::numbers::sqrt2);
}

/// (sum of weights)^2 / sum of squares.
double effective_size_of(std::span<const double> weights) {
  double sum = 0.0;
  double squares = 0.0;
  for (const double weight : weights) {
    sum += weight;
    squares += weight * weight;
  }
  return squares > 0.0 ? sum * sum / squares : 0.0;
}

double sum_of(std::span<const double> values) {
  double sum = 0.0;
  for (const double value : values) sum += value;
  return sum;
}

}  // namespace

CmaRates::CmaRates(std::size_t dimension, std::size_t population) {
  WATTUNE_REQUIRE(dimension >= 1 && population >= 4);
  const auto d = static_cast<double>(dimension);
  for (std::size_t i = 1; i <= population; ++i) {
    weights.push_back(std::log((static_cast<double>(population) + 1.0) / 2.0) -
                      std::log(static_cast<double>(i)));
  }
  const std::span<double> best = std::span{weights}.first(population / 2);
  const std::span<double> rest = std::span{weights}.subspan(population / 2);
  effective_size = effective_size_of(best);
  const double m = effective_size;
  rank_one_rate = 2.0 / ((d + 1.3) * (d + 1.3) + m);
  rank_mu_rate =
      std::min(1.0 - rank_one_rate, 2.0 * (0.25 + m + 1.0 / m - 2.0) / ((d + 2.0) * (d + 2.0) + m));
  path_rate = (4.0 + m / d) / (d + 4.0 + 2.0 * m / d);
  step_rate = (m + 2.0) / (d + m + 5.0);
  step_damping = 1.0 + 2.0 * std::max(0.0, std::sqrt((m - 1.0) / (d + 1.0)) - 1.0) + step_rate;
  expected_length = std::sqrt(d) * (1.0 - 1.0 / (4.0 * d) + 1.0 / (21.0 * d * d));

  // Negative weights: no more than the rest of the update can make up for.
  const double repulsion =
      std::min({1.0 + rank_one_rate / rank_mu_rate, 1.0 + 2.0 * effective_size_of(rest) / (m + 2.0),
                (1.0 - rank_one_rate - rank_mu_rate) / (d * rank_mu_rate)});
  const double best_sum = sum_of(best);
  for (double& weight : best) weight /= best_sum;
  const double rest_sum = -sum_of(rest);
  for (double& weight : rest) weight *= std::max(0.0, repulsion) / rest_sum;
}

MovingNormal::MovingNormal(std::size_t population, std::vector<Edges> edges, Eigen::VectorXd mean,
                           double deviation)
    : rates_(edges.size(), population),
      edges_(std::move(edges)),
      mean_(std::move(mean)),
      sigma_(deviation) {
  const auto d = static_cast<Eigen::Index>(edges_.size());
  WATTUNE_REQUIRE(mean_.size() == d);
  scales_ = Eigen::VectorXd::Ones(d);
  covariance_ = Eigen::MatrixXd::Identity(d, d);
  path_ = Eigen::VectorXd::Zero(d);
  step_path_ = Eigen::VectorXd::Zero(d);
  find_axes();
}

double MovingNormal::deviation(std::size_t coordinate) const {
  const auto i = static_cast<Eigen::Index>(coordinate);
  return sigma_ * scales_[i] * std::sqrt(covariance_(i, i));
}

double MovingNormal::condition() const {
  const double ratio = lengths_.maxCoeff() / lengths_.minCoeff();
  return ratio * ratio;
}

Eigen::VectorXd MovingNormal::draw(Rng& rng) const {
  constexpr int kMaxDraws = 20;
  Eigen::VectorXd normal(mean_.size());
  Eigen::VectorXd point(mean_.size());
  for (int draws = 0; draws < kMaxDraws; ++draws) {
    for (double& value : normal) value = rng.normal();
    point = mean_ + sigma_ * scales_.cwiseProduct(axes_ * lengths_.cwiseProduct(normal));
    bool is_inside = true;
    for (std::size_t i = 0; i < edges_.size(); ++i) {
      const double x = point[static_cast<Eigen::Index>(i)];
      is_inside = is_inside && (!edges_[i].empty() || (x >= 0.0 && x <= 1.0));
    }
    if (is_inside) break;
  }
  return point.cwiseMax(0.0).cwiseMin(1.0);
}

double MovingNormal::within(std::size_t coordinate, double low, double high,
                            double quantile) const {
  constexpr double kLeastMass = 1e-9;
  const double centre = mean_[static_cast<Eigen::Index>(coordinate)];
  const double spread = deviation(coordinate);
  const double below = normal_cdf((low - centre) / spread);
  const double mass = normal_cdf((high - centre) / spread) - below;
  if (mass < kLeastMass) return std::clamp(centre, low, high);
  const double probability = std::clamp(below + quantile * mass, 1e-15, 1.0 - 1e-15);
  return std::clamp(centre + spread * normal_quantile(probability), low, high);
}

/// The step as it was before C bent it.
Eigen::VectorXd MovingNormal::whitened(const Eigen::VectorXd& step) const {
  return axes_ * (axes_.transpose() * step).cwiseQuotient(lengths_);
}

void MovingNormal::learn(std::span<const Eigen::VectorXd> points, std::size_t num_ranked) {
  WATTUNE_REQUIRE(points.size() == rates_.weights.size() && num_ranked >= 1);
  const auto d = static_cast<double>(dimension());
  const double longest = std::sqrt(d) + 2.0 * d / (d + 2.0);
  std::vector<double> weights = rates_.weights;
  const std::size_t num_best = std::min(num_ranked, weights.size() / 2);
  for (std::size_t i = num_best; i < weights.size() / 2; ++i) weights[i] = 0.0;
  const double best_sum = sum_of(std::span{weights}.first(num_best));

  std::vector<Eigen::VectorXd> steps;
  Eigen::VectorXd mean_step = Eigen::VectorXd::Zero(mean_.size());
  for (std::size_t i = 0; i < points.size(); ++i) {
    Eigen::VectorXd step = (points[i] - mean_).cwiseQuotient(scales_) / sigma_;
    const double length = whitened(step).norm();
    // A point that this distribution would hardly have drawn came from elsewhere.
    if (length > longest) step *= longest / length;
    if (weights[i] > 0.0) {
      weights[i] /= best_sum;
      mean_step += weights[i] * step;
    } else {
      const double bounded = std::clamp(length, 1e-8, longest);
      weights[i] *= d / (bounded * bounded);
    }
    steps.push_back(std::move(step));
  }
  mean_ = (mean_ + sigma_ * scales_.cwiseProduct(mean_step)).cwiseMax(0.0).cwiseMin(1.0);
  ++num_generations_;
  move_paths(mean_step);
  bend(steps, weights);
  find_axes();
  keep_margin();
}

void MovingNormal::move_paths(const Eigen::VectorXd& mean_step) {
  const auto d = static_cast<double>(dimension());
  const double cs = rates_.step_rate;
  step_path_ = (1.0 - cs) * step_path_ +
               std::sqrt(cs * (2.0 - cs) * rates_.effective_size) * whitened(mean_step);
  const double decay = 1.0 - std::pow(1.0 - cs, 2.0 * static_cast<double>(num_generations_));
  const double length = step_path_.norm();
  has_long_path_ = length / std::sqrt(decay) >= (1.4 + 2.0 / (d + 1.0)) * rates_.expected_length;
  const double cc = rates_.path_rate;
  path_ *= 1.0 - cc;
  if (!has_long_path_) path_ += std::sqrt(cc * (2.0 - cc) * rates_.effective_size) * mean_step;
  sigma_ *=
      std::exp(std::min(1.0, cs / rates_.step_damping * (length / rates_.expected_length - 1.0)));
}

void MovingNormal::bend(std::span<const Eigen::VectorXd> steps, std::span<const double> weights) {
  const double cc = rates_.path_rate;
  const double c1 = rates_.rank_one_rate;
  const double cmu = rates_.rank_mu_rate;
  const double stalled = has_long_path_ ? c1 * cc * (2.0 - cc) : 0.0;
  double sum = 0.0;
  for (const double weight : rates_.weights) sum += weight;
  covariance_ *= 1.0 + stalled - c1 - cmu * sum;
  covariance_ += c1 * path_ * path_.transpose();
  for (std::size_t i = 0; i < steps.size(); ++i) {
    covariance_ += cmu * weights[i] * steps[i] * steps[i].transpose();
  }
}

void MovingNormal::find_axes() {
  constexpr double kLeastLengthSq = 1e-18;
  covariance_ = 0.5 * (covariance_ + covariance_.transpose()).eval();
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(covariance_);
  axes_ = solver.eigenvectors();
  const Eigen::VectorXd squares = solver.eigenvalues().cwiseMax(
      kLeastLengthSq * std::max(1.0, solver.eigenvalues().maxCoeff()));
  lengths_ = squares.cwiseSqrt();
  covariance_ = axes_ * squares.asDiagonal() * axes_.transpose();
  // Wider than the cube is of no use, and would be hard to come back from.
  const double widest = sigma_ * lengths_.maxCoeff();
  if (widest > 1.0) sigma_ /= widest;
}

/// Every value next to the mean's keeps a least probability.
void MovingNormal::keep_margin() {
  const double margin =
      1.0 / (static_cast<double>(dimension()) * static_cast<double>(rates_.weights.size()));
  for (std::size_t i = 0; i < edges_.size(); ++i) {
    const Edges& edges = edges_[i];
    if (edges.empty()) continue;
    const double centre = mean_[static_cast<Eigen::Index>(i)];
    const auto above = std::upper_bound(edges.begin() + 1, edges.end() - 1, centre);
    const bool is_first = above == edges.begin() + 1;
    const bool is_last = above == edges.end() - 1;
    if (is_first || is_last) {
      keep_margin_at_end(i, is_first ? *above : *(above - 1), margin);
    } else {
      keep_margin_between(i, *(above - 1), *above, margin);
    }
  }
}

/// In the first or last value there is one neighbour, beyond `edge`: the mean comes near enough.
void MovingNormal::keep_margin_at_end(std::size_t coordinate, double edge, double margin) {
  double& centre = mean_[static_cast<Eigen::Index>(coordinate)];
  const double reach = deviation(coordinate) * normal_quantile(1.0 - margin);
  const double distance = std::min(std::abs(centre - edge), reach);
  centre = centre >= edge ? edge + distance : edge - distance;
}

/// Between two values: both tails get half the margin, and mean and scale follow from the tails.
void MovingNormal::keep_margin_between(std::size_t coordinate, double low, double high,
                                       double margin) {
  const auto i = static_cast<Eigen::Index>(coordinate);
  const double spread = deviation(coordinate);
  const double below = normal_cdf((low - mean_[i]) / spread);
  const double above = normal_cdf((mean_[i] - high) / spread);
  const double least = 0.5 * margin;
  if (below >= least && above >= least) return;
  const double own = 1.0 - below - above;
  const double below_kept = std::max(least, below);
  const double above_kept = std::max(least, above);
  const double excess =
      (1.0 - below_kept - above_kept - own) / (below_kept + above_kept + own - 3.0 * least);
  const double z_low = normal_quantile(1.0 - below_kept - excess * (below_kept - least));
  const double z_high = normal_quantile(1.0 - above_kept - excess * (above_kept - least));
  if (!(z_low + z_high > 0.0)) return;
  scales_[i] *= (high - low) / (z_low + z_high) / spread;
  mean_[i] = (low * z_high + high * z_low) / (z_low + z_high);
}

}  // namespace wattune::samplers
