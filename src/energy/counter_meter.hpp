#pragma once

#include <functional>

#include "wattune/energy/counter.hpp"
#include "wattune/energy/meter.hpp"

namespace wattune::energy {

/// How long this machine has been suspended since it was started: the boot clock runs on then, the
/// monotonic one does not.
[[nodiscard]] Seconds time_in_suspend();

/// What a counter needs to know of time beyond the moment of a read.
struct CounterClocks {
  std::function<Seconds()> slept = time_in_suspend;
  std::function<MonotonicTime()> now = std::chrono::steady_clock::now;  ///< Times the reads.
};

/// A meter on a hardware counter.
///
/// A counter that has not moved for 10 s, or 50 of its steps where that is more, is stale: reads
/// fail until it moves, and what it shows then is booked.
class CounterMeter final : public Meter {
 public:
  using ReadRaw = std::function<Result<std::uint64_t>()>;  ///< In ticks of the limits.

  CounterMeter(Channel channel, CounterLimits limits, ReadRaw read_raw, CounterClocks clocks = {});

  [[nodiscard]] const Channel& channel() const override { return channel_; }
  [[nodiscard]] Seconds longest_safe_gap() const override;
  [[nodiscard]] std::optional<Watts> idle_power() const override { return std::nullopt; }
  [[nodiscard]] Result<Reading> read(MonotonicTime now) override;

 private:
  [[nodiscard]] Result<Reading> read_once(MonotonicTime now);
  [[nodiscard]] std::optional<Error> why_stale(std::uint64_t raw, MonotonicTime now);

  Channel channel_;
  EnergyCounter counter_;
  ReadRaw read_raw_;
  CounterClocks clocks_;
  std::optional<std::uint64_t> last_raw_;
  MonotonicTime moved_at_;
};

}  // namespace wattune::energy
