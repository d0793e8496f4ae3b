#include "wattune/math/line_fit.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "wattune/base/require.hpp"
#include "wattune/math/intervals.hpp"
#include "wattune/math/statistics.hpp"

namespace wattune::math {
namespace {

/// The logarithms; nothing where one has none.
std::optional<std::vector<double>> logarithms(std::span<const double> values) {
  std::vector<double> logs;
  logs.reserve(values.size());
  for (const double value : values) {
    if (!(value > 0.0)) return std::nullopt;
    logs.push_back(std::log(value));
  }
  return logs;
}

}  // namespace

std::optional<LineFit> fit_line(std::span<const double> x, std::span<const double> y) {
  WATTUNE_REQUIRE(x.size() == y.size());
  if (x.size() < 3) return std::nullopt;
  const double x_mean = mean(x);
  const double y_mean = mean(y);
  double xx = 0.0;
  double xy = 0.0;
  double yy = 0.0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    xx += (x[i] - x_mean) * (x[i] - x_mean);
    xy += (x[i] - x_mean) * (y[i] - y_mean);
    yy += (y[i] - y_mean) * (y[i] - y_mean);
  }
  if (!(xx > 0.0) || !(yy > 0.0)) return std::nullopt;

  LineFit fit;
  fit.count = x.size();
  fit.slope = xy / xx;
  fit.intercept = y_mean - fit.slope * x_mean;
  double squares = 0.0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double residual = (y[i] - y_mean) - fit.slope * (x[i] - x_mean);
    squares += residual * residual;
    fit.largest_residual = std::max(fit.largest_residual, std::abs(residual));
  }
  fit.r_squared = 1.0 - squares / yy;
  const auto degrees = static_cast<double>(x.size() - 2);
  fit.slope_half_width = student_t_quantile(0.975, degrees) * std::sqrt(squares / degrees / xx);
  return fit;
}

std::optional<PowerLaw> fit_power_law(std::span<const double> x, std::span<const double> y) {
  const auto log_x = logarithms(x);
  const auto log_y = logarithms(y);
  if (!log_x || !log_y) return std::nullopt;
  const auto line = fit_line(*log_x, *log_y);
  if (!line) return std::nullopt;
  return PowerLaw{line->count, std::exp(line->intercept), line->slope, line->slope_half_width,
                  line->r_squared};
}

}  // namespace wattune::math
