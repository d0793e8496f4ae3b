#include "race_worth.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "wattune/base/require.hpp"
#include "wattune/math/box_decomposition.hpp"
#include "wattune/math/improvement.hpp"
#include "wattune/math/pareto.hpp"
#include "wattune/math/sobol_normal.hpp"

namespace wattune::strategies {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr std::size_t kNumDraws = 64;

std::vector<LossPoint> front_of(const std::vector<LossPoint>& seen) {
  std::vector<LossPoint> front;
  for (const std::size_t i : math::pareto_front(seen)) front.push_back(seen[i]);
  return front;
}

LossPoint reference_of(const std::vector<LossPoint>& front) {
  constexpr double kMedian = 0.0;
  constexpr double kBeyond = 0.1;
  LossPoint reference;
  for (std::size_t k = 0; k < front.front().size(); ++k) {
    const auto [low, high] =
        std::ranges::minmax(front, {}, [k](const LossPoint& point) { return point[k]; });
    reference.push_back(std::max(kMedian, high[k] + kBeyond * (high[k] - low[k])));
  }
  return reference;
}

}  // namespace

RaceWorth::RaceWorth(std::vector<LossPoint> seen, double lead) {
  WATTUNE_REQUIRE(!seen.empty());
  if (seen.front().size() == 1) {
    best_ = std::ranges::min(seen).front() - lead;
    return;
  }
  const std::vector<LossPoint> front = front_of(seen);
  const LossPoint reference = reference_of(front);
  if (reference.size() == 2) {
    pair_.emplace(front, std::array{reference[0], reference[1]});
    return;
  }
  const std::vector<std::vector<math::Box>> boxes{math::non_dominated_boxes(front, reference)};
  sampled_ = std::make_unique<math::SampledImprovement>(boxes);
  draws_ = math::sobol_normals(kNumDraws, reference.size(), 0);
}

VectorXd RaceWorth::logs(const MatrixXd& means, const MatrixXd& deviations) const {
  VectorXd result(means.rows());
  for (Index i = 0; i < means.rows(); ++i) {
    if (pair_) {
      result[i] =
          pair_->log_expected({means(i, 0), means(i, 1)}, {deviations(i, 0), deviations(i, 1)})
              .value;
    } else if (sampled_) {
      const MatrixXd losses = (draws_ * deviations.row(i).asDiagonal()).rowwise() + means.row(i);
      result[i] = sampled_->log_expected(losses).value;
    } else {
      result[i] = math::log_expected_improvement(means(i, 0), deviations(i, 0), best_).value;
    }
  }
  return result;
}

}  // namespace wattune::strategies
