#pragma once

#include <cstdint>

namespace wattune::train {

/// Scrambles 64 bits so that neighbouring inputs give unrelated outputs.
///
/// Source   Steele, Lea, Flood, OOPSLA 2014, the finaliser of SplitMix64,
/// doi:10.1145/2660193.2660195
constexpr std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27U)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31U);
}

/// What a random number is for. Each purpose has a stream of its own.
enum class Stream : std::uint64_t { Initial = 1, Order = 2, Dropout = 3 };

/// Random numbers that are a pure function of (seed, purpose, index, position in the stream), so
/// that nothing needs saving to continue them and nothing else can disturb them.
class CounterRandom {
 public:
  constexpr CounterRandom(std::uint64_t seed, Stream stream, std::uint64_t index)
      : state_(mix(mix(mix(seed + kGamma) + static_cast<std::uint64_t>(stream) * kGamma) +
                   (index + 1) * kGamma)) {}

  constexpr std::uint64_t next() { return mix(state_ += kGamma); }

  /// Uniform in [0, bound); the bias is below bound / 2^32.
  constexpr std::uint32_t below(std::uint32_t bound) {
    return static_cast<std::uint32_t>(((next() >> 32U) * bound) >> 32U);
  }

  /// Uniform in [0, 1), a multiple of 2^-53.
  constexpr double uniform() { return static_cast<double>(next() >> 11U) * 0x1p-53; }

 private:
  static constexpr std::uint64_t kGamma = 0x9e3779b97f4a7c15ULL;
  std::uint64_t state_;
};

}  // namespace wattune::train
