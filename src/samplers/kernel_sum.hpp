#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace wattune::samplers {

// Sums of many product kernels at a few points. Kernels stand in columns, one array per axis:
//
//   log f(x) = log sum over k of exp(log_norm[k] - sum over numeric axes of
//              presence[k] ((x - centre[k]) scale)^2 + axis_norm[k]
//              + sum over cell axes of row(x)[cell[k]])

/// Kernels are counted in blocks; arrays are as long as a whole number of them.
inline constexpr std::size_t kKernelBlock = 256;
/// log_norm of a place without a kernel.
inline constexpr float kNoKernel = -1e30F;

/// One axis as one point sees it: a Gaussian column, or a column of cells with the row of a table.
struct AxisTerm {
  const float* centre = nullptr;  ///< [num_kernels]; null on a cell axis.
  const float* presence =
      nullptr;  ///< [num_kernels] 1, or 0 where the kernel says nothing; null: 1.
  const float* axis_norm = nullptr;  ///< [num_kernels]; null: contained in log_norm.
  float x = 0.0F;
  float scale = 0.0F;                   ///< 1 / (sqrt(2) bandwidth).
  const std::uint16_t* cell = nullptr;  ///< [num_kernels]; null on a Gaussian axis.
  const float* row = nullptr;           ///< [num_cells + 1] log density at x by the kernel's cell.
};

/// Logarithm of the sum of all kernels at each point.
///
/// Takes    log_norm  [whole number of blocks]
/// Gives    [num_points]; kNoKernel without a kernel; single precision inside
/// Cost     vectorised; the same numbers with every instruction set
[[nodiscard]] std::vector<double> log_kernel_sums(std::span<const float> log_norm,
                                                  std::span<const std::vector<AxisTerm>> points);

/// Sum over k of weight[k] exp(-((x - centre[k]) scale)^2).
///
/// Takes    weight, centre  [whole number of kSumLanes]; filled up with kernels of weight 0
/// Cost     as above
[[nodiscard]] double gaussian_sum(std::span<const float> weight, std::span<const float> centre,
                                  float x, float scale);
inline constexpr std::size_t kSumLanes = 8;

}  // namespace wattune::samplers
