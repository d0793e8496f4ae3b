#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "wattune/base/device_state.hpp"
#include "wattune/base/units.hpp"
#include "wattune/runners/local.hpp"
#include "wattune/trial/event.hpp"

namespace wattune::runners {

/// The wait before an assignment that starts while nothing runs, until the devices are cool.
class Cooling {
 public:
  /// `options` outlive the object.
  explicit Cooling(const LocalRunnerOptions& options) : options_(options) {}

  struct Wait {
    std::string why;  ///< Which devices are too warm.
    Seconds at_most;  ///< Until the next look.
  };

  /// Looks at the devices while nothing runs. Gives nothing once an assignment may start.
  [[nodiscard]] std::optional<Wait> look(MonotonicTime now,
                                         const std::vector<DeviceTemperature>& idle_temperatures);
  /// Something runs, so that nobody waits.
  void forget();
  /// Of the assignment that starts now.
  [[nodiscard]] std::optional<trial::CoolDown> take_record();

 private:
  [[nodiscard]] std::string too_warm_text();

  const LocalRunnerOptions& options_;
  std::vector<DeviceTemperature> idle_temperatures_;  // the lowest seen while nothing ran
  std::optional<MonotonicTime> since_;
  std::optional<trial::CoolDown> record_;
};

}  // namespace wattune::runners
