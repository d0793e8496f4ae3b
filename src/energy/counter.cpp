#include "wattune/energy/counter.hpp"

#include <algorithm>
#include <cmath>

namespace wattune::energy {
namespace {

/// Room for power above its limit for a moment.
constexpr double kMargin = 1.25;

double microjoules(Joules energy) {
  return energy.value() * 1e6;
}

}  // namespace

/// The energy between two points if the maximum power allows it, through at most one end of the
/// range.
std::optional<std::uint64_t> EnergyCounter::believable(const Point& from, const Point& to) const {
  const Seconds length = elapsed(from.at, to.at);
  const double most = microjoules(limits_.max_power * (length * kMargin + limits_.refresh));
  std::uint64_t energy = 0;
  if (to.raw >= from.raw) {
    energy = to.raw - from.raw;
  } else if (limits_.modulus_uj && from.raw < *limits_.modulus_uj) {
    energy = *limits_.modulus_uj - from.raw + to.raw;
  } else {
    return std::nullopt;
  }
  if (static_cast<double>(energy) > most) return std::nullopt;
  return energy;
}

/// Whole turns that a long silence most likely hid, going by the power before it.
std::uint64_t EnergyCounter::turns_between(const Point& from, const Point& to,
                                           std::uint64_t residue) const {
  if (!limits_.modulus_uj) return 0;
  const auto modulus = static_cast<double>(*limits_.modulus_uj);
  const Seconds length = elapsed(from.at, to.at);
  if (microjoules(limits_.max_power * length) <= modulus) return 0;
  const double expected = microjoules(power_ * length);
  return static_cast<std::uint64_t>(
      std::max(0.0, std::round((expected - static_cast<double>(residue)) / modulus)));
}

void EnergyCounter::count(std::uint64_t energy_uj, const Point& to) {
  const Seconds length = elapsed(good_->at, to.at);
  const Microjoules energy{static_cast<std::int64_t>(energy_uj)};
  total_ += energy;
  if (length > Seconds{}) power_ = energy.joules() / length;
  good_ = to;
  held_.reset();
}

/// Counts on from a counter that started afresh; what the hole drew is taken from the power on
/// either side of it, and is at least what the fresh counter shows if that is believable.
void EnergyCounter::restart(const Point& held, const Point& to, std::uint64_t since_held) {
  const Microjoules after{static_cast<std::int64_t>(since_held)};
  const Seconds after_length = elapsed(held.at, to.at);
  const Watts power_after = after_length > Seconds{} ? after.joules() / after_length : Watts{};
  const Seconds hole = elapsed(good_->at, held.at);
  Microjoules filled = to_microjoules((power_ + power_after) * 0.5 * hole);
  if (believable(Point{0, good_->at}, held)) {
    filled = std::max(filled, Microjoules{static_cast<std::int64_t>(held.raw)});
  }
  total_ += filled + after;
  power_ = power_after;
  good_ = to;
  held_.reset();
}

CounterStep EnergyCounter::observe(std::uint64_t raw_uj, MonotonicTime at) {
  const Point now{raw_uj, at};
  if (!good_) {
    good_ = now;
    return CounterStep::First;
  }
  const bool was_held = held_.has_value();
  if (const auto energy = believable(*good_, now)) {
    const bool has_wrapped = now.raw < good_->raw;
    const std::uint64_t turns = turns_between(*good_, now, *energy);
    count(*energy + turns * limits_.modulus_uj.value_or(0), now);
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
  if (!limits_.modulus_uj) return std::nullopt;
  const double range_j = static_cast<double>(*limits_.modulus_uj) * 1e-6;
  return Seconds{range_j / (2.0 * limits_.max_power.value())};
}

}  // namespace wattune::energy
