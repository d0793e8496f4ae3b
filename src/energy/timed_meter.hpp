#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "wattune/energy/meter.hpp"

namespace wattune::energy {

/// A meter on a device whose answer may take long: the reading is dated by when it was taken, not
/// by when it was asked for.
///
/// The device is asked once per read by `fetch`, and `inner` reads what that left. If the driver
/// says when it looked, and that lies within the call, that is the moment; otherwise the middle of
/// the call. The wall clock is only used within one call, so that a step of it does no harm.
class TimedMeter final : public Meter {
 public:
  using Fetch = std::function<std::optional<WallTime>()>;

  /// Takes    clock  outlives the meter
  TimedMeter(std::unique_ptr<Meter> inner, const Clock& clock, Fetch fetch)
      : inner_(std::move(inner)), clock_(&clock), fetch_(std::move(fetch)) {}

  [[nodiscard]] const Channel& channel() const override { return inner_->channel(); }
  [[nodiscard]] Seconds longest_safe_gap() const override { return inner_->longest_safe_gap(); }
  [[nodiscard]] Seconds preferred_gap() const override { return inner_->preferred_gap(); }
  [[nodiscard]] std::optional<Watts> idle_power() const override { return inner_->idle_power(); }
  /// Takes    now  just before the call
  [[nodiscard]] Result<Reading> read(MonotonicTime now) override;

 private:
  std::unique_ptr<Meter> inner_;
  const Clock* clock_;
  Fetch fetch_;
  std::optional<MonotonicTime> last_;
};

}  // namespace wattune::energy
