#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace wattune {

/// A seeded stream of random numbers with the same values on every platform.
///
/// A stream is named by (seed, stream): the numbers for one trial depend on the study's seed and
/// the trial's number alone, so nothing about the generator has to be stored to resume a study.
///
/// Threads  one thread per object
/// Source   xoshiro256++ 1.0 (Blackman, Vigna, 2019), seeded by SplitMix64
class Rng {
 public:
  explicit Rng(std::uint64_t seed, std::uint64_t stream = 0);

  /// 64 random bits.
  [[nodiscard]] std::uint64_t bits();
  /// Uniform in [0, 1), 53 bits.
  [[nodiscard]] double uniform();
  /// Uniform in [low, high).
  [[nodiscard]] double uniform(double low, double high);
  /// Uniform over 0 .. count - 1 without bias; count > 0.
  [[nodiscard]] std::size_t index(std::size_t count);
  /// Standard normal, by inversion: one draw per value.
  [[nodiscard]] double normal();

 private:
  std::array<std::uint64_t, 4> state_;
};

/// Mixes two numbers into one well-spread number; for deriving seeds.
[[nodiscard]] std::uint64_t mix_seed(std::uint64_t seed, std::uint64_t stream);

/// Inverse of the standard normal distribution function, for p in (0, 1); relative error below
/// 1e-9.
///
/// Source   Acklam's rational approximation with one step of Halley's method
[[nodiscard]] double normal_quantile(double probability);

}  // namespace wattune
