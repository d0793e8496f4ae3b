#pragma once

#include <cstddef>

#include "wattune/math/gaussian_process.hpp"

namespace wattune::math {

/// Turns inner products of n points with one point into correlations with it.
///
/// The same numbers on every processor, whichever instructions it has; relative error below 1e-15,
/// and 1e-130 in place of anything smaller, so that no later product is denormal.
///
/// Takes    norms  [n] squared lengths of the points;  norm  that of the one point;
///          products  [n] inner products, replaced by correlations;
///          slopes  [n] twice the derivative by the squared distance, or null
void correlate_column(KernelFamily family, const double* norms, double norm, double* products,
                      double* slopes, std::size_t count);

}  // namespace wattune::math
