#include "output_transform.hpp"

#include <algorithm>
#include <cmath>

#include "wattune/math/statistics.hpp"

namespace wattune::samplers {
namespace {

constexpr double kLargest = 1e100;  // squares of more would overflow

bool has_sign(std::span<const double> values, double sign) {
  return std::ranges::all_of(values, [&](double value) { return sign * value > 0.0; });
}

Scale usable(Scale wanted, std::span<const double> values) {
  if (wanted == Scale::Log && has_sign(values, 1.0)) return wanted;
  if (wanted == Scale::NegatedLog && has_sign(values, -1.0)) return wanted;
  if (wanted == Scale::Evened) return wanted;
  return Scale::Linear;
}

/// The c with which ln(v + c) has the median half way between the tenths at both ends; nothing
/// where the bad side's tail is not the longer one. Solves (q50 + c)^2 = (q10 + c)(q90 + c).
std::optional<double> evening_shift(std::span<const double> values) {
  constexpr std::size_t kFewest = 4;
  constexpr double kLeastDistance = 0.1;  // of the smallest value from 0, in halves of the range
  if (values.size() < kFewest) return std::nullopt;
  const double smallest = math::min_max(values).min;
  const double q10 = math::quantile(values, 0.1) - smallest;
  const double q50 = math::median(values) - smallest;
  const double q90 = math::quantile(values, 0.9) - smallest;
  const double skew = q90 + q10 - 2.0 * q50;
  if (!(q50 > 0.0) || !(skew > 1e-9 * q90) || q90 > kLargest) return std::nullopt;
  const double shift = (q50 * q50 - q10 * q90) / skew;
  return std::max(shift, kLeastDistance * q50) - smallest;
}

}  // namespace

double tukey_cut(std::span<const double> values) {
  const double lower = math::quantile(values, 0.25);
  const double upper = math::quantile(values, 0.75);
  return upper + 1.5 * (upper - lower);
}

OutputTransform::OutputTransform(std::span<const double> values, const TransformOptions& options,
                                 std::span<const double> keep)
    : scale_(usable(options.scale, values)) {
  if (values.empty()) return;
  if (scale_ == Scale::Evened) {
    const auto shift = evening_shift(values);
    if (shift) shift_ = *shift;
    if (!shift) scale_ = Scale::Linear;
  }
  std::vector<double> on_scale;
  for (const double value : values) on_scale.push_back(scaled(value));
  if (options.winsorise && values.size() >= 4) {
    cut_ = tukey_cut(on_scale);
    for (const double value : keep) cut_ = std::max(*cut_, scaled(value));
    for (double& value : on_scale) value = std::min(value, *cut_);
  }
  math::RunningMoments moments;
  for (const double value : on_scale) moments.add(value);
  mean_ = moments.mean();
  if (moments.count() < 2) return;
  const double deviation = std::sqrt(moments.variance());
  if (deviation > 1e-12 * std::max(1e-100, std::abs(mean_))) deviation_ = deviation;
}

double OutputTransform::scaled(double value) const {
  constexpr double kLeast = 1e-100;  // a logarithm's argument
  switch (scale_) {
    case Scale::Log:
      return std::log(std::clamp(value, kLeast, kLargest));
    case Scale::NegatedLog:
      return -std::log(std::clamp(-value, kLeast, kLargest));
    case Scale::Evened:
      return std::log(std::clamp(value + shift_, kLeast, kLargest));
    case Scale::Linear:
      break;
  }
  return std::clamp(value, -kLargest, kLargest);
}

double OutputTransform::operator()(double value) const {
  const double on_scale = scaled(value);
  return ((cut_ ? std::min(on_scale, *cut_) : on_scale) - mean_) / deviation_;
}

double OutputTransform::uncut(double value) const {
  constexpr double kFarthest = 1e3;  // more deviations away nothing changes
  return std::clamp((scaled(value) - mean_) / deviation_, -kFarthest, kFarthest);
}

double OutputTransform::log_slope(double value) const {
  const double distance = scale_ == Scale::Linear ? 1.0 : std::abs(value + shift_);
  return -std::log(std::max(1e-100, distance)) - std::log(deviation_);
}

double OutputTransform::variance(double value, double variance) const {
  return variance * std::exp(2.0 * log_slope(value));
}

}  // namespace wattune::samplers
