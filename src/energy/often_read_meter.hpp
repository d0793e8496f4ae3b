#pragma once

#include <utility>

#include "counter_meter.hpp"

namespace wattune::energy {

/// A meter on a counter that the kernel itself extends from a narrow register: it must be read more
/// often than its own width would ask for.
class OftenReadMeter final : public Meter {
 public:
  OftenReadMeter(Channel channel, CounterLimits limits, CounterMeter::ReadRaw read_raw,
                 Seconds longest_gap)
      : inner_(std::move(channel), limits, std::move(read_raw)), longest_gap_(longest_gap) {}

  [[nodiscard]] const Channel& channel() const override { return inner_.channel(); }
  [[nodiscard]] Seconds longest_safe_gap() const override { return longest_gap_; }
  [[nodiscard]] std::optional<Watts> idle_power() const override { return inner_.idle_power(); }
  [[nodiscard]] Result<Reading> read(MonotonicTime now) override { return inner_.read(now); }

 private:
  CounterMeter inner_;
  Seconds longest_gap_;
};

}  // namespace wattune::energy
