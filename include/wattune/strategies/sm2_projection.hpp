#pragma once

#include <optional>
#include <span>

namespace wattune::strategies {

/// What a training had reached after so much of its resource.
struct CurvePoint {
  double resource = 0.0;  ///< Above 0, growing from point to point.
  double loss = 0.0;      ///< Lower is better.
};

/// loss(x) = a + b x^-c, b >= 0: a training that gets better ever more slowly.
struct PowerLaw {
  double a = 0.0;
  double b = 0.0;
  double c = 1.0;

  /// The resource at which the loss comes down to `target`; nothing where it never does.
  [[nodiscard]] std::optional<double> resource_at(double target) const;
};

/// The power law through the points, by least squares: for each c of a fixed grid from 0.1 to 2
/// the best a and b, then the best c. Nothing for less than three points.
///
/// Source   the family pow3 of Domhan, Springenberg, Hutter, IJCAI 2015
[[nodiscard]] std::optional<PowerLaw> fit_power_law(std::span<const CurvePoint> points);

}  // namespace wattune::strategies
