#pragma once

#include <functional>

#include "wattune/energy/counter.hpp"
#include "wattune/energy/meter.hpp"

namespace wattune::energy {

/// A meter on a hardware counter that counts microjoules.
class CounterMeter final : public Meter {
 public:
  using ReadRaw = std::function<Result<std::uint64_t>()>;

  CounterMeter(Channel channel, CounterLimits limits, ReadRaw read_raw);

  [[nodiscard]] const Channel& channel() const override { return channel_; }
  [[nodiscard]] Seconds longest_safe_gap() const override;
  [[nodiscard]] std::optional<Watts> idle_power() const override { return std::nullopt; }
  [[nodiscard]] Result<Reading> read(MonotonicTime now) override;

 private:
  Channel channel_;
  EnergyCounter counter_;
  ReadRaw read_raw_;
  std::optional<std::uint64_t> last_raw_;
  MonotonicTime moved_at_;
};

}  // namespace wattune::energy
