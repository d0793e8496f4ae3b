#pragma once

#include <compare>
#include <cstdint>

namespace wattune {

/// A quantity of one physical dimension, held in its SI unit.
///
/// Arithmetic stays inside the dimension; products of different dimensions are spelled out below,
/// so that a bare double of energy cannot reach a signature.
template <typename Tag>
class Quantity {
 public:
  constexpr Quantity() = default;
  constexpr explicit Quantity(double value) : value_(value) {}

  [[nodiscard]] constexpr double value() const { return value_; }

  constexpr auto operator<=>(const Quantity&) const = default;
  constexpr Quantity operator-() const { return Quantity{-value_}; }
  constexpr Quantity operator+(Quantity other) const { return Quantity{value_ + other.value_}; }
  constexpr Quantity operator-(Quantity other) const { return Quantity{value_ - other.value_}; }
  constexpr Quantity operator*(double factor) const { return Quantity{value_ * factor}; }
  constexpr Quantity operator/(double divisor) const { return Quantity{value_ / divisor}; }
  constexpr double operator/(Quantity other) const { return value_ / other.value_; }
  constexpr Quantity& operator+=(Quantity other) { return *this = *this + other; }
  constexpr Quantity& operator-=(Quantity other) { return *this = *this - other; }

 private:
  double value_ = 0.0;
};

using Joules = Quantity<struct JoulesTag>;
using Watts = Quantity<struct WattsTag>;
using Seconds = Quantity<struct SecondsTag>;

constexpr Joules operator*(Watts power, Seconds time) {
  return Joules{power.value() * time.value()};
}
constexpr Joules operator*(Seconds time, Watts power) {
  return power * time;
}
constexpr Watts operator/(Joules energy, Seconds time) {
  return Watts{energy.value() / time.value()};
}
constexpr Seconds operator/(Joules energy, Watts power) {
  return Seconds{energy.value() / power.value()};
}

/// Energy as a whole number of microjoules: the unit of every booking, so that sums are exact.
class Microjoules {
 public:
  constexpr Microjoules() = default;
  constexpr explicit Microjoules(std::int64_t count) : count_(count) {}

  [[nodiscard]] constexpr std::int64_t count() const { return count_; }
  [[nodiscard]] constexpr Joules joules() const {
    return Joules{static_cast<double>(count_) * 1e-6};
  }

  constexpr auto operator<=>(const Microjoules&) const = default;
  constexpr Microjoules operator+(Microjoules other) const {
    return Microjoules{count_ + other.count_};
  }
  constexpr Microjoules operator-(Microjoules other) const {
    return Microjoules{count_ - other.count_};
  }
  constexpr Microjoules& operator+=(Microjoules other) { return *this = *this + other; }
  constexpr Microjoules& operator-=(Microjoules other) { return *this = *this - other; }

 private:
  std::int64_t count_ = 0;
};

/// The nearest whole number of microjoules; halves away from zero.
[[nodiscard]] constexpr Microjoules to_microjoules(Joules energy) {
  const double scaled = energy.value() * 1e6;
  return Microjoules{static_cast<std::int64_t>(scaled + (scaled < 0 ? -0.5 : 0.5))};
}

}  // namespace wattune
