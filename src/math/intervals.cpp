#include "wattune/math/intervals.hpp"

#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <vector>

#include "wattune/base/require.hpp"
#include "wattune/math/statistics.hpp"

namespace wattune::math {

double student_t_quantile(double probability, double degrees) {
  WATTUNE_REQUIRE(probability > 0.0 && probability < 1.0 && degrees >= 1.0);
  return boost::math::quantile(boost::math::students_t(degrees), probability);
}

MeanInterval mean_interval(std::span<const double> values) {
  WATTUNE_REQUIRE(!values.empty());
  MeanInterval interval{values.size(), mean(values), std::nullopt, std::nullopt};
  if (values.size() < 2) return interval;
  const auto count = static_cast<double>(values.size());
  interval.deviation = std::sqrt(variance(values));
  interval.half_width =
      student_t_quantile(0.975, count - 1.0) * *interval.deviation / std::sqrt(count);
  return interval;
}

std::optional<RatioInterval> paired_ratio(std::span<const double> first,
                                          std::span<const double> second) {
  WATTUNE_REQUIRE(first.size() == second.size());
  std::vector<double> logs;
  for (std::size_t i = 0; i < first.size(); ++i) {
    WATTUNE_REQUIRE(first[i] > 0.0 && second[i] > 0.0);
    logs.push_back(std::log(second[i] / first[i]));
  }
  if (logs.size() < 2) return std::nullopt;
  const MeanInterval interval = mean_interval(logs);
  return RatioInterval{std::exp(interval.mean), std::exp(interval.mean - *interval.half_width),
                       std::exp(interval.mean + *interval.half_width)};
}

}  // namespace wattune::math
