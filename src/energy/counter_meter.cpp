#include "counter_meter.hpp"

#include <fmt/format.h>

#include <utility>

namespace wattune::energy {
namespace {

/// Nothing that is switched on draws 0 W for so long.
constexpr Seconds kStale{10.0};
constexpr Seconds kNoTurn{3600.0};

}  // namespace

CounterMeter::CounterMeter(Channel channel, CounterLimits limits, ReadRaw read_raw)
    : channel_(std::move(channel)), counter_(limits), read_raw_(std::move(read_raw)) {
}

Seconds CounterMeter::longest_safe_gap() const {
  return counter_.longest_safe_gap().value_or(kNoTurn);
}

Result<Reading> CounterMeter::read(MonotonicTime now) {
  const Result<std::uint64_t> raw = read_raw_();
  if (!raw) return tl::unexpected(raw.error());
  if (last_raw_ != *raw) moved_at_ = now;
  last_raw_ = *raw;
  if (elapsed(moved_at_, now) > kStale) {
    return fail(ErrorKind::Transient, fmt::format("{}: the counter has stood still for {:.0f} s",
                                                  channel_.id, elapsed(moved_at_, now).value()));
  }
  const CounterStep step = counter_.observe(*raw, now);
  if (step == CounterStep::Held) {
    return fail(ErrorKind::Transient,
                fmt::format("{}: a reading of {} µJ cannot be true", channel_.id, *raw));
  }
  const bool estimated = step == CounterStep::Restarted || step == CounterStep::Guessed;
  return Reading{counter_.total(), now, estimated};
}

}  // namespace wattune::energy
