#include "kernel_sum.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "wattune/base/require.hpp"

// This file is compiled with -O3, without fused multiply-add and without floating-point traps: it
// is vectorised in every build, and every instruction set gives the same numbers.

namespace wattune::samplers {
namespace {

#define WATTUNE_INLINE inline __attribute__((always_inline))

constexpr std::size_t kLanes = 16;

/// e^x for x <= 0; relative error below 3e-7, and 1e-38 for everything below -87.
WATTUNE_INLINE float exp_of_negative(float x) {
  constexpr float kLog2E = 1.44269504088896341F;
  constexpr float kRounder = 12582912.0F;  // 1.5 x 2^23: adding it rounds to a whole number
  const float t = (x > -87.0F ? x : -87.0F) * kLog2E;
  const float shifted = t + kRounder;
  const float f = t - (shifted - kRounder);  // in [-0.5, 0.5]; below, 2^f as a polynomial
  float p = 1.5403530e-4F;
  p = p * f + 1.3333558e-3F;
  p = p * f + 9.6181291e-3F;
  p = p * f + 5.5504109e-2F;
  p = p * f + 2.4022651e-1F;
  p = p * f + 6.9314718e-1F;
  p = p * f + 1.0F;
  const auto exponent =
      static_cast<std::uint32_t>(std::bit_cast<std::int32_t>(shifted) - 0x4b400000);
  return std::bit_cast<float>(std::bit_cast<std::uint32_t>(p) + (exponent << 23));
}

using Block = std::array<float, kKernelBlock>;

WATTUNE_INLINE void add_gaussian(Block& sums, const AxisTerm& term, std::size_t first) {
  const float* const centre = term.centre + first;
  if (term.presence == nullptr) {
    for (std::size_t k = 0; k < kKernelBlock; ++k) {
      const float z = (term.x - centre[k]) * term.scale;
      sums[k] -= z * z;
    }
  } else {
    const float* const presence = term.presence + first;
    const float* const axis_norm = term.axis_norm + first;
    for (std::size_t k = 0; k < kKernelBlock; ++k) {
      const float z = (term.x - centre[k]) * term.scale;
      sums[k] += axis_norm[k] - presence[k] * (z * z);
    }
  }
}

constexpr std::size_t kFused = 4;

WATTUNE_INLINE bool is_plain_gaussian(const AxisTerm& term) {
  return term.cell == nullptr && term.presence == nullptr;
}

/// Four axes in one pass: the sums are loaded and stored once.
WATTUNE_INLINE void add_four_gaussians(Block& sums, const AxisTerm* terms, std::size_t first) {
  const std::array<const float*, kFused> centre{terms[0].centre + first, terms[1].centre + first,
                                                terms[2].centre + first, terms[3].centre + first};
  const std::array<float, kFused> x{terms[0].x, terms[1].x, terms[2].x, terms[3].x};
  const std::array<float, kFused> scale{terms[0].scale, terms[1].scale, terms[2].scale,
                                        terms[3].scale};
  for (std::size_t k = 0; k < kKernelBlock; ++k) {
    const float z0 = (x[0] - centre[0][k]) * scale[0];
    const float z1 = (x[1] - centre[1][k]) * scale[1];
    const float z2 = (x[2] - centre[2][k]) * scale[2];
    const float z3 = (x[3] - centre[3][k]) * scale[3];
    sums[k] -= (z0 * z0 + z1 * z1) + (z2 * z2 + z3 * z3);
  }
}

WATTUNE_INLINE void add_cells(Block& sums, const AxisTerm& term, std::size_t first) {
  const std::uint16_t* const cell = term.cell + first;
  for (std::size_t k = 0; k < kKernelBlock; ++k) sums[k] += term.row[cell[k]];
}

WATTUNE_INLINE float largest(const Block& values) {
  float best = kNoKernel;
  for (std::size_t k = 0; k < kKernelBlock; ++k) best = values[k] > best ? values[k] : best;
  return best;
}

WATTUNE_INLINE float sum_of_exponentials(Block& values, float offset) {
  for (std::size_t k = 0; k < kKernelBlock; ++k) values[k] = exp_of_negative(values[k] - offset);
  std::array<float, kLanes> lanes{};
  for (std::size_t k = 0; k < kKernelBlock; k += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) lanes[lane] += values[k + lane];
  }
  float sum = 0.0F;
  for (const float lane : lanes) sum += lane;
  return sum;
}

struct BlockSum {
  float largest = kNoKernel;
  float sum = 0.0F;  // of exp(value - largest)
};

WATTUNE_INLINE BlockSum sum_block(const float* log_norm, const AxisTerm* terms,
                                  std::size_t num_terms, std::size_t first) {
  Block sums;
  for (std::size_t k = 0; k < kKernelBlock; ++k) sums[k] = log_norm[first + k];
  std::size_t i = 0;
  while (i < num_terms) {
    if (i + kFused <= num_terms && std::all_of(terms + i, terms + i + kFused, is_plain_gaussian)) {
      add_four_gaussians(sums, terms + i, first);
      i += kFused;
      continue;
    }
    if (terms[i].cell != nullptr) {
      add_cells(sums, terms[i], first);
    } else {
      add_gaussian(sums, terms[i], first);
    }
    ++i;
  }
  const float best = largest(sums);
  if (best < 0.5F * kNoKernel) return {};
  return {best, sum_of_exponentials(sums, best)};
}

using Lanes = std::array<float, kSumLanes>;

WATTUNE_INLINE void add_lanes(Lanes& lanes, const float* weight, const float* centre, float x,
                              float scale) {
  for (std::size_t lane = 0; lane < kSumLanes; ++lane) {
    const float z = (x - centre[lane]) * scale;
    lanes[lane] += weight[lane] * exp_of_negative(-(z * z));
  }
}

WATTUNE_INLINE float sum_gaussians(const float* weight, const float* centre, std::size_t count,
                                   float x, float scale) {
  Lanes lanes{};
  for (std::size_t k = 0; k < count; k += kSumLanes) {
    add_lanes(lanes, weight + k, centre + k, x, scale);
  }
  float sum = 0.0F;
  for (const float lane : lanes) sum += lane;
  return sum;
}

using SumGaussians = float (*)(const float*, const float*, std::size_t, float, float);

float sum_gaussians_anywhere(const float* weight, const float* centre, std::size_t count, float x,
                             float scale) {
  return sum_gaussians(weight, centre, count, x, scale);
}

using SumBlock = BlockSum (*)(const float*, const AxisTerm*, std::size_t, std::size_t);

BlockSum sum_block_anywhere(const float* log_norm, const AxisTerm* terms, std::size_t num_terms,
                            std::size_t first) {
  return sum_block(log_norm, terms, num_terms, first);
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) BlockSum sum_block_avx2(const float* log_norm,
                                                        const AxisTerm* terms,
                                                        std::size_t num_terms, std::size_t first) {
  return sum_block(log_norm, terms, num_terms, first);
}

__attribute__((target("avx2"))) float sum_gaussians_avx2(const float* weight, const float* centre,
                                                         std::size_t count, float x, float scale) {
  return sum_gaussians(weight, centre, count, x, scale);
}

SumGaussians best_sum_gaussians() {
  return __builtin_cpu_supports("avx2") != 0 ? sum_gaussians_avx2 : sum_gaussians_anywhere;
}

SumBlock best_sum_block() {
  return __builtin_cpu_supports("avx2") != 0 ? sum_block_avx2 : sum_block_anywhere;
}
#else
SumGaussians best_sum_gaussians() {
  return sum_gaussians_anywhere;
}

SumBlock best_sum_block() {
  return sum_block_anywhere;
}
#endif

/// A sum of exponentials whose largest exponent is kept apart.
struct RunningSum {
  double largest = static_cast<double>(kNoKernel);
  double sum = 0.0;

  void add(const BlockSum& block) {
    if (block.sum <= 0.0F) return;
    const double best = std::max(largest, static_cast<double>(block.largest));
    sum = sum * std::exp(largest - best) +
          static_cast<double>(block.sum) * std::exp(static_cast<double>(block.largest) - best);
    largest = best;
  }
};

}  // namespace

std::vector<double> log_kernel_sums(std::span<const float> log_norm,
                                    std::span<const std::vector<AxisTerm>> points) {
  WATTUNE_REQUIRE(log_norm.size() % kKernelBlock == 0);
  static const SumBlock sum_one_block = best_sum_block();
  std::vector<RunningSum> sums(points.size());
  // Block by block, so that a block's columns stay in the first cache for all points.
  for (std::size_t first = 0; first < log_norm.size(); first += kKernelBlock) {
    for (std::size_t i = 0; i < points.size(); ++i) {
      sums[i].add(sum_one_block(log_norm.data(), points[i].data(), points[i].size(), first));
    }
  }
  std::vector<double> logs;
  for (const RunningSum& sum : sums) {
    logs.push_back(sum.sum > 0.0 ? sum.largest + std::log(sum.sum) : sum.largest);
  }
  return logs;
}

double gaussian_sum(std::span<const float> weight, std::span<const float> centre, float x,
                    float scale) {
  WATTUNE_REQUIRE(weight.size() == centre.size() && weight.size() % kSumLanes == 0);
  static const SumGaussians sum = best_sum_gaussians();
  return static_cast<double>(sum(weight.data(), centre.data(), weight.size(), x, scale));
}

}  // namespace wattune::samplers
