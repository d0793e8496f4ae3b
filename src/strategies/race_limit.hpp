#pragma once

#include <optional>

#include "race_curves.hpp"
#include "wattune/trial/problem.hpp"

namespace wattune::strategies {

/// What a constraint bounds, as a process over configuration and resource.
class RaceLimit {
 public:
  RaceLimit(const trial::Constraint& constraint, math::CurveShape shape, const RaceTuning& tuning);

  void add(const Eigen::RowVectorXd& row, double place, double value);
  void update();

  /// Is anything known of what it bounds?
  [[nodiscard]] bool is_known() const { return curves_.num_values() > 0; }
  /// Logarithm of the probability that a full training keeps the constraint: [m].
  [[nodiscard]] Eigen::VectorXd log_kept(const Eigen::MatrixXd& rows) const;

 private:
  trial::Constraint constraint_;
  double sign_;  // large is bad on the scale of the curves
  RaceCurves curves_;
};

}  // namespace wattune::strategies
