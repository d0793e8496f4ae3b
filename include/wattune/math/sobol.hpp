#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace wattune::math {

/// Points that fill the unit cube evenly, each a function of (seed, index, dimension) alone.
///
/// Any 2^k points that start at a multiple of 2^k put exactly one coordinate into each of the 2^k
/// equal parts of every axis. Another seed gives another, equally even set.
///
/// Threads  immutable; any number
/// Source   Sobol direction numbers of Joe and Kuo, SIAM J. Sci. Comput. 30(5), 2008,
///          doi:10.1137/070709359, from Boost.Random; scrambled by a random lower triangular matrix
///          and a digital shift: Matousek, J. Complexity 14(4), 1998, doi:10.1006/jcom.1998.0489
/// Differs  points come in the order of the index's own bits, not of its Gray code, so that any
///          point can be had without the ones before it; 32 bits
class SobolSequence {
 public:
  static constexpr std::size_t kMaxDimension = 3667;

  /// Requires 1 <= dimension <= kMaxDimension.
  SobolSequence(std::size_t dimension, std::uint64_t seed);
  /// The sequence itself, not scrambled: its first point is the origin.
  explicit SobolSequence(std::size_t dimension);

  [[nodiscard]] std::size_t dimension() const { return directions_.size(); }
  /// Gives    [dimension], each in (0, 1) where scrambled, in [0, 1) where not
  /// Cost     O(dimension x set bits of the index)
  [[nodiscard]] std::vector<double> point(std::uint32_t index) const;

 private:
  using Directions = std::array<std::uint32_t, 32>;  // by bit of the index, lowest first

  std::vector<Directions> directions_;
  std::vector<std::uint32_t> shifts_;
  double offset_ = 0.0;
};

}  // namespace wattune::math
