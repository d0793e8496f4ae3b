#include "wattune/energy/counter.hpp"

#include <algorithm>
#include <cmath>

namespace wattune::energy {
namespace {

/// Room for power above its limit for a moment.
constexpr double kMargin = 1.25;

}  // namespace

Joules EnergyCounter::energy_of(Ticks ticks) const {
  return Joules{static_cast<double>(ticks) * static_cast<double>(limits_.tick.numerator_uj) /
                static_cast<double>(limits_.tick.denominator) * 1e-6};
}

double EnergyCounter::ticks_of(Joules energy) const {
  return energy.value() * 1e6 * static_cast<double>(limits_.tick.denominator) /
         static_cast<double>(limits_.tick.numerator_uj);
}

Microjoules EnergyCounter::total() const {
  return Microjoules{
      static_cast<std::int64_t>(total_ * limits_.tick.numerator_uj / limits_.tick.denominator)};
}

/// The ticks between two points if the maximum power allows it, through at most one end of the
/// range.
std::optional<std::uint64_t> EnergyCounter::believable(const Point& from, const Point& to) const {
  const Seconds length = elapsed(from.at, to.at);
  const double most = ticks_of(limits_.max_power * (length * kMargin + limits_.refresh));
  std::uint64_t ticks = 0;
  if (to.raw >= from.raw) {
    ticks = to.raw - from.raw;
  } else if (limits_.modulus && from.raw < *limits_.modulus) {
    ticks = *limits_.modulus - from.raw + to.raw;
  } else {
    return std::nullopt;
  }
  if (static_cast<double>(ticks) > most) return std::nullopt;
  return ticks;
}

/// Whole turns that a long silence most likely hid, going by the power before it.
std::uint64_t EnergyCounter::turns_between(const Point& from, const Point& to,
                                           std::uint64_t residue) const {
  if (!limits_.modulus) return 0;
  const auto modulus = static_cast<double>(*limits_.modulus);
  const Seconds length = elapsed(from.at, to.at);
  if (ticks_of(limits_.max_power * length) <= modulus) return 0;
  const double expected = ticks_of(power_ * length);
  return static_cast<std::uint64_t>(
      std::max(0.0, std::round((expected - static_cast<double>(residue)) / modulus)));
}

void EnergyCounter::count(Ticks ticks, const Point& to) {
  const Seconds length = elapsed(good_->at, to.at);
  total_ += ticks;
  if (length > Seconds{}) power_ = energy_of(ticks) / length;
  good_ = to;
  held_.reset();
}

/// Counts on from a counter that started afresh; what the hole drew is taken from the power on
/// either side of it, and is at least what the fresh counter shows if that is believable.
void EnergyCounter::restart(const Point& held, const Point& to, std::uint64_t since_held) {
  const Seconds after_length = elapsed(held.at, to.at);
  const Watts power_after =
      after_length > Seconds{} ? energy_of(since_held) / after_length : Watts{};
  const Seconds hole = elapsed(good_->at, held.at);
  auto filled = static_cast<std::uint64_t>(
      std::llround(std::max(0.0, ticks_of((power_ + power_after) * 0.5 * hole))));
  if (believable(Point{0, good_->at}, held)) filled = std::max(filled, held.raw);
  total_ += Ticks{filled} + since_held;
  power_ = power_after;
  good_ = to;
  held_.reset();
}

CounterStep EnergyCounter::observe(std::uint64_t raw, MonotonicTime at) {
  const Point now{raw, at};
  if (!good_) {
    good_ = now;
    return CounterStep::First;
  }
  const bool was_held = held_.has_value();
  if (const auto ticks = believable(*good_, now)) {
    const bool has_wrapped = now.raw < good_->raw;
    const std::uint64_t turns = turns_between(*good_, now, *ticks);
    count(Ticks{turns} * limits_.modulus.value_or(0) + *ticks, now);
    if (turns > 0) return CounterStep::Guessed;
    if (was_held) return CounterStep::Recovered;
    return has_wrapped ? CounterStep::Wrapped : CounterStep::Counted;
  }
  if (was_held) {
    if (const auto since_held = believable(*held_, now)) {
      restart(*held_, now, *since_held);
      return CounterStep::Restarted;
    }
  }
  held_ = now;
  return CounterStep::Held;
}

std::optional<Seconds> EnergyCounter::longest_safe_gap() const {
  if (!limits_.modulus) return std::nullopt;
  return Seconds{energy_of(*limits_.modulus) / limits_.max_power / 2.0};
}

}  // namespace wattune::energy
