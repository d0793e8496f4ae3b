#include "kernel_arithmetic.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <numbers>

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

/// Many kernels are taken in large blocks, which share what is done once for each.
constexpr std::size_t kLargeBlock = 256;

template <std::size_t kSize>
using Block = std::array<float, kSize>;

template <std::size_t kSize>
WATTUNE_INLINE void add_gaussian(Block<kSize>& sums, const AxisTerm& term, std::size_t first) {
  const float* const centre = term.centre + first;
  if (term.presence == nullptr) {
    for (std::size_t k = 0; k < kSize; ++k) {
      const float z = (term.x - centre[k]) * term.scale;
      sums[k] -= z * z;
    }
  } else {
    const float* const presence = term.presence + first;
    const float* const axis_norm = term.axis_norm + first;
    for (std::size_t k = 0; k < kSize; ++k) {
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
template <std::size_t kSize>
WATTUNE_INLINE void add_four_gaussians(Block<kSize>& sums, const AxisTerm* terms,
                                       std::size_t first) {
  const std::array<const float*, kFused> centre{terms[0].centre + first, terms[1].centre + first,
                                                terms[2].centre + first, terms[3].centre + first};
  const std::array<float, kFused> x{terms[0].x, terms[1].x, terms[2].x, terms[3].x};
  const std::array<float, kFused> scale{terms[0].scale, terms[1].scale, terms[2].scale,
                                        terms[3].scale};
  for (std::size_t k = 0; k < kSize; ++k) {
    const float z0 = (x[0] - centre[0][k]) * scale[0];
    const float z1 = (x[1] - centre[1][k]) * scale[1];
    const float z2 = (x[2] - centre[2][k]) * scale[2];
    const float z3 = (x[3] - centre[3][k]) * scale[3];
    sums[k] -= (z0 * z0 + z1 * z1) + (z2 * z2 + z3 * z3);
  }
}

template <std::size_t kSize>
WATTUNE_INLINE void add_cells(Block<kSize>& sums, const AxisTerm& term, std::size_t first) {
  const std::uint16_t* const cell = term.cell + first;
  for (std::size_t k = 0; k < kSize; ++k) sums[k] += term.row[cell[k]];
}

template <std::size_t kSize>
WATTUNE_INLINE float largest(const Block<kSize>& values) {
  float best = kNoKernel;
  for (std::size_t k = 0; k < kSize; ++k) best = values[k] > best ? values[k] : best;
  return best;
}

template <std::size_t kSize>
WATTUNE_INLINE float sum_of_exponentials(Block<kSize>& values, float offset) {
  for (std::size_t k = 0; k < kSize; ++k) values[k] = exp_of_negative(values[k] - offset);
  std::array<float, kLanes> lanes{};
  for (std::size_t k = 0; k < kSize; k += kLanes) {
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

template <std::size_t kSize>
WATTUNE_INLINE BlockSum sum_block(const float* log_norm, const AxisTerm* terms,
                                  std::size_t num_terms, std::size_t first) {
  Block<kSize> sums;
  for (std::size_t k = 0; k < kSize; ++k) sums[k] = log_norm[first + k];
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

WATTUNE_INLINE void add_kernel(Lanes& sums, float weight, float centre, float scale,
                               const float* x) {
  for (std::size_t lane = 0; lane < kSumLanes; ++lane) {
    const float z = (x[lane] - centre) * scale;
    sums[lane] += weight * exp_of_negative(-(z * z));
  }
}

WATTUNE_INLINE void sum_gaussians(const float* weight, const float* centre, std::size_t count,
                                  float scale, const float* x, float* sums,
                                  std::size_t num_points) {
  for (std::size_t first = 0; first < num_points; first += kSumLanes) {
    Lanes lanes{};
    for (std::size_t k = 0; k < count; ++k) {
      add_kernel(lanes, weight[k], centre[k], scale, x + first);
    }
    for (std::size_t lane = 0; lane < kSumLanes; ++lane) sums[first + lane] = lanes[lane];
  }
}

/// Of the standard normal distribution; Abramowitz, Stegun, 7.1.26.
WATTUNE_INLINE float normal_cdf(float z) {
  constexpr float kSqrtHalf = 0.70710678118654752F;
  const float x = (z < 0.0F ? -z : z) * kSqrtHalf;
  const float t = 1.0F / (1.0F + 0.3275911F * x);
  float p = 1.061405429F;
  p = p * t - 1.453152027F;
  p = p * t + 1.421413741F;
  p = p * t - 0.284496736F;
  p = p * t + 0.254829592F;
  const float tail = 0.5F * p * t * exp_of_negative(-(x * x));
  return z < 0.0F ? tail : 1.0F - tail;
}

WATTUNE_INLINE void find_tails(const float* centre, std::size_t count, float scale, float* below_0,
                               float* below_1) {
  for (std::size_t k = 0; k < count; ++k) {
    below_0[k] = normal_cdf(-centre[k] * scale);
    below_1[k] = normal_cdf((1.0F - centre[k]) * scale);
  }
}

/// ln x for positive x that is not denormal; absolute error below 1e-6.
WATTUNE_INLINE float log_of(float x) {
  constexpr float kLn2 = 0.69314718055994531F;
  const auto bits = std::bit_cast<std::uint32_t>(x);
  // x = m 2^e with m in [sqrt(1/2), sqrt(2)); below, ln m = 2 atanh(t) as a series.
  const auto shifted = static_cast<std::int32_t>(bits - 0x3f3504f3u) >> 23;
  const float m = std::bit_cast<float>(bits - (static_cast<std::uint32_t>(shifted) << 23));
  const float t = (m - 1.0F) / (m + 1.0F);
  const float squared = t * t;
  float p = 2.0F / 9.0F;
  p = p * squared + 2.0F / 7.0F;
  p = p * squared + 2.0F / 5.0F;
  p = p * squared + 2.0F / 3.0F;
  p = p * squared + 2.0F;
  return p * t + static_cast<float>(shifted) * kLn2;
}

WATTUNE_INLINE float normal_quantile(float probability) {
  constexpr float kSqrt2 = 1.41421356237309505F;
  constexpr float kLeast = 3e-8F;
  constexpr float kMost = 0.99999994F;
  float p = probability > kLeast ? probability : kLeast;
  p = p < kMost ? p : kMost;
  const float w = -log_of(4.0F * p * (1.0F - p));
  const float c = w - 2.5F;
  float centre = 2.81022636e-08F;
  centre = centre * c + 3.43273939e-07F;
  centre = centre * c - 3.5233877e-06F;
  centre = centre * c - 4.39150654e-06F;
  centre = centre * c + 2.1858087e-04F;
  centre = centre * c - 1.25372503e-03F;
  centre = centre * c - 4.17768164e-03F;
  centre = centre * c + 0.246640727F;
  centre = centre * c + 1.50140941F;
  const float s = std::sqrt(w > 0.0F ? w : 0.0F) - 3.0F;
  float tail = -2.00214257e-04F;
  tail = tail * s + 1.00950558e-04F;
  tail = tail * s + 1.34934322e-03F;
  tail = tail * s - 3.67342844e-03F;
  tail = tail * s + 5.73950773e-03F;
  tail = tail * s - 7.6224613e-03F;
  tail = tail * s + 9.43887047e-03F;
  tail = tail * s + 1.00167406F;
  tail = tail * s + 2.83297682F;
  return kSqrt2 * (w < 5.0F ? centre : tail) * (2.0F * p - 1.0F);
}

WATTUNE_INLINE void find_quantiles(const float* probabilities, std::size_t count,
                                   float* quantiles) {
  for (std::size_t i = 0; i < count; ++i) quantiles[i] = normal_quantile(probabilities[i]);
}

WATTUNE_INLINE void add_products(double* sums, const double* terms, std::size_t count,
                                 double factor, double times) {
  constexpr double kRounder = 6755399441055744.0;  // 1.5 x 2^52
  for (std::size_t i = 0; i < count; ++i) {
    sums[i] += times * ((terms[i] * factor + kRounder) - kRounder);
  }
}

/// What is compiled for each instruction set.
struct Kernels {
  BlockSum (*sum_large_block)(const float*, const AxisTerm*, std::size_t, std::size_t);
  BlockSum (*sum_block)(const float*, const AxisTerm*, std::size_t, std::size_t);
  void (*sum_gaussians)(const float*, const float*, std::size_t, float, const float*, float*,
                        std::size_t);
  void (*find_tails)(const float*, std::size_t, float, float*, float*);
  void (*find_quantiles)(const float*, std::size_t, float*);
  void (*add_products)(double*, const double*, std::size_t, double, double);
};

#define WATTUNE_COMPILE_KERNELS(name, target)                                                     \
  struct name {                                                                                   \
    target static BlockSum large_block(const float* log_norm, const AxisTerm* terms,              \
                                       std::size_t num_terms, std::size_t first) {                \
      return wattune::samplers::sum_block<kLargeBlock>(log_norm, terms, num_terms, first);        \
    }                                                                                             \
    target static BlockSum block(const float* log_norm, const AxisTerm* terms,                    \
                                 std::size_t num_terms, std::size_t first) {                      \
      return wattune::samplers::sum_block<kKernelBlock>(log_norm, terms, num_terms, first);       \
    }                                                                                             \
    target static void gaussians(const float* weight, const float* centre, std::size_t count,     \
                                 float scale, const float* x, float* sums,                        \
                                 std::size_t num_points) {                                        \
      wattune::samplers::sum_gaussians(weight, centre, count, scale, x, sums, num_points);        \
    }                                                                                             \
    target static void tails(const float* centre, std::size_t count, float scale, float* below_0, \
                             float* below_1) {                                                    \
      wattune::samplers::find_tails(centre, count, scale, below_0, below_1);                      \
    }                                                                                             \
    target static void quantiles(const float* probabilities, std::size_t count, float* found) {   \
      wattune::samplers::find_quantiles(probabilities, count, found);                             \
    }                                                                                             \
    target static void products(double* sums, const double* terms, std::size_t count,             \
                                double factor, double times) {                                    \
      wattune::samplers::add_products(sums, terms, count, factor, times);                         \
    }                                                                                             \
    static constexpr Kernels kernels{large_block, block, gaussians, tails, quantiles, products};  \
  }

WATTUNE_COMPILE_KERNELS(Anywhere, );
#if defined(__x86_64__)
WATTUNE_COMPILE_KERNELS(Avx2, __attribute__((target("avx2"))));
WATTUNE_COMPILE_KERNELS(Avx512, __attribute__((target("avx512f,prefer-vector-width=512"))));
#endif

const Kernels& best_kernels() {
#if defined(__x86_64__)
  static const bool has_avx512 = __builtin_cpu_supports("avx512f") != 0;
  static const bool has_avx2 = __builtin_cpu_supports("avx2") != 0;
  if (has_avx512) return Avx512::kernels;
  if (has_avx2) return Avx2::kernels;
#endif
  return Anywhere::kernels;
}

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
                                    std::span<const AxisTerm> terms,
                                    std::span<const std::size_t> ends) {
  WATTUNE_REQUIRE(log_norm.size() % kKernelBlock == 0);
  const Kernels& kernels = best_kernels();
  std::vector<RunningSum> sums(ends.size());
  // Block by block, so that a block's columns stay in the first cache for all points.
  std::size_t size = 0;
  for (std::size_t first = 0; first < log_norm.size(); first += size) {
    const bool is_large = first + kLargeBlock <= log_norm.size();
    size = is_large ? kLargeBlock : kKernelBlock;
    std::size_t begin = 0;
    for (std::size_t i = 0; i < ends.size(); ++i) {
      const auto sum_block = is_large ? kernels.sum_large_block : kernels.sum_block;
      sums[i].add(sum_block(log_norm.data(), terms.data() + begin, ends[i] - begin, first));
      begin = ends[i];
    }
  }
  std::vector<double> logs;
  logs.reserve(sums.size());
  for (const RunningSum& sum : sums) {
    logs.push_back(sum.sum > 0.0 ? sum.largest + std::log(sum.sum) : sum.largest);
  }
  return logs;
}

void gaussian_sums(std::span<const float> weight, std::span<const float> centre, float scale,
                   std::span<const float> x, std::span<float> sums) {
  WATTUNE_REQUIRE(weight.size() == centre.size());
  WATTUNE_REQUIRE(x.size() == sums.size() && x.size() % kSumLanes == 0);
  best_kernels().sum_gaussians(weight.data(), centre.data(), weight.size(), scale, x.data(),
                               sums.data(), x.size());
}

void gaussian_tails(std::span<const float> centre, float bandwidth, std::span<float> below_0,
                    std::span<float> below_1) {
  WATTUNE_REQUIRE(below_0.size() == centre.size() && below_1.size() == centre.size());
  best_kernels().find_tails(centre.data(), centre.size(), 1.0F / bandwidth, below_0.data(),
                            below_1.data());
}

double cut_gaussian_height(double bandwidth, float below_0, float below_1) {
  const auto inside = static_cast<double>(below_1 - below_0);
  return 1.0 / (bandwidth * std::sqrt(2.0 * std::numbers::pi) * inside);
}

void normal_quantiles(std::span<const float> probabilities, std::span<float> quantiles) {
  WATTUNE_REQUIRE(probabilities.size() == quantiles.size());
  best_kernels().find_quantiles(probabilities.data(), probabilities.size(), quantiles.data());
}

void add_rounded(std::span<double> sums, std::span<const double> terms, double factor,
                 double times) {
  WATTUNE_REQUIRE(sums.size() == terms.size());
  best_kernels().add_products(sums.data(), terms.data(), sums.size(), factor, times);
}

}  // namespace wattune::samplers
