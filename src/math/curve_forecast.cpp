#include "wattune/math/curve_forecast.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "wattune/base/require.hpp"
#include "wattune/math/normal.hpp"

namespace wattune::math {
namespace {

using Component = CurveForecast::Component;

constexpr std::size_t kMaxPoints = 24;
constexpr std::array kPowers{0.0, 0.25, 0.5, 1.0, 2.0};  // 0: a logarithm
constexpr std::array kRates{1.0, 2.0, 4.0, 8.0, 16.0, 32.0};
constexpr std::array kNoises{0.003, 0.01, 0.03, 0.1, 0.3, 1.0};  // by the prior's sd
constexpr double kDoubt = 0.25;        // of what a curve is still to fall: shapes are only so right
constexpr double kVague = 10.0;        // sd of the first loss, likewise
constexpr double kLeastWeight = 1e-4;  // components below this share are left out

/// A curve around its first loss, and the share of the fall that each shape has behind it.
struct RecentPoints {
  std::vector<double> shares;
  std::vector<double> losses;  // less the first one
};

RecentPoints thinned(std::span<const double> shares, std::span<const double> losses) {
  RecentPoints points;
  const std::size_t num = std::min(shares.size(), kMaxPoints);
  for (std::size_t i = 0; i < num; ++i) {
    const std::size_t at = num == 1 ? 0 : i * (shares.size() - 1) / (num - 1);
    points.shares.push_back(shares[at]);
    points.losses.push_back(losses[at] - losses.front());
  }
  return points;
}

/// Sums over the points for loss = start - fall * done + noise.
struct Sums {
  double n = 0.0, done = 0.0, done2 = 0.0, loss = 0.0, loss2 = 0.0, done_loss = 0.0;
  double last_done = 0.0;

  void add(double d, double y) {
    n += 1.0;
    done += d;
    done2 += d * d;
    loss += y;
    loss2 += y * y;
    done_loss += d * y;
    last_done = d;
  }
};

template <typename Shape>
Sums sums_of(const RecentPoints& points, Shape shape) {
  const double first = shape(points.shares.front());
  const double last = shape(1.0);
  Sums sums;
  for (std::size_t i = 0; i < points.shares.size(); ++i) {
    sums.add((first - shape(points.shares[i])) / (first - last), points.losses[i]);
  }
  return sums;
}

/// Posterior of the end, with the logarithm of the evidence as weight.
///
/// Unknowns are start a ~ N(0, va) and fall d ~ N(md, vd): with rows (1, -done) this is a linear
/// model, and the end is a - d.
Component component_of(const Sums& sums, const CurvePrior& prior, double noise_sd) {
  const double vd = prior.sd_fall * prior.sd_fall;
  const double va = kVague * kVague * vd;
  const double precision = 1.0 / (noise_sd * noise_sd);
  const double p11 = 1.0 / va + precision * sums.n;
  const double p12 = -precision * sums.done;
  const double p22 = 1.0 / vd + precision * sums.done2;
  const double b1 = precision * sums.loss;
  const double b2 = prior.mean_fall / vd - precision * sums.done_loss;
  const double determinant = p11 * p22 - p12 * p12;
  const double start = (p22 * b1 - p12 * b2) / determinant;
  const double fall = (p11 * b2 - p12 * b1) / determinant;
  // Var(a - d) = Vaa - 2 Vad + Vdd with V the inverse of the precision.
  const double variance = (p22 + 2.0 * p12 + p11) / determinant;
  const double log_evidence =
      -sums.n * std::log(noise_sd) - 0.5 * std::log(determinant * va * vd) -
      0.5 * (precision * sums.loss2 + prior.mean_fall * prior.mean_fall / vd - start * b1 -
             fall * b2);
  const double doubt = kDoubt * fall * (1.0 - sums.last_done);
  return {log_evidence, start - fall, std::sqrt(variance + noise_sd * noise_sd + doubt * doubt)};
}

}  // namespace

CurveForecast::CurveForecast(std::vector<Component> components)
    : components_(std::move(components)) {
  WATTUNE_REQUIRE(!components_.empty());
  double sum = 0.0;
  for (const Component& component : components_) sum += component.weight;
  for (Component& component : components_) component.weight /= sum;
}

double CurveForecast::mean() const {
  double mean = 0.0;
  for (const Component& component : components_) mean += component.weight * component.mean;
  return mean;
}

double CurveForecast::probability_above(double loss) const {
  double probability = 0.0;
  for (const Component& component : components_) {
    probability += component.weight * normal_cumulative((component.mean - loss) / component.sd);
  }
  return probability;
}

CurveForecast forecast_curve(std::span<const double> shares, std::span<const double> losses,
                             const CurvePrior& prior) {
  WATTUNE_REQUIRE(shares.size() == losses.size() && shares.size() >= 2);
  WATTUNE_REQUIRE(shares.front() < 1.0 && prior.sd_fall > 0.0);
  const RecentPoints points = thinned(shares, losses);
  std::vector<Sums> shapes;
  for (const double power : kPowers) {
    shapes.push_back(sums_of(
        points, [&](double u) { return power > 0.0 ? std::pow(u, -power) : -std::log(u); }));
  }
  for (const double rate : kRates) {
    shapes.push_back(sums_of(points, [&](double u) { return std::exp(-rate * u); }));
  }
  std::vector<Component> components;
  for (const Sums& sums : shapes) {
    for (const double noise : kNoises) {
      components.push_back(component_of(sums, prior, noise * prior.sd_fall));
    }
  }
  const double largest = std::ranges::max(components, {}, &Component::weight).weight;
  for (Component& component : components) {
    component.weight = std::exp(component.weight - largest);
    component.mean += losses.front();
  }
  std::erase_if(components,
                [](const Component& component) { return component.weight < kLeastWeight; });
  return CurveForecast(std::move(components));
}

}  // namespace wattune::math
