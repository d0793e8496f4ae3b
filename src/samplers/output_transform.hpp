#pragma once

#include <optional>
#include <span>
#include <vector>

namespace wattune::samplers {

enum class Scale : unsigned char {
  Linear,
  Log,         ///< Of a positive value.
  NegatedLog,  ///< Of a positive value that was negated to be a loss: -ln(-v).
  Evened,      ///< ln(v + c), where values have a long tail on the bad side.
};

struct TransformOptions {
  Scale scale = Scale::Linear;  ///< Linear after all where a value has the wrong sign.
  bool winsorise = true;        ///< Are values far on the bad side pulled in?
};

/// One and a half interquartile ranges beyond the upper quartile.
[[nodiscard]] double tukey_cut(std::span<const double> values);

/// From a measure's own unit to what a Gaussian process is made of, monotonically: perhaps the
/// logarithm, then a cut one and a half interquartile ranges beyond the upper quartile, then mean 0
/// and variance 1.
///
/// Evened out, the tenth, the half and nine tenths of the values lie evenly, as far as that leaves
/// the smallest value in reach.
///
/// Source   the cut: Tukey, Exploratory Data Analysis, 1977
class OutputTransform {
 public:
  /// Takes    values  losses, or what a constraint bounds; finite
  ///          keep    values that the cut must leave alone, such as a threshold
  OutputTransform(std::span<const double> values, const TransformOptions& options,
                  std::span<const double> keep = {});

  [[nodiscard]] double operator()(double value) const;
  /// Without the cut: for thresholds and reference points.
  [[nodiscard]] double uncut(double value) const;
  /// Logarithm of the transform's slope, the cut aside: what makes densities on both sides
  /// comparable.
  [[nodiscard]] double log_slope(double value) const;
  /// Variance after the transform, to first order around the value.
  [[nodiscard]] double variance(double value, double variance) const;

 private:
  [[nodiscard]] double scaled(double value) const;

  Scale scale_;
  double shift_ = 0.0;         // c of Evened
  std::optional<double> cut_;  // on the scale, before standardising
  double mean_ = 0.0;
  double deviation_ = 1.0;
};

}  // namespace wattune::samplers
