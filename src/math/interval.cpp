#include "wattune/math/interval.hpp"

#include <boost/math/distributions/students_t.hpp>
#include <cmath>

#include "wattune/base/require.hpp"
#include "wattune/math/statistics.hpp"

namespace wattune::math {

double student_t_975(std::size_t degrees_of_freedom) {
  WATTUNE_REQUIRE(degrees_of_freedom >= 1);
  const boost::math::students_t_distribution<double> t(static_cast<double>(degrees_of_freedom));
  return boost::math::quantile(t, 0.975);
}

MeanInterval mean_interval(std::span<const double> values) {
  RunningMoments moments;
  for (const double value : values) moments.add(value);
  MeanInterval interval{moments.count(), moments.mean(), std::nullopt, std::nullopt};
  if (moments.count() < 2) return interval;
  interval.deviation = std::sqrt(moments.variance());
  interval.half_width = student_t_975(moments.count() - 1) * *interval.deviation /
                        std::sqrt(static_cast<double>(moments.count()));
  return interval;
}

}  // namespace wattune::math
