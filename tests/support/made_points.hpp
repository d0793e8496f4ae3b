#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace wattune::test {

/// Uniform numbers by SplitMix64, so that a reference program can make the same points.
class MadeNumbers {
 public:
  explicit MadeNumbers(std::uint64_t seed) : state_(seed) {}

  double uniform() {
    state_ += 0x9E3779B97F4A7C15ULL;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBULL;
    z ^= z >> 31U;
    return static_cast<double>(z >> 11U) * 0x1p-53;
  }

 private:
  std::uint64_t state_;
};

/// One minus directions on the positive part of the unit sphere: no point dominates another.
inline std::vector<std::vector<double>> made_sphere(std::size_t count, std::size_t num_objectives,
                                                    std::uint64_t seed) {
  MadeNumbers numbers{seed};
  std::vector<std::vector<double>> points(count, std::vector<double>(num_objectives));
  for (auto& point : points) {
    double square = 0.0;
    for (double& loss : point) {
      loss = 0.05 + numbers.uniform();
      square += loss * loss;
    }
    for (double& loss : point) loss = 1.0 - loss / std::sqrt(square);
  }
  return points;
}

/// Points whose losses sum to one.
inline std::vector<std::vector<double>> made_plane(std::size_t count, std::size_t num_objectives,
                                                   std::uint64_t seed) {
  MadeNumbers numbers{seed};
  std::vector<std::vector<double>> points(count, std::vector<double>(num_objectives));
  for (auto& point : points) {
    double sum = 0.0;
    for (double& loss : point) {
      loss = 0.01 + numbers.uniform();
      sum += loss;
    }
    for (double& loss : point) loss /= sum;
  }
  return points;
}

}  // namespace wattune::test
