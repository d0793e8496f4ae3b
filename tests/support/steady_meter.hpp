#pragma once

#include <optional>

#include "wattune/energy/meter.hpp"

namespace wattune::fake {

/// A meter of a machine that always draws the same power.
class SteadyMeter final : public energy::Meter {
 public:
  SteadyMeter(Watts power, Watts idle, MonotonicTime opened)
      : power_(power), idle_(idle), opened_(opened) {
    channel_.id = "fake:steady";
    channel_.provenance = Provenance::Measured;
    channel_.source = "a test";
  }

  [[nodiscard]] const energy::Channel& channel() const override { return channel_; }
  [[nodiscard]] Seconds longest_safe_gap() const override { return Seconds{30.0}; }
  [[nodiscard]] std::optional<Watts> idle_power() const override { return idle_; }
  [[nodiscard]] Result<energy::Reading> read(MonotonicTime now) override {
    energy::Reading reading;
    reading.total = to_microjoules(power_ * elapsed(opened_, now));
    reading.read_at = now;
    return reading;
  }

 private:
  energy::Channel channel_;
  Watts power_;
  Watts idle_;
  MonotonicTime opened_;
};

}  // namespace wattune::fake
