#pragma once

#include <memory>
#include <optional>

#include "forwarding_meter.hpp"
#include "wattune/energy/meter.hpp"

namespace wattune::energy {

/// When a device whose answer may take long was asked, and when its driver looked.
///
/// If the driver says when it looked, and that lies within the call, that is the moment; otherwise
/// the middle of the call. The wall clock is only used within one call, so that a step of it does
/// no harm.
class CallTimes {
 public:
  /// Takes    clock  outlives the object
  explicit CallTimes(const Clock& clock) : clock_(&clock) {}

  /// A read begins; it may ask more than once.
  void begin_read();
  void begin_call();
  void end_call(std::optional<WallTime> looked = std::nullopt);

  /// From the beginning of the read to the moment that its last call tells of.
  [[nodiscard]] MonotonicTime::duration offset() const { return offset_; }
  /// From the beginning of the read to its end.
  [[nodiscard]] Seconds length() const { return length_; }

 private:
  const Clock* clock_;
  MonotonicTime read_begun_;
  MonotonicTime call_begun_;
  WallTime call_begun_wall_;
  MonotonicTime::duration offset_{};
  Seconds length_;
};

/// A meter whose readings are dated by when they were taken, not by when they were asked for.
class TimedMeter final : public ForwardingMeter {
 public:
  /// Takes    times  of the calls by which `inner` asks its device
  TimedMeter(std::unique_ptr<Meter> inner, std::shared_ptr<CallTimes> times)
      : ForwardingMeter(std::move(inner)), times_(std::move(times)) {}

  /// Takes    now  just before the call
  [[nodiscard]] Result<Reading> read(MonotonicTime now) override;

 private:
  std::shared_ptr<CallTimes> times_;  ///< Shared with the question that `inner` asks.
};

}  // namespace wattune::energy
