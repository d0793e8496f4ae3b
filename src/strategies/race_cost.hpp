#pragma once

#include <Eigen/Core>
#include <optional>
#include <string_view>

#include "samplers/features.hpp"
#include "wattune/trial/history.hpp"

namespace wattune::strategies {

/// What is known of a training's cost: joules, else seconds, else the resource alone.
enum class CostKind : unsigned char { Energy, Duration, Resource };
[[nodiscard]] std::string_view to_text(CostKind kind);

/// What trainings cost: the logarithm of the cost per unit of resource is linear in the features,
/// in the squares of the ordered ones and in one over the resource used, which is what a start
/// costs.
///
/// Source   ridge regression; Snoek, Larochelle, Adams, NeurIPS 2012, arXiv:1206.2944, section 3.2
///          models the logarithm of a duration with a Gaussian process
class RaceCost {
 public:
  /// Takes    first_rung  the unit of the resource that a start's cost is spread over
  RaceCost(const trial::History& history, const samplers::Features& features, double first_rung);

  [[nodiscard]] CostKind kind() const { return kind_; }
  /// Of full trainings, as logarithms: [m].
  [[nodiscard]] Eigen::VectorXd log_full(const Eigen::MatrixXd& rows) const;
  /// Of what is left of a trial from a step on, as a logarithm.
  ///
  /// Takes    row  its features
  [[nodiscard]] double log_remaining(const trial::Trial& trial, double from,
                                     const Eigen::RowVectorXd& row) const;

 private:
  [[nodiscard]] Eigen::RowVectorXd inputs(const Eigen::RowVectorXd& row, double step) const;
  [[nodiscard]] std::optional<double> spent(const trial::Trial& trial, std::size_t report) const;

  double max_ = 1.0;
  double first_rung_ = 1.0;
  CostKind kind_ = CostKind::Resource;
  Eigen::VectorXd weights_;  // of the inputs
  double offset_ = 0.0;
};

}  // namespace wattune::strategies
