#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <cstdint>

namespace wattune::math {

/// Standard normals that cover their distribution evenly: scrambled Sobol points through the
/// inverse of the distribution function.
///
/// Takes    1 <= dimension <= SobolSequence::kMaxDimension
/// Gives    [count x dimension], the same for the same seed
[[nodiscard]] Eigen::MatrixXd sobol_normals(std::size_t count, std::size_t dimension,
                                            std::uint64_t seed);

}  // namespace wattune::math
