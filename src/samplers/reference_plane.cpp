#include "reference_plane.hpp"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <limits>

namespace wattune::samplers {
namespace {

constexpr double kLeastRange = 1e-12;

using LossesList = std::span<const std::vector<double>* const>;

/// Distance from the axis of one objective: the largest of the other losses, nearly.
double off_axis(const std::vector<double>& losses, const std::vector<double>& ideal,
                std::size_t axis) {
  constexpr double kOtherWeight = 1e6;
  double largest = -std::numeric_limits<double>::infinity();
  for (std::size_t k = 0; k < losses.size(); ++k) {
    largest = std::max(largest, (losses[k] - ideal[k]) * (k == axis ? 1.0 : kOtherWeight));
  }
  return largest;
}

std::vector<double> worst_of(LossesList losses) {
  std::vector<double> worst = *losses.front();
  for (const std::vector<double>* point : losses) {
    for (std::size_t k = 0; k < worst.size(); ++k) worst[k] = std::max(worst[k], (*point)[k]);
  }
  return worst;
}

}  // namespace

void ReferencePlane::learn_extremes(LossesList losses) {
  const std::vector<std::vector<double>> before = extremes_;
  extremes_.clear();
  for (std::size_t axis = 0; axis < ideal_.size(); ++axis) {
    const std::vector<double>* closest = axis < before.size() ? &before[axis] : losses.front();
    double least = off_axis(*closest, ideal_, axis);
    for (const std::vector<double>* point : losses) {
      const double distance = off_axis(*point, ideal_, axis);
      if (distance >= least) continue;
      least = distance;
      closest = point;
    }
    extremes_.push_back(*closest);
  }
}

/// Where the plane through the extreme points meets the axes, from the ideal point; empty where
/// there is no such plane.
std::vector<double> ReferencePlane::intercepts() const {
  const auto size = static_cast<Eigen::Index>(ideal_.size());
  Eigen::MatrixXd corners(size, size);
  for (Eigen::Index row = 0; row < size; ++row) {
    for (Eigen::Index column = 0; column < size; ++column) {
      const auto k = static_cast<std::size_t>(column);
      corners(row, column) = extremes_[static_cast<std::size_t>(row)][k] - ideal_[k];
    }
  }
  const Eigen::ColPivHouseholderQR<Eigen::MatrixXd> solver(corners);
  if (solver.rank() < size) return {};
  const Eigen::VectorXd normal = solver.solve(Eigen::VectorXd::Ones(size));
  std::vector<double> lengths;
  for (const double part : normal) {
    if (!(part > 0.0) || !std::isfinite(1.0 / part)) return {};
    lengths.push_back(1.0 / part);
  }
  return lengths;
}

void ReferencePlane::learn(LossesList losses, std::size_t num_first) {
  if (ideal_.empty()) ideal_ = *losses.front();
  for (const std::vector<double>* point : losses) {
    for (std::size_t k = 0; k < ideal_.size(); ++k) ideal_[k] = std::min(ideal_[k], (*point)[k]);
  }
  learn_extremes(losses);
  const std::vector<double> worst = worst_of(losses);
  nadir_ = worst_of(losses.first(num_first));
  const std::vector<double> lengths = intercepts();
  bool is_plane_of_use = !lengths.empty();
  for (std::size_t k = 0; k < lengths.size(); ++k) {
    is_plane_of_use =
        is_plane_of_use && lengths[k] > kLeastRange && ideal_[k] + lengths[k] <= worst[k];
  }
  for (std::size_t k = 0; k < nadir_.size(); ++k) {
    if (is_plane_of_use) nadir_[k] = ideal_[k] + lengths[k];
    // A front without extent in an objective takes its scale from all candidates.
    if (!(nadir_[k] - ideal_[k] > kLeastRange)) nadir_[k] = worst[k];
  }
}

std::vector<double> ReferencePlane::scaled(const std::vector<double>& losses) const {
  std::vector<double> parts(losses.size());
  for (std::size_t k = 0; k < losses.size(); ++k) {
    const double range = nadir_[k] - ideal_[k];
    parts[k] = range > kLeastRange ? (losses[k] - ideal_[k]) / range : 0.0;
  }
  return parts;
}

}  // namespace wattune::samplers
