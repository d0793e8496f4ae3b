#include "wattune/energy/counter.hpp"

#include <algorithm>
#include <cmath>

#include "wattune/base/require.hpp"

namespace wattune::energy {
namespace {

/// Room for power above its limit for a moment.
constexpr double kMargin = 1.25;
/// What the power before a long silence is the mean of.
constexpr Seconds kMemory{30.0};
/// The power of a suspended machine, as a part of its maximum.
constexpr double kAsleep = 0.02;
/// The monotonic and the boot clock are not read at one moment.
constexpr Seconds kLeastSleep{0.1};
/// How far the power in a hole may lie from what is seen around it.
constexpr double kHoleSpread = 0.5;
constexpr double kSilenceSpread = 1.0;

}  // namespace

bool is_estimate(CounterStep step) {
  return step == CounterStep::Restarted || step == CounterStep::Guessed ||
         step == CounterStep::Slept;
}

EnergyCounter::EnergyCounter(CounterLimits limits) : limits_(limits) {
  WATTUNE_REQUIRE(limits_.max_power > Watts{0.0} && limits_.refresh >= Seconds{0.0});
  WATTUNE_REQUIRE(limits_.tick.numerator_uj > 0 && limits_.tick.denominator > 0);
  WATTUNE_REQUIRE(!limits_.modulus || *limits_.modulus > 0);
}

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

/// The most that can be drawn between two points, with room for a moment above the limit.
Joules EnergyCounter::most_between(const Point& from, const Point& to, double margin) const {
  const Seconds awake = elapsed(from.at, to.at);
  const Seconds asleep = to.slept - from.slept;
  return limits_.max_power * (awake * margin + asleep * kAsleep);
}

/// The time between two points was long enough for the counter to come round to where it was.
bool EnergyCounter::can_hide_a_turn(const Point& from, const Point& to) const {
  return limits_.modulus && most_between(from, to, 1.0) > energy_of(*limits_.modulus);
}

/// Ticks from one point to the other, through at most one end of the range.
std::optional<std::uint64_t> EnergyCounter::difference(const Point& from, const Point& to) const {
  if (to.raw >= from.raw) return to.raw - from.raw;
  if (limits_.modulus && from.raw < *limits_.modulus) return *limits_.modulus - from.raw + to.raw;
  return std::nullopt;
}

/// The difference if the maximum power allows it and nothing else can be true.
std::optional<std::uint64_t> EnergyCounter::believable(const Point& from, const Point& to) const {
  if (can_hide_a_turn(from, to)) return std::nullopt;
  const Joules most = most_between(from, to, kMargin) + limits_.max_power * limits_.refresh;
  const std::optional<std::uint64_t> ticks = difference(from, to);
  if (!ticks || energy_of(*ticks) > most) return std::nullopt;
  return ticks;
}

void EnergyCounter::note_power(Joules energy, Seconds length) {
  if (length <= Seconds{}) return;
  const Watts power = energy / length;
  const double weight = power_ ? 1.0 - std::exp(-(length / kMemory)) : 1.0;
  mean_power_ += (power - mean_power_) * weight;
  power_ = power;
}

void EnergyCounter::count(Ticks ticks, const Point& to) {
  before_jump_.reset();
  note_power(energy_of(ticks), elapsed(good_->at, to.at));
  total_ += ticks;
  good_ = to;
  held_.reset();
}

/// The power since a held reading, where it lies far enough back to tell.
std::optional<Watts> EnergyCounter::power_after(const Point& held, const Point& to,
                                                std::uint64_t since_held) const {
  constexpr double kFewSteps = 5.0;
  const Seconds length = elapsed(held.at, to.at);
  if (length <= limits_.refresh * kFewSteps) return std::nullopt;
  return energy_of(since_held) / length;
}

/// The held reading is so low that it may have been counted from 0 since the last good one, without
/// what a suspended machine draws.
bool EnergyCounter::has_restarted(const Point& held) const {
  const Seconds awake = elapsed(good_->at, held.at);
  return energy_of(held.raw) <= limits_.max_power * (awake * kMargin + limits_.refresh);
}

/// What was drawn while the counter started afresh: the power on either side of the hole, and at
/// least what the fresh counter shows if that is believable.
EnergyCounter::Ticks EnergyCounter::fill_restart(const Point& held, std::optional<Watts> after) {
  const Watts before = power_.value_or(after.value_or(Watts{}));
  const Watts behind = after.value_or(before);
  const Watts mean = (before + behind) * 0.5;
  const Watts apart = before > behind ? before - behind : behind - before;
  const Seconds hole = elapsed(good_->at, held.at);
  Joules filled = mean * hole;
  if (has_restarted(held)) {
    filled = std::max(filled, energy_of(held.raw));
  }
  uncertainty_ = (mean * kHoleSpread + apart * 0.5) * hole;
  return static_cast<Ticks>(std::llround(ticks_of(filled)));
}

/// What was drawn in a silence that can hide turns: the residue and as many turns as the power
/// around it makes likely. It is as unsure as the numbers of turns that are nearly as likely.
EnergyCounter::Ticks EnergyCounter::fill_silence(const Point& held, std::optional<Watts> after) {
  const std::uint64_t modulus = *limits_.modulus;
  const std::uint64_t residue = (held.raw % modulus + modulus - good_->raw % modulus) % modulus;
  const Watts before = power_ ? mean_power_ : after.value_or(Watts{});
  const Seconds awake = elapsed(good_->at, held.at);
  const double expected = ticks_of((before + after.value_or(before)) * 0.5 * awake);
  const double turns = (expected - static_cast<double>(residue)) / static_cast<double>(modulus);
  const double spread = expected * kSilenceSpread / static_cast<double>(modulus);
  const double likely = std::max(0.0, std::round(turns));
  const double least = std::max(0.0, std::ceil(turns - spread));
  const double most = std::floor(turns + spread);
  uncertainty_ = energy_of(modulus) * std::max({0.0, likely - least, most - likely});
  return Ticks{static_cast<std::uint64_t>(likely)} * modulus + residue;
}

/// After a long sleep a low reading may be either; then the other possibility is within the
/// uncertainty.
EnergyCounter::Ticks EnergyCounter::fill(const Point& held, std::optional<Watts> after,
                                         bool is_silence, bool has_slept) {
  if (has_slept && can_hide_a_turn(*good_, held)) {
    const Ticks turned = fill_silence(held, after);
    const Ticks fresh = fill_restart(held, after);
    const Joules apart = energy_of(turned > fresh ? turned - fresh : fresh - turned);
    uncertainty_ = std::max(uncertainty_, apart);
    return is_silence ? turned : fresh;
  }
  return is_silence ? fill_silence(held, after) : fill_restart(held, after);
}

/// What was taken for a restart or a turn was a glitch after all if the very next step goes on from
/// where the counter was before: then what is still missing since.
std::optional<EnergyCounter::Ticks> EnergyCounter::since_before_jump(const Point& to) {
  if (!before_jump_) return std::nullopt;
  const auto ticks = believable(before_jump_->point, to);
  if (!ticks) return std::nullopt;
  const Ticks booked = total_ - before_jump_->total;
  return *ticks > booked ? *ticks - booked : Ticks{0};
}

CounterStep EnergyCounter::observe(std::uint64_t raw, MonotonicTime at, Seconds slept) {
  const Point now{raw, at, slept};
  uncertainty_ = Joules{};
  if (!good_) {
    good_ = now;
    return CounterStep::First;
  }
  const bool was_held = held_.has_value();
  const bool has_slept = slept - good_->slept > kLeastSleep;
  const bool is_fresh = has_slept && raw < good_->raw && has_restarted(now);
  if (const auto ticks = is_fresh ? std::nullopt : believable(*good_, now)) {
    if (*ticks == 0) {  // the next step is counted from when the counter last moved
      held_.reset();
      return was_held ? CounterStep::Recovered : CounterStep::Counted;
    }
    const bool has_wrapped = now.raw < good_->raw;
    const Origin before{*good_, total_};
    count(*ticks, now);
    if (has_wrapped) before_jump_ = before;
    if (has_slept) return CounterStep::Slept;
    if (was_held) return CounterStep::Recovered;
    return has_wrapped ? CounterStep::Wrapped : CounterStep::Counted;
  }
  if (const auto ticks = since_before_jump(now)) {
    count(*ticks, now);
    return CounterStep::Recovered;
  }
  // Only a counter that moves on from the held reading shows that it was no glitch.
  if (was_held && raw == held_->raw) return CounterStep::Held;
  if (was_held) {
    if (const auto since_held = believable(*held_, now)) {
      const Point held = *held_;
      const bool is_silence = can_hide_a_turn(*good_, held) && !(has_slept && has_restarted(held));
      const std::optional<Watts> after = power_after(held, now, *since_held);
      const Origin before{*good_, total_};
      total_ += fill(held, after, is_silence, has_slept);
      good_ = held;
      count(*since_held, now);
      before_jump_ = before;
      return is_silence ? CounterStep::Guessed : CounterStep::Restarted;
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
