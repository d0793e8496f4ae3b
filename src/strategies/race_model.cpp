#include "race_model.hpp"

#include <cmath>

#include "wattune/math/improvement.hpp"

namespace wattune::strategies {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::RowVectorXd;
using Eigen::VectorXd;

math::CurveShape shape_of(const samplers::Features& features, const space::Space& space,
                          bool is_warped) {
  math::CurveShape shape{features.shape(math::KernelFamily::Matern52), math::KernelFamily::Rbf};
  if (!is_warped) return shape;
  for (std::size_t i = 0; i < space.size(); ++i) {
    if (const auto column = features.ordered_column(i)) shape.warped_columns.push_back(*column);
  }
  return shape;
}

}  // namespace

RaceModel::RaceModel(const trial::Problem& problem, const samplers::Features& features,
                     const RaceTuning& tuning)
    : features_(features), problem_(problem) {
  const math::CurveShape shape = shape_of(features, problem.space, tuning.warp);
  for (std::size_t k = 0; k < problem.objectives.size(); ++k) {
    losses_.emplace_back(shape, samplers::CurveScale::Shape::Squashed, tuning);
  }
}

bool RaceModel::is_ready() const {
  return losses_.front().num_values() >= 2;
}

void RaceModel::update(const trial::History& history, const std::vector<CurveValue>& values) {
  for (; num_values_seen_ < values.size(); ++num_values_seen_) {
    const CurveValue& value = values[num_values_seen_];
    const RowVectorXd row = features_.row(history.trials()[value.trial].configuration());
    for (std::size_t k = 0; k < losses_.size(); ++k) {
      losses_[k].add(row, value.place, value.losses[k]);
    }
  }
  if (!is_ready()) return;
  best_.clear();
  believed_.clear();
  for (RaceCurves& curves : losses_) {
    curves.update();
    best_.push_back(curves.best());
  }
}

VectorXd RaceModel::log_worth(const MatrixXd& rows) const {
  const math::Predictions predicted = losses_.front().process().predict(rows);
  VectorXd worth(rows.rows());
  for (Index i = 0; i < rows.rows(); ++i) {
    worth[i] = math::log_expected_improvement(predicted.means[i], std::sqrt(predicted.variances[i]),
                                              best_.front())
                   .value;
  }
  return worth;
}

VectorXd RaceModel::forecasts(const MatrixXd& rows) const {
  return losses_.front().process().predict_means(rows);
}

}  // namespace wattune::strategies
