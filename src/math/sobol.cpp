#include "wattune/math/sobol.hpp"

#include <bit>
#include <boost/random/sobol.hpp>

#include "wattune/base/random.hpp"
#include "wattune/base/require.hpp"

namespace wattune::math {
namespace {

constexpr unsigned kBits = 32;

/// Row i gives output bit i (highest first): itself and a random choice of the bits above it.
std::array<std::uint32_t, kBits> random_lower_triangle(Rng& rng) {
  std::array<std::uint32_t, kBits> rows{};
  for (unsigned i = 0; i < kBits; ++i) {
    const std::uint32_t diagonal = 1u << (kBits - 1 - i);
    const std::uint32_t above = ~((diagonal << 1) - 1u);
    const auto drawn = static_cast<std::uint32_t>(rng.bits() >> 32);
    rows[i] = diagonal | (i == 0 ? 0u : drawn & above);
  }
  return rows;
}

std::uint32_t multiply(const std::array<std::uint32_t, kBits>& rows, std::uint32_t vector) {
  std::uint32_t product = 0;
  for (unsigned i = 0; i < kBits; ++i) {
    const auto parity = static_cast<std::uint32_t>(std::popcount(rows[i] & vector)) & 1u;
    product |= parity << (kBits - 1 - i);
  }
  return product;
}

}  // namespace

SobolSequence::SobolSequence(std::size_t dimension)
    : directions_(dimension), shifts_(dimension, 0u) {
  WATTUNE_REQUIRE(dimension >= 1 && dimension <= kMaxDimension);
  // The engine walks in Gray code: its point 2^(bit+1) - 1 has the Gray code 2^bit and is the
  // direction number itself. It counts from the point after the origin.
  boost::random::sobol_engine<std::uint32_t, kBits> engine{dimension};
  for (unsigned bit = 0; bit < kBits; ++bit) {
    engine.seed(static_cast<std::uint32_t>((std::uint64_t{2} << bit) - 2u));
    for (Directions& directions : directions_) directions[bit] = engine();
  }
}

SobolSequence::SobolSequence(std::size_t dimension, std::uint64_t seed) : SobolSequence(dimension) {
  offset_ = 0.5;
  for (std::size_t axis = 0; axis < dimension; ++axis) {
    Rng rng{seed, axis};
    const auto matrix = random_lower_triangle(rng);
    for (std::uint32_t& direction : directions_[axis]) direction = multiply(matrix, direction);
    shifts_[axis] = static_cast<std::uint32_t>(rng.bits() >> 32);
  }
}

std::vector<double> SobolSequence::point(std::uint32_t index) const {
  std::vector<double> coordinates;
  coordinates.reserve(dimension());
  for (std::size_t axis = 0; axis < dimension(); ++axis) {
    std::uint32_t mixed = shifts_[axis];
    for (std::uint32_t rest = index; rest != 0; rest &= rest - 1) {
      mixed ^= directions_[axis][static_cast<std::size_t>(std::countr_zero(rest))];
    }
    coordinates.push_back((static_cast<double>(mixed) + offset_) * 0x1.0p-32);
  }
  return coordinates;
}

}  // namespace wattune::math
