#include "power_meter.hpp"

#include <fmt/format.h>

#include <cmath>
#include <utility>

namespace wattune::energy {
namespace {

/// Longer silences are bridged, but the figure is then a guess.
constexpr Seconds kLongestGap{10.0};

Watts from_microwatts(std::int64_t power) {
  return Watts{static_cast<double>(power) * 1e-6};
}

/// Half width of a 95 % interval around the mean of two powers with nothing known in between: half
/// of the mean and half of their difference.
Watts unknown_between(Watts one, Watts other) {
  return (one + other) / 4.0 + Watts{std::abs((one - other).value()) / 2.0};
}

}  // namespace

PowerMeter::PowerMeter(Channel channel, Watts max_power, ReadPower read_power)
    : channel_(std::move(channel)), max_power_(max_power), read_power_(std::move(read_power)) {
}

Seconds PowerMeter::longest_safe_gap() const {
  return kLongestGap;
}

Seconds PowerMeter::preferred_gap() const {
  return channel_.refresh / 2.0;
}

Result<Reading> PowerMeter::read(MonotonicTime now) {
  const Result<Watts> power = read_power_();
  if (!power) return tl::unexpected(power.error());
  if (!(*power >= Watts{0.0}) || *power > max_power_) {
    return fail(ErrorKind::Transient,
                fmt::format("{}: a power of {:.3f} W cannot be true", channel_.id, power->value()));
  }
  const std::int64_t uw = std::llround(power->value() * 1e6);
  bool is_estimated = false;
  Joules unsure;
  if (has_reading_) {
    const auto ns = std::chrono::duration_cast<std::chrono::nanoseconds>(now - last_at_).count();
    twice_uw_ns_ += Wide{ns} * (Wide{last_uw_} + uw);
    const Seconds gap = elapsed(last_at_, now);
    is_estimated = gap > kLongestGap;
    if (is_estimated) unsure = unknown_between(from_microwatts(last_uw_), *power) * gap;
  }
  has_reading_ = true;
  last_uw_ = uw;
  last_at_ = now;
  constexpr Wide kTwiceSecond = 2'000'000'000;
  return Reading{Microjoules{static_cast<std::int64_t>(twice_uw_ns_ / kTwiceSecond)}, now,
                 is_estimated, unsure};
}

}  // namespace wattune::energy
