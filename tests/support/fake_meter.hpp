#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "wattune/energy/meter.hpp"

namespace wattune::fake {

/// What a scripted meter will say next; the test holds it, the meter looks at it.
struct MeterScript {
  energy::Channel channel;
  std::optional<Watts> idle_power;
  Microjoules total;
  std::optional<ErrorKind> failure;
  bool estimated = false;
  Joules uncertainty = {};
  Seconds took = {};
  Seconds longest_safe_gap{30.0};
};

/// A meter that says what its script says. The script outlives the meter.
class ScriptedMeter final : public energy::Meter {
 public:
  explicit ScriptedMeter(const MeterScript& script) : script_(script) {}

  [[nodiscard]] const energy::Channel& channel() const override { return script_.channel; }
  [[nodiscard]] Seconds longest_safe_gap() const override { return script_.longest_safe_gap; }
  [[nodiscard]] std::optional<Watts> idle_power() const override { return script_.idle_power; }
  [[nodiscard]] Result<energy::Reading> read(MonotonicTime now) override {
    if (script_.failure) return fail(*script_.failure, "scripted failure");
    return energy::Reading{script_.total, now, script_.estimated, script_.uncertainty,
                           script_.took};
  }

 private:
  const MeterScript& script_;
};

}  // namespace wattune::fake
