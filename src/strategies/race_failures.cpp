#include "race_failures.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "wattune/math/improvement.hpp"

namespace wattune::strategies {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr Index kMostOfAKind = 80;
constexpr double kLength = 0.5;  // in a unit cube; near a failure is nearer than that
constexpr double kNoise = 0.01;

}  // namespace

RaceFailures::RaceFailures(const samplers::Features& features, const MatrixXd& good,
                           const MatrixXd& failed) {
  if (failed.rows() == 0) return;
  const Index num_good = std::min(good.rows(), kMostOfAKind);
  const Index num_failed = std::min(failed.rows(), kMostOfAKind);
  math::GpData data{MatrixXd(num_good + num_failed, failed.cols()),
                    VectorXd(num_good + num_failed)};
  data.points << good.bottomRows(num_good), failed.bottomRows(num_failed);
  data.values << VectorXd::Zero(num_good), VectorXd::Ones(num_failed);
  const math::KernelShape shape = features.shape(math::KernelFamily::Matern52);
  const auto num_groups = static_cast<Index>(shape.num_groups());
  process_.emplace(
      shape, std::move(data),
      math::GpHyperparameters{VectorXd::Constant(num_groups, std::log(kLength)), std::log(kNoise)});
}

VectorXd RaceFailures::log_success(const MatrixXd& rows) const {
  constexpr double kHalfway = 0.5;
  VectorXd logs = VectorXd::Zero(rows.rows());
  if (!process_) return logs;
  const math::Predictions predicted = process_->predict(rows);
  for (Index i = 0; i < rows.rows(); ++i) {
    const double deviation = std::sqrt(predicted.variances[i]);
    logs[i] = math::log_probability_below(predicted.means[i], deviation, kHalfway).value;
  }
  return logs;
}

}  // namespace wattune::strategies
