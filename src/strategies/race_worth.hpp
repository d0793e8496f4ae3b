#pragma once

#include <Eigen/Core>
#include <memory>
#include <optional>
#include <vector>

#include "wattune/math/hypervolume_improvement.hpp"

namespace wattune::strategies {

/// Losses on the scale of the models, which is 0 for the median of all values and -1 for the best.
using LossPoint = std::vector<double>;

/// How much a training would improve on what there is: the logarithm of the expected improvement of
/// one loss, or of the hypervolume of several.
///
/// The losses of one training are taken as independent.
class RaceWorth {
 public:
  /// Takes    seen  losses to improve on, one at least; as to several, the reference point is the
  ///          median of every loss, or a tenth of the front's range beyond its worst where that is
  ///          further
  ///          lead  improvements count from so far below the best
  RaceWorth(std::vector<LossPoint> seen, double lead);

  /// Takes    means, deviations  [m x k], deviations above 0;  Gives  [m]
  [[nodiscard]] Eigen::VectorXd logs(const Eigen::MatrixXd& means,
                                     const Eigen::MatrixXd& deviations) const;

 private:
  double best_ = 0.0;                                  // of one loss
  std::optional<math::PairImprovement> pair_;          // of two
  std::unique_ptr<math::SampledImprovement> sampled_;  // of more
  Eigen::MatrixXd draws_;                              // [s x k], standard normal
};

}  // namespace wattune::strategies
