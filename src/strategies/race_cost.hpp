#pragma once

#include <Eigen/Core>
#include <string_view>
#include <vector>

#include "samplers/features.hpp"
#include "wattune/trial/history.hpp"

namespace wattune::strategies {

/// What is known of a training's cost: joules, else seconds, else the resource alone.
enum class CostKind : unsigned char { Energy, Duration, Resource };
[[nodiscard]] std::string_view to_text(CostKind kind);

/// What trainings cost: the logarithm of the cost per unit of resource is linear in the features
/// and their squares.
///
/// Source   ridge regression; Snoek, Larochelle, Adams, NeurIPS 2012, arXiv:1206.2944, section 3.2
///          models the logarithm of a duration with a Gaussian process
class RaceCost {
 public:
  RaceCost(const trial::History& history, const samplers::Features& features);

  [[nodiscard]] CostKind kind() const { return kind_; }
  /// Of full trainings, as logarithms.
  ///
  /// Takes    rows  of features: [m x d];  Gives  [m]
  [[nodiscard]] Eigen::VectorXd log_full(const Eigen::MatrixXd& rows) const;
  /// Of what is left of a trial from a step on, as a logarithm.
  ///
  /// Takes    row  its features
  [[nodiscard]] double log_remaining(const trial::Trial& trial, double from,
                                     const Eigen::RowVectorXd& row) const;

 private:
  void regress(const std::vector<Eigen::RowVectorXd>& rows, const std::vector<double>& values);

  double max_ = 1.0;
  CostKind kind_ = CostKind::Resource;
  Eigen::VectorXd weights_;  // of features and squares
  double offset_ = 0.0;
};

}  // namespace wattune::strategies
