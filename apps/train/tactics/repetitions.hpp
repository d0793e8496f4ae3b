#pragma once

#include <vector>

namespace wattune::train {

/// Repeated measurements in four numbers.
struct Spread {
  double median = 0;
  double lower_quartile = 0;
  double upper_quartile = 0;
  double variation = 0;  ///< Standard deviation over mean; 0 for one measurement.
};

/// Quartiles by linear interpolation between the ordered measurements.
///
/// Takes    measurements  at least one
[[nodiscard]] Spread spread_of(std::vector<double> measurements);

}  // namespace wattune::train
