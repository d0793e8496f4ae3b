#pragma once

#include <functional>

#include "wattune/energy/meter.hpp"
#include "wide.hpp"

namespace wattune::energy {

/// A meter on a power sensor: energy is the integral of its readings.
///
/// Between two readings power is taken to change evenly, so equal readings count like any others
/// and a window with two readings is integrated from edge to edge. A reading above `max_power` or
/// below 0 W is not believed. Where the readings were further apart than `longest_safe_gap`, the
/// step is marked as estimated, and half of the mean and half of the difference of the two powers
/// is its uncertainty.
///
/// Source   docs/metering.md, "Integrated power"
class PowerMeter final : public Meter {
 public:
  using ReadPower = std::function<Result<Watts>()>;

  PowerMeter(Channel channel, Watts max_power, ReadPower read_power);

  [[nodiscard]] const Channel& channel() const override { return channel_; }
  [[nodiscard]] Seconds longest_safe_gap() const override;
  /// Half the time in which the sensor's figure is renewed.
  [[nodiscard]] Seconds preferred_gap() const override;
  [[nodiscard]] std::optional<Watts> idle_power() const override { return std::nullopt; }
  [[nodiscard]] Result<Reading> read(MonotonicTime now) override;

 private:
  Channel channel_;
  Watts max_power_;
  ReadPower read_power_;
  bool has_reading_ = false;
  std::int64_t last_uw_ = 0;
  MonotonicTime last_at_;
  Wide twice_uw_ns_ = 0;  ///< Twice the integral in microwatt-nanoseconds: exact.
};

}  // namespace wattune::energy
