#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wattune/base/units.hpp"

namespace wattune {

using Celsius = Quantity<struct CelsiusTag>;
using Hertz = Quantity<struct HertzTag>;

/// How warm and how fast the devices of a machine were at one moment: what two trials must have in
/// common before their energies can be compared. What a device does not tell is absent.
struct DeviceState {
  struct Cpu {
    std::optional<Celsius> temperature;   ///< Of the warmest package.
    std::optional<Hertz> clock;           ///< Mean over the logical processors.
    std::optional<std::string> governor;  ///< Of the clock: "performance"; several joined by "+".
    bool operator==(const Cpu&) const = default;
  };
  struct Gpu {
    std::string uuid;
    std::optional<Celsius> temperature;
    std::optional<Hertz> clock;        ///< Of the streaming multiprocessors.
    std::optional<Watts> power_limit;  ///< The limit that was enforced, whoever had set it.
    bool operator==(const Gpu&) const = default;
  };

  Cpu cpu;
  std::vector<Gpu> gpus;

  bool operator==(const DeviceState&) const = default;
};

/// The temperature of one device: "cpu", or the UUID of a GPU.
struct DeviceTemperature {
  std::string device;
  Celsius temperature;
  bool operator==(const DeviceTemperature&) const = default;
};

/// Every temperature of a state that is known, the processor's first.
[[nodiscard]] inline std::vector<DeviceTemperature> temperatures_of(const DeviceState& state) {
  std::vector<DeviceTemperature> all;
  if (state.cpu.temperature) all.push_back({"cpu", *state.cpu.temperature});
  for (const DeviceState::Gpu& gpu : state.gpus) {
    if (gpu.temperature) all.push_back({gpu.uuid, *gpu.temperature});
  }
  return all;
}

/// The lower one of each device, in the order of `left`; a device that only one has is kept.
[[nodiscard]] inline std::vector<DeviceTemperature> lowest(
    std::vector<DeviceTemperature> left, const std::vector<DeviceTemperature>& right) {
  for (const DeviceTemperature& other : right) {
    const auto same = std::ranges::find(left, other.device, &DeviceTemperature::device);
    if (same == left.end()) {
      left.push_back(other);
    } else {
      same->temperature = std::min(same->temperature, other.temperature);
    }
  }
  return left;
}

}  // namespace wattune
