#pragma once

#include <span>
#include <vector>

namespace wattune::math {

// Symbols: a curve is a loss at shares of a full training in (0, 1], ascending.

/// How far curves of this kind fall from their first point to their end.
struct CurvePrior {
  double mean_fall = 0.0;
  double sd_fall = 1.0;  ///< Above 0.
};

/// What a curve that is known in part is expected to end at: a mixture of normal distributions.
class CurveForecast {
 public:
  struct Component {
    double weight = 1.0;
    double mean = 0.0;
    double sd = 1.0;
  };
  explicit CurveForecast(std::vector<Component> components);

  [[nodiscard]] double mean() const;
  /// Probability of ending at this loss or above.
  [[nodiscard]] double probability_above(double loss) const;

 private:
  std::vector<Component> components_;  // the weights add up to 1
};

/// Forecasts the end of a curve from its beginning.
///
/// loss(u) = end + fall phi(u) + noise, where phi goes from 1 at the first point to 0 at the end as
/// a power of u or an exponential of it. For each of ten such shapes and six sizes of the noise the
/// posterior of end and fall is normal and known in closed form; shapes and sizes are weighed by
/// how probable they make what was seen. The noise of the last value is part of the forecast.
///
/// Takes    shares, losses  [n], n >= 2; the first share below 1
/// Cost     O(66 + n) steps; of more than 24 points evenly spread ones are taken, the last among
/// them Source   Domhan, Springenberg, Hutter, IJCAI 2015, section 3 (extrapolation by a mixture of
///          parametric families, and stopping by the probability of an improvement)
/// Differs  two families on a grid of shapes with exact posteriors instead of eleven by Markov
/// chain
///          Monte Carlo; the fall has a prior from other curves
[[nodiscard]] CurveForecast forecast_curve(std::span<const double> shares,
                                           std::span<const double> losses, const CurvePrior& prior);

}  // namespace wattune::math
