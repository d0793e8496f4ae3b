#include "counter_meter.hpp"

#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <utility>

namespace wattune::energy {
namespace {

/// Nothing that is switched on draws 0 W for so long.
constexpr Seconds kStale{10.0};
constexpr double kStaleSteps = 50.0;
constexpr Seconds kNoTurn{3600.0};

Seconds seconds_of(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return Seconds{static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec)};
}

}  // namespace

Seconds time_in_suspend() {
  constexpr Seconds kUndisturbed{1e-3};
  constexpr int kTries = 4;
  Seconds slept;
  for (int i = 0; i < kTries; ++i) {
    const Seconds before = seconds_of(CLOCK_MONOTONIC);
    slept = seconds_of(CLOCK_BOOTTIME) - before;
    if (seconds_of(CLOCK_MONOTONIC) - before < kUndisturbed) break;
  }
  return slept;
}

CounterMeter::CounterMeter(Channel channel, CounterLimits limits, ReadRaw read_raw,
                           CounterClocks clocks)
    : channel_(std::move(channel)),
      counter_(limits),
      read_raw_(std::move(read_raw)),
      clocks_(std::move(clocks)) {
}

Seconds CounterMeter::longest_safe_gap() const {
  return counter_.longest_safe_gap().value_or(kNoTurn);
}

std::optional<Error> CounterMeter::why_stale(std::uint64_t raw, MonotonicTime now) {
  if (last_raw_ != raw) moved_at_ = now;
  last_raw_ = raw;
  const Seconds still = elapsed(moved_at_, now);
  if (still <= std::max(kStale, channel_.refresh * kStaleSteps)) return std::nullopt;
  return Error{ErrorKind::Transient, fmt::format("{}: the counter has stood still for {:.0f} s",
                                                 channel_.id, still.value())};
}

Result<Reading> CounterMeter::read_once(MonotonicTime now) {
  const MonotonicTime begun = clocks_.now();
  const Result<std::uint64_t> raw = read_raw_();
  const Seconds took = elapsed(begun, clocks_.now());
  if (!raw) return tl::unexpected(raw.error());
  if (auto stale = why_stale(*raw, now)) return tl::unexpected(*std::move(stale));
  const CounterStep step = counter_.observe(*raw, now, clocks_.slept());
  if (step == CounterStep::Held) {
    return fail(ErrorKind::Transient,
                fmt::format("{}: a reading of {} cannot be true yet", channel_.id, *raw));
  }
  return Reading{counter_.total(), now, is_estimate(step), counter_.uncertainty(), took};
}

/// What fails or cannot be believed is read once more: most glitches are over by then, and an edge
/// of a window does not wait for the next tick.
Result<Reading> CounterMeter::read(MonotonicTime now) {
  Result<Reading> reading = read_once(now);
  if (!reading && reading.error().kind == ErrorKind::Transient) reading = read_once(now);
  return reading;
}

}  // namespace wattune::energy
