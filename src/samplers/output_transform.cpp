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
  return Scale::Linear;
}

double tukey_cut(std::span<const double> values) {
  const double lower = math::quantile(values, 0.25);
  const double upper = math::quantile(values, 0.75);
  return upper + 1.5 * (upper - lower);
}

}  // namespace

OutputTransform::OutputTransform(std::span<const double> values, const TransformOptions& options,
                                 std::span<const double> keep)
    : scale_(usable(options.scale, values)) {
  if (values.empty()) return;
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
  return (scaled(value) - mean_) / deviation_;
}

double OutputTransform::variance(double value, double variance) const {
  const double slope = scale_ == Scale::Linear ? 1.0 : 1.0 / std::max(1e-100, std::abs(value));
  return variance * slope * slope / (deviation_ * deviation_);
}

}  // namespace wattune::samplers
