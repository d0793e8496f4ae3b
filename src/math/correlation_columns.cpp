#include "correlation_columns.hpp"

#include <bit>
#include <cmath>
#include <cstdint>

// This file is compiled with -O3, without fused multiply-add and without floating-point traps: it
// is vectorised in every build, and every instruction set gives the same numbers.

namespace wattune::math {
namespace {

#define WATTUNE_INLINE inline __attribute__((always_inline))

/// e^x for x <= 0, at least e^-300.
WATTUNE_INLINE double exp_of_negative(double x) {
  constexpr double kLog2E = 1.4426950408889634074;
  constexpr double kLn2High = 6.93145751953125e-1;  // few bits, so that multiples are exact
  constexpr double kLn2Low = 1.42860682030941723212e-6;
  constexpr double kRounder = 6755399441055744.0;  // 1.5 x 2^52: adding it rounds
  x = x > -300.0 ? x : -300.0;
  const double shifted = x * kLog2E + kRounder;
  const double n = shifted - kRounder;
  const double r = (x - n * kLn2High) - n * kLn2Low;  // in [-0.35, 0.35]; below, e^r
  double p = 1.0 / 6227020800.0;
  p = p * r + 1.0 / 479001600.0;
  p = p * r + 1.0 / 39916800.0;
  p = p * r + 1.0 / 3628800.0;
  p = p * r + 1.0 / 362880.0;
  p = p * r + 1.0 / 40320.0;
  p = p * r + 1.0 / 5040.0;
  p = p * r + 1.0 / 720.0;
  p = p * r + 1.0 / 120.0;
  p = p * r + 1.0 / 24.0;
  p = p * r + 1.0 / 6.0;
  p = p * r + 0.5;
  p = p * r + 1.0;
  p = p * r + 1.0;
  const std::uint64_t power = (std::bit_cast<std::uint64_t>(shifted) + 1023u) << 52;
  return p * std::bit_cast<double>(power);
}

WATTUNE_INLINE double squared_distance(double norm, double other_norm, double product) {
  const double squared = (norm + other_norm) - 2.0 * product;
  return squared > 0.0 ? squared : 0.0;
}

WATTUNE_INLINE void rbf(const double* norms, double norm, double* values, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    values[i] = exp_of_negative(-0.5 * squared_distance(norms[i], norm, values[i]));
  }
}

WATTUNE_INLINE void rbf_sloped(const double* norms, double norm, double* __restrict__ values,
                               double* __restrict__ slopes, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    const double value = exp_of_negative(-0.5 * squared_distance(norms[i], norm, values[i]));
    values[i] = value;
    slopes[i] = -value;
  }
}

WATTUNE_INLINE void matern(const double* norms, double norm, double* values, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    const double five = 5.0 * squared_distance(norms[i], norm, values[i]);
    const double s = std::sqrt(five);
    values[i] = (1.0 + s + five * (1.0 / 3.0)) * exp_of_negative(-s);
  }
}

WATTUNE_INLINE void matern_sloped(const double* norms, double norm, double* __restrict__ values,
                                  double* __restrict__ slopes, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    const double five = 5.0 * squared_distance(norms[i], norm, values[i]);
    const double s = std::sqrt(five);
    const double exponential = exp_of_negative(-s);
    values[i] = (1.0 + s + five * (1.0 / 3.0)) * exponential;
    slopes[i] = (-5.0 / 3.0) * (1.0 + s) * exponential;
  }
}

WATTUNE_INLINE void correlate(KernelFamily family, const double* norms, double norm,
                              double* products, double* slopes, std::size_t count) {
  if (family == KernelFamily::Rbf) {
    if (slopes == nullptr) {
      rbf(norms, norm, products, count);
    } else {
      rbf_sloped(norms, norm, products, slopes, count);
    }
  } else if (slopes == nullptr) {
    matern(norms, norm, products, count);
  } else {
    matern_sloped(norms, norm, products, slopes, count);
  }
}

using Correlate = void (*)(KernelFamily, const double*, double, double*, double*, std::size_t);

void correlate_anywhere(KernelFamily family, const double* norms, double norm, double* products,
                        double* slopes, std::size_t count) {
  correlate(family, norms, norm, products, slopes, count);
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) void correlate_avx2(KernelFamily family, const double* norms,
                                                    double norm, double* products, double* slopes,
                                                    std::size_t count) {
  correlate(family, norms, norm, products, slopes, count);
}

Correlate best_correlate() {
  return __builtin_cpu_supports("avx2") != 0 ? correlate_avx2 : correlate_anywhere;
}
#else
Correlate best_correlate() {
  return correlate_anywhere;
}
#endif

}  // namespace

void correlate_column(KernelFamily family, const double* norms, double norm, double* products,
                      double* slopes, std::size_t count) {
  static const Correlate chosen = best_correlate();
  chosen(family, norms, norm, products, slopes, count);
}

}  // namespace wattune::math
