#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace wattune::samplers {

// Arithmetic on columns of kernels, vectorised, with the same numbers under every instruction set.
//
// Sums of many product kernels at a few points: kernels stand in columns, one array per axis,
//
//   log f(x) = log sum over k of exp(log_norm[k] - sum over numeric axes of
//              presence[k] ((x - centre[k]) scale)^2 + axis_norm[k]
//              + sum over cell axes of row(x)[cell[k]])

/// Kernels are counted in blocks; arrays are as long as a whole number of them.
inline constexpr std::size_t kKernelBlock = 32;
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
/// Takes    log_norm  [whole number of blocks];  terms  of all points, one after the other;
///          ends  [num_points] where each point's terms end
/// Gives    [num_points]; kNoKernel without a kernel; single precision inside
[[nodiscard]] std::vector<double> log_kernel_sums(std::span<const float> log_norm,
                                                  std::span<const AxisTerm> terms,
                                                  std::span<const std::size_t> ends);

/// At each point the sum over k of weight[k] exp(-((x - centre[k]) scale)^2).
///
/// Takes    weight, centre  [num_kernels];  x, sums  [whole number of kSumLanes]
void gaussian_sums(std::span<const float> weight, std::span<const float> centre, float scale,
                   std::span<const float> x, std::span<float> sums);
inline constexpr std::size_t kSumLanes = 16;

/// What of the Gaussian around each centre lies below 0, and below 1; errors below 1e-6.
///
/// Takes    centre, below_0, below_1  [num_kernels], centres in the unit interval
void gaussian_tails(std::span<const float> centre, float bandwidth, std::span<float> below_0,
                    std::span<float> below_1);
/// Of a Gaussian with these tails at its centre, when it is cut off at 0 and 1 and has mass 1.
[[nodiscard]] double cut_gaussian_height(double bandwidth, float below_0, float below_1);

/// Inverse of the standard normal distribution function, errors below 1e-5 within 5 deviations.
///
/// Takes    probabilities, quantiles  [n]; taken into [3e-8, 1 - 6e-8]
/// Source   Giles, GPU Computing Gems 2, 2011, chapter 10, in single precision
void normal_quantiles(std::span<const float> probabilities, std::span<float> quantiles);

/// Adds to each sum the product of its term and the factor, rounded to a whole number, so many
/// times. Exact, and therefore the same in any order, while sums stay below 2^53.
///
/// Takes    sums, terms  [n], products below 2^51
void add_rounded(std::span<double> sums, std::span<const double> terms, double factor,
                 double times);

}  // namespace wattune::samplers
