#include "sha256.hpp"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>

namespace wattune::energy {
namespace {

constexpr std::size_t kBlock = 64;

/// The first 64 primes: the standard's constants are bits of their roots.
std::array<unsigned, 64> first_primes() {
  std::array<unsigned, 64> primes{};
  std::size_t count = 0;
  for (unsigned candidate = 2; count < primes.size(); ++candidate) {
    bool is_prime = true;
    for (std::size_t i = 0; i < count && is_prime; ++i) is_prime = candidate % primes[i] != 0;
    if (is_prime) primes[count++] = candidate;
  }
  return primes;
}

/// The first 32 bits behind the point.
std::uint32_t fraction_bits(long double value) {
  return static_cast<std::uint32_t>(std::floor((value - std::floor(value)) * 0x1p32L));
}

struct Constants {
  std::array<std::uint32_t, 8> start{};
  std::array<std::uint32_t, 64> round{};
};

const Constants& constants() {
  static const Constants made = [] {
    Constants result;
    const auto primes = first_primes();
    for (std::size_t i = 0; i < 8; ++i)
      result.start[i] = fraction_bits(std::sqrt(static_cast<long double>(primes[i])));
    for (std::size_t i = 0; i < 64; ++i)
      result.round[i] = fraction_bits(std::cbrt(static_cast<long double>(primes[i])));
    return result;
  }();
  return made;
}

void mix_block(std::array<std::uint32_t, 8>& state, std::string_view block) {
  std::array<std::uint32_t, 64> words{};
  for (std::size_t i = 0; i < kBlock; ++i) {
    words[i / 4] = (words[i / 4] << 8) | static_cast<unsigned char>(block[i]);
  }
  for (std::size_t i = 16; i < 64; ++i) {
    const std::uint32_t a = words[i - 15];
    const std::uint32_t b = words[i - 2];
    words[i] = words[i - 16] + words[i - 7] + (std::rotr(a, 7) ^ std::rotr(a, 18) ^ (a >> 3)) +
               (std::rotr(b, 17) ^ std::rotr(b, 19) ^ (b >> 10));
  }
  auto [a, b, c, d, e, f, g, h] = state;
  for (std::size_t i = 0; i < 64; ++i) {
    const std::uint32_t first = h + (std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25)) +
                                ((e & f) ^ (~e & g)) + constants().round[i] + words[i];
    const std::uint32_t second =
        (std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
    h = g;
    g = f;
    f = e;
    e = d + first;
    d = c;
    c = b;
    b = a;
    a = first + second;
  }
  const std::array<std::uint32_t, 8> added{a, b, c, d, e, f, g, h};
  for (std::size_t i = 0; i < 8; ++i) state[i] += added[i];
}

}  // namespace

std::string sha256_hex(std::string_view bytes) {
  std::string padded(bytes);
  padded += '\x80';
  while (padded.size() % kBlock != kBlock - 8) padded += '\0';
  const std::uint64_t num_bits = std::uint64_t{bytes.size()} * 8;
  for (int shift = 56; shift >= 0; shift -= 8) padded += static_cast<char>(num_bits >> shift);

  std::array<std::uint32_t, 8> state = constants().start;
  for (std::size_t at = 0; at < padded.size(); at += kBlock) {
    mix_block(state, std::string_view(padded).substr(at, kBlock));
  }
  std::string hex;
  for (const std::uint32_t word : state) hex += fmt::format("{:08x}", word);
  return hex;
}

}  // namespace wattune::energy
