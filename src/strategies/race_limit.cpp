#include "race_limit.hpp"

#include <cmath>
#include <utility>

#include "wattune/math/improvement.hpp"

namespace wattune::strategies {
namespace {

using samplers::CurveScale;

CurveScale::Shape scale_of(const trial::Constraint& constraint) {
  return constraint.min && constraint.max ? CurveScale::Shape::Linear : CurveScale::Shape::Squashed;
}

}  // namespace

RaceLimit::RaceLimit(const trial::Constraint& constraint, math::CurveShape shape,
                     const RaceTuning& tuning)
    : constraint_(constraint),
      sign_(constraint.max ? 1.0 : -1.0),
      curves_(std::move(shape), scale_of(constraint), tuning) {
}

void RaceLimit::add(const Eigen::RowVectorXd& row, double place, double value) {
  curves_.add(row, place, sign_ * value);
}

void RaceLimit::update() {
  if (is_known()) curves_.update();
}

Eigen::VectorXd RaceLimit::log_kept(const Eigen::MatrixXd& rows) const {
  Eigen::VectorXd logs = Eigen::VectorXd::Zero(rows.rows());
  if (!is_known()) return logs;
  const math::Predictions predicted = curves_.process().predict(rows);
  for (Eigen::Index i = 0; i < rows.rows(); ++i) {
    const double mean = predicted.means[i];
    const double deviation = std::sqrt(predicted.variances[i]);
    const auto keep_below = [&](double bound) {
      logs[i] +=
          math::log_probability_below(mean, deviation, curves_.on_scale(sign_ * bound)).value;
    };
    const auto keep_above = [&](double bound) {
      logs[i] += math::log_probability_above(mean, deviation, curves_.on_scale(bound)).value;
    };
    if (constraint_.max) keep_below(*constraint_.max);
    if (!constraint_.min) continue;
    if (constraint_.max) {
      keep_above(*constraint_.min);
    } else {
      keep_below(*constraint_.min);
    }
  }
  return logs;
}

}  // namespace wattune::strategies
