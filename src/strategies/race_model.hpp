#pragma once

#include <Eigen/Core>
#include <memory>
#include <optional>
#include <vector>

#include "race_curves.hpp"
#include "race_record.hpp"
#include "samplers/features.hpp"
#include "wattune/trial/history.hpp"

namespace wattune::strategies {

/// What the race believes of trainings: their losses and constraints at the full resource, and
/// whether they fail.
class RaceModel {
 public:
  RaceModel(const trial::Problem& problem, const samplers::Features& features,
            const RaceTuning& tuning);

  /// Takes    values  as in the last call, and perhaps more
  void update(const trial::History& history, const std::vector<CurveValue>& values);

  /// Are there curves enough to tell one from another?
  [[nodiscard]] bool is_ready() const;

  /// What is worth how much, for rows of features: the logarithm of the expected improvement times
  /// the probability that constraints are kept and nothing fails. With no feasible value so far,
  /// of that probability alone.
  [[nodiscard]] Eigen::VectorXd log_worth(const Eigen::MatrixXd& rows) const;
  /// Predicted losses at the full resource, lower is better: [m]. Of several objectives the sum,
  /// each in units of its scale; infeasible ones are put behind.
  [[nodiscard]] Eigen::VectorXd forecasts(const Eigen::MatrixXd& rows) const;

 private:
  struct Limit {
    RaceCurves curves;
    std::optional<double> min;  // in units of the values that curves was given
    std::optional<double> max;
    double sign = 1.0;
  };
  [[nodiscard]] Eigen::VectorXd log_feasibility(const Eigen::MatrixXd& rows) const;

  const samplers::Features& features_;
  const trial::Problem& problem_;
  std::size_t num_values_seen_ = 0;
  std::vector<CurveValue> values_;
  std::vector<RaceCurves> losses_;
  std::vector<Limit> limits_;
  // What the last update found.
  std::vector<math::CurveProcess> believed_;  // of losses, with what runs
  std::vector<double> best_;
  Eigen::MatrixXd failed_rows_;
  Eigen::MatrixXd good_rows_;
};

}  // namespace wattune::strategies
