#include "cooling.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "wattune/base/text.hpp"

namespace wattune::runners {

std::optional<Cooling::Wait> Cooling::look(
    MonotonicTime now, const std::vector<DeviceTemperature>& idle_temperatures) {
  if (!options_.cooldown || !options_.read_devices) {
    forget();
    return std::nullopt;
  }
  idle_temperatures_ = lowest(std::move(idle_temperatures_), idle_temperatures);
  if (!since_) since_ = now;
  std::string too_warm = too_warm_text();
  const Seconds left = elapsed(now, after(*since_, options_.cooldown->at_most));
  if (!too_warm.empty() && left > Seconds{}) {
    return Wait{std::move(too_warm), std::min(left, options_.cooldown->period)};
  }
  record_ = trial::CoolDown{elapsed(*since_, now), too_warm.empty(), idle_temperatures_};
  since_.reset();
  return std::nullopt;
}

/// Which devices that trials use are warmer than an assignment may find them; empty for none.
std::string Cooling::too_warm_text() {
  DeviceState state = options_.read_devices();
  if (options_.slots.gpus_per_trial == 0) state.gpus.clear();
  const std::vector<DeviceTemperature> now = temperatures_of(state);
  idle_temperatures_ = lowest(std::move(idle_temperatures_), now);
  if (now.empty()) return "cooling down: no temperature is told";
  std::string text;
  for (const DeviceTemperature& each : now) {
    const auto reference =
        std::ranges::find(idle_temperatures_, each.device, &DeviceTemperature::device);
    const Celsius limit =
        options_.cooldown->until.value_or(reference->temperature + options_.cooldown->margin);
    if (each.temperature <= limit) continue;
    text += fmt::format("{} {} to {} C", text.empty() ? "cooling down:" : ",", each.device,
                        number_text(limit.value()));
  }
  return text;
}

void Cooling::forget() {
  since_.reset();
  record_.reset();
}

std::optional<trial::CoolDown> Cooling::take_record() {
  return std::exchange(record_, std::nullopt);
}

}  // namespace wattune::runners
