#pragma once

#include <Eigen/Core>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "race_curves.hpp"
#include "race_failures.hpp"
#include "race_limit.hpp"
#include "race_record.hpp"
#include "race_worth.hpp"
#include "samplers/features.hpp"
#include "wattune/trial/history.hpp"

namespace wattune::strategies {

/// What the race believes of full trainings: their losses, whether they keep the constraints, and
/// whether they fail.
class RaceModel {
 public:
  /// Both outlive the object.
  RaceModel(const trial::Problem& problem, const samplers::Features& features,
            const RaceTuning& tuning);

  /// Takes    values  as in the last call, and perhaps more
  void update(const trial::History& history, const std::vector<CurveValue>& values);

  /// Are there values enough to tell anything? Else nothing below may be asked.
  [[nodiscard]] bool is_ready() const { return losses_.front().num_values() >= 2; }

  /// The logarithm of what full trainings are worth: expected improvement times the probability
  /// that they keep the constraints and do not fail; while nothing keeps the constraints, that
  /// probability alone.
  ///
  /// Takes    rows  of features: [m x d];  Gives  [m]
  [[nodiscard]] Eigen::VectorXd log_worth(const Eigen::MatrixXd& rows) const;

  /// Which of the rows are predicted to end best, the best first: by the loss, or by several as
  /// random directions weigh them; what is likely to be infeasible comes last.
  [[nodiscard]] std::vector<std::size_t> best_rows(const Eigen::MatrixXd& rows, std::size_t count,
                                                   Rng& rng) const;

 private:
  void read(const trial::History& history, const std::vector<CurveValue>& values);
  /// Copies the processes and lets them believe that what runs ends as predicted.
  void believe(const trial::History& history);
  [[nodiscard]] double lead_of(const Eigen::MatrixXd& rows) const;
  [[nodiscard]] Eigen::VectorXd log_feasibility(const Eigen::MatrixXd& rows) const;
  [[nodiscard]] std::vector<LossPoint> feasible_points() const;
  [[nodiscard]] const math::CurveProcess& process(std::size_t k) const;

  const trial::Problem& problem_;
  const samplers::Features& features_;
  RaceTuning tuning_;
  std::vector<RaceCurves> losses_;
  std::vector<RaceLimit> limits_;
  std::size_t num_values_seen_ = 0;
  std::vector<std::vector<double>> seen_;  // losses of all values
  std::vector<char> is_feasible_;          // of all values

  // As of the last update.
  std::vector<math::CurveProcess> believed_;  // none where nothing runs
  std::vector<LossPoint> believed_ends_;
  double lead_ = 0.0;
  std::optional<RaceFailures> failures_;
  std::optional<RaceWorth> worth_;  // nothing while no value is feasible
};

}  // namespace wattune::strategies
